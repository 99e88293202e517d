import type { BlobName } from "../../blob.js";
import { SNAPSHOT } from "../../flatten/flatten.js";
import type { RecordShape, ShapeFamily } from "../../flatten/shape.js";
import { formatPointer } from "../../json/pointer.js";
import type { Column, Table } from "../../plan/plan.js";
import { HAZARD, type Profile } from "../../profile/profile.js";
import { compileResidual, type ResidualSql } from "./leftover.js";
import { LARGE_BYTES, type Proof, type ProvenMember, proveBlob } from "./prove.js";
import { compileStructure, fieldOf, type Structure } from "./structure.js";
import { CELL_TYPES, quoteIdentifier, quoteLiteral } from "./types.js";

/** A double column may hold a zero with a minus, which dictionary encoding would merge with zero. */
const NEGATIVE_ZERO = HAZARD.NEGATIVE_ZERO_FLOAT | HAZARD.NEGATIVE_ZERO_INTEGER;
/** Beyond this many doubtful paths of one blob, testing each costs more than taking every row the careful way. */
const MAX_CHECKS = 300;
/** Beyond this many members or leftovers of one blob in the profile, the same. */
const MAX_PATHS = 20_000;

/** One blob of a record kind, compiled. */
interface BlobSql {
  readonly proof: Proof;
  /** Hazards that make a row a care row, of those that occur. */
  readonly mask: number;
  /** The text that JSON functions may see. */
  readonly text: string;
  readonly structure: Structure;
  readonly residual: ResidualSql;
  readonly residualName: string;
}

/**
 * A record kind compiled for DuckDB. `source` stands for the relation of raw rows in every text below: key columns,
 * step and ordinal where the kind has them, and for each blob its text and its `_hazards`.
 */
export interface Compiled {
  /** Condition, over a raw row, under which it goes through `flattenRecord`; `false` when no row does. */
  readonly care: string;
  /** Table name to the query of its rows that come from clean records. */
  readonly clean: ReadonlyMap<string, string>;
  readonly negativeZero: boolean;
}

const hazardsOf = (blob: BlobName): string => `coalesce(${quoteIdentifier(`${blob}_hazards`)}, 0)`;

/**
 * The text of a blob, NULL where JSON functions would fail on it or give something else. A condition on the row is not
 * enough: DuckDB takes JSON functions for harmless and may run them before it filters.
 */
function safeText(blob: BlobName, mask: number): string {
  const text = quoteIdentifier(blob);
  return mask === 0 ? text : `CASE WHEN (${hazardsOf(blob)} & ${mask}) = 0 THEN ${text} END`;
}

function careOf(proof: Proof, mask: number): string[] {
  const text = quoteIdentifier(proof.blob);
  const conditions: string[] = [];
  if (mask !== 0) conditions.push(`(${hazardsOf(proof.blob)} & ${mask}) <> 0`);
  if (proof.large) conditions.push(`coalesce(strlen(${text}), 0) > ${LARGE_BYTES}`);
  if (proof.checks.size > MAX_CHECKS || proof.members.length + proof.leftovers.length > MAX_PATHS) {
    conditions.push(`${text} IS NOT NULL`);
    return conditions;
  }
  for (const [pointer, types] of proof.checks) {
    const list = [...types].sort().map(quoteLiteral).join(", ");
    conditions.push(`coalesce(json_type(${safeText(proof.blob, mask)}, ${quoteLiteral(pointer)}) IN (${list}), false)`);
  }
  return conditions;
}

function compileBlob(shape: RecordShape, index: number, profile: Profile): BlobSql | undefined {
  const blob = shape.blobs[index];
  const seen = blob === undefined ? undefined : profile.blobs[blob.blob];
  if (blob === undefined || seen === undefined) return undefined;
  const proof = proveBlob(blob.blob, blob.root, seen);
  // The raw store, not the profiler, marks odd steps.
  const mask = proof.hazards & (blob.blob === "history" ? seen.hazards | HAZARD.ODD_STEP : seen.hazards);
  const text = safeText(blob.blob, mask);
  const columns = proof.columns.filter((column) => column.type !== "json");
  const residual = compileResidual(proof.leftovers, text, `left_${blob.blob}`);
  const empty = (seen.hazards & HAZARD.EMPTY) !== 0;
  const guarded = empty
    ? `CASE WHEN (${quoteIdentifier(`${blob.blob}_hazards`)} & ${HAZARD.EMPTY}) <> 0 THEN '{}' ELSE ${residual.text} END`
    : residual.text;
  return {
    proof,
    mask,
    text,
    structure: compileStructure(columns),
    residual: { ...residual, text: guarded },
    residualName: blob.residual.name,
  };
}

const cast = (expression: string, type: string): string => `CAST(${expression} AS ${type})`;

/** Columns that the inner query adds to the clean rows: one struct a blob, and the lists its residual is made of. */
function innerColumns(blobs: ReadonlyMap<BlobName, BlobSql>): string[] {
  const added: string[] = [];
  for (const [blob, sql] of blobs) {
    if (sql.structure.positions.size > 0)
      added.push(`json_transform(${sql.text}, ${sql.structure.literal}) AS ${structName(blob)}`);
    for (const [name, expression] of sql.residual.lists) added.push(`${expression} AS ${quoteIdentifier(name)}`);
  }
  return added;
}

const structName = (blob: BlobName): string => quoteIdentifier(`cells_${blob}`);

/** `logged_at`: as `loggedAt` of the definition. */
function loggedAtSql(timestamp: string): string {
  const range = `${timestamp} >= -62135596800 AND ${timestamp} <= 253402300799`;
  return `CASE WHEN ${range} THEN make_timestamp(CAST(floor(${timestamp} * 1000000 + 0.5) AS BIGINT)) AT TIME ZONE 'UTC' END`;
}

function cellOf(
  column: Column,
  table: Table,
  blobs: ReadonlyMap<BlobName, BlobSql>,
  facts: ReadonlySet<string>,
  alias = "r",
): string {
  const type = CELL_TYPES[column.type];
  if (table.key.includes(column.name)) return cast(`${alias}.${quoteIdentifier(column.name)}`, type);
  if (column.blob !== undefined && column.computed !== true) {
    const sql = blobs.get(column.blob);
    return sql === undefined
      ? `NULL::${type}`
      : cast(fieldOf(sql.structure, column, `${alias}.${structName(column.blob)}`), type);
  }
  if (column.name === "logged_at" && table.kind === "history") {
    const timestamp = table.columns.find((item) => item.name === "timestamp" && item.blob !== undefined);
    return timestamp === undefined ? `NULL::${type}` : cast(loggedAtSql(cellOf(timestamp, table, blobs, facts)), type);
  }
  return facts.has(column.name) ? cast(`f.${quoteIdentifier(column.name)}`, type) : `NULL::${type}`;
}

function residualCells(table: Table, blobs: ReadonlyMap<BlobName, BlobSql>): string[] {
  return table.residuals.map((residual) => {
    const text = blobs.get(residual.blob)?.residual.text ?? "NULL::VARCHAR";
    return `${cast(text, "VARCHAR")} AS ${quoteIdentifier(residual.name)}`;
  });
}

/**
 * Events without a row of their own from any member: they need the row that stands for the event, and are care rows.
 * None when the profile shows a member that every event has.
 */
function withoutMembers(shape: RecordShape, sql: BlobSql, profile: Profile): string[] {
  const members = sql.proof.members.filter((member) => member.family.table === shape.table);
  const records = profile.blobs[sql.proof.blob]?.records ?? 0;
  if (members.some((member) => member.records === records)) return [];
  const pointers = members.map((member) => quoteLiteral(formatPointer(member.path))).join(", ");
  return [`coalesce(list_count(json_extract(${sql.text}, [${pointers}]::VARCHAR[])), 0) = 0`];
}

interface Relations {
  readonly source: string;
  /** Relation of computed cells by run key, or undefined when the kind has none. */
  readonly facts: { readonly name: string; readonly columns: ReadonlySet<string> } | undefined;
}

function joinFacts(relations: Relations): string {
  return relations.facts === undefined ? "" : ` LEFT JOIN ${relations.facts.name} f USING (entity, project, run_id)`;
}

function mainQuery(
  shape: RecordShape,
  blobs: ReadonlyMap<BlobName, BlobSql>,
  care: string,
  relations: Relations,
): string {
  const facts = relations.facts?.columns ?? new Set<string>();
  const cells = shape.table.columns.map(
    (column) => `${cellOf(column, shape.table, blobs, facts)} AS ${quoteIdentifier(column.name)}`,
  );
  const inner = ["*", ...innerColumns(blobs)].join(", ");
  const rows = `SELECT ${inner} FROM ${relations.source} WHERE NOT (${care})`;
  return `SELECT ${[...cells, ...residualCells(shape.table, blobs)].join(",\n  ")}\nFROM (${rows}) r${joinFacts(relations)}`;
}

/** Rows of what is left of events: member keys are empty, values NULL. */
function leftoverQuery(
  shape: RecordShape,
  blobs: ReadonlyMap<BlobName, BlobSql>,
  care: string,
  relations: Relations,
): string {
  const fixed = new Set(["entity", "project", "run_id", "step", "ordinal"]);
  const cells = shape.table.columns.map((column) => {
    const own = fixed.has(column.name) || column.blob === shape.blobs[0]?.blob;
    const type = CELL_TYPES[column.type];
    const member = shape.table.key.includes(column.name) ? "''" : `NULL::${type}`;
    return `${own ? cellOf(column, shape.table, blobs, new Set()) : member} AS ${quoteIdentifier(column.name)}`;
  });
  const residual = shape.table.residuals.map((item) => quoteIdentifier(item.name));
  const inner = ["*", ...innerColumns(blobs)].join(", ");
  const rows = `SELECT ${inner} FROM ${relations.source} WHERE NOT (${care})`;
  const query = `SELECT ${[...cells, ...residualCells(shape.table, blobs)].join(", ")} FROM (${rows}) r`;
  return `SELECT * FROM (${query}) WHERE ${residual.join(" IS NOT NULL OR ")} IS NOT NULL`;
}

function memberValues(family: ShapeFamily): { cells: Map<string, string>; expression: string } {
  const structure = compileStructure(family.rule.values);
  const cells = family.rule.values.map((column): [string, string] => [
    column.name,
    fieldOf(structure, column, 'm."$cell"'),
  ]);
  return { cells: new Map(cells), expression: `json_transform(m."$item", ${structure.literal})` };
}

/** Rows of one rule of a family table: its members are unnested and joined to the keys that the profile gave them. */
function memberQuery(
  table: Table,
  blob: BlobSql,
  members: readonly ProvenMember[],
  care: string,
  relations: Relations,
): string {
  const family = members[0]?.family as ShapeFamily;
  const groups = [...(members[0]?.keys.keys() ?? [])];
  const pointers = members.map((member) => quoteLiteral(formatPointer(member.path)));
  const names = members.map(
    (member, i) => `(${[i + 1, ...groups.map((name) => quoteLiteral(member.keys.get(name) ?? ""))].join(", ")})`,
  );
  const { cells, expression } = memberValues(family);
  const sharedBlob = new Map([[blob.proof.blob, blob]]);
  const snapshot = blob.proof.blob === "system_metrics";
  const select = table.columns.map((column) => {
    const type = CELL_TYPES[column.type];
    const name = quoteIdentifier(column.name);
    const value = cells.get(column.name);
    if (value !== undefined) return `${cast(value, type)} AS ${name}`;
    if (groups.includes(column.name)) return `${cast(`k.${name}`, type)} AS ${name}`;
    if (column.name === "ordinal" && snapshot) return `${cast(String(SNAPSHOT), type)} AS ${name}`;
    if (["entity", "project", "run_id", "step", "ordinal"].includes(column.name))
      return `${cast(`m.${name}`, type)} AS ${name}`;
    if (table.key.includes(column.name)) return `'' AS ${name}`;
    if (column.blob === blob.proof.blob) return `${cellOf(column, table, sharedBlob, new Set(), "m")} AS ${name}`;
    return `NULL::${type} AS ${name}`;
  });
  const residuals = table.residuals.map((item) => `NULL::VARCHAR AS ${quoteIdentifier(item.name)}`);
  const { text } = blob;
  const shared =
    blob.structure.positions.size > 0
      ? `, json_transform(${text}, ${blob.structure.literal}) AS ${structName(blob.proof.blob)}`
      : "";
  const rows = `SELECT *${shared}, unnest(json_extract(${text}, [${pointers.join(", ")}])) AS "$item", unnest(range(1, ${members.length + 1})) AS "$member" FROM ${relations.source} WHERE NOT (${care}) AND ${quoteIdentifier(blob.proof.blob)} IS NOT NULL`;
  const filled = `SELECT *, ${expression} AS "$cell" FROM (${rows}) m WHERE m."$item" IS NOT NULL`;
  const keyNames = ['"$member"', ...groups.map(quoteIdentifier)].join(", ");
  return `SELECT ${[...select, ...residuals].join(", ")} FROM (${filled}) m JOIN (VALUES ${names.join(", ")}) k(${keyNames}) ON k."$member" = m."$member"`;
}

function familyQueries(
  shape: RecordShape,
  blobs: ReadonlyMap<BlobName, BlobSql>,
  care: string,
  relations: Relations,
): Map<string, string[]> {
  const queries = new Map<string, string[]>();
  for (const table of shape.familyTables) queries.set(table.name, []);
  for (const blob of blobs.values()) {
    const rules = new Map<ShapeFamily, ProvenMember[]>();
    for (const member of blob.proof.members) {
      const known = rules.get(member.family);
      if (known === undefined) rules.set(member.family, [member]);
      else known.push(member);
    }
    for (const [family, members] of rules) {
      queries.get(family.table.name)?.push(memberQuery(family.table, blob, members, care, relations));
    }
  }
  return queries;
}

/** Compiles a record kind: which raw rows are care rows, and one query per table for the others. Pure. */
export function compileKind(shape: RecordShape, profile: Profile, relations: Relations): Compiled {
  const blobs = new Map<BlobName, BlobSql>();
  const conditions: string[] = [];
  for (const [index, { blob }] of shape.blobs.entries()) {
    const sql = compileBlob(shape, index, profile);
    if (sql === undefined) continue;
    blobs.set(blob, sql);
    conditions.push(...careOf(sql.proof, sql.mask));
    if (shape.kind === "system_event") conditions.push(...withoutMembers(shape, sql, profile));
  }
  const care = conditions.length === 0 ? "false" : conditions.join("\n OR ");
  const clean = new Map<string, string[]>(familyQueries(shape, blobs, care, relations));
  if (shape.kind === "system_event") {
    if ([...blobs.values()].some((blob) => blob.residual.lists.size > 0 || blob.residual.text.startsWith("CASE"))) {
      clean.get(shape.table.name)?.push(leftoverQuery(shape, blobs, care, relations));
    }
  } else clean.set(shape.table.name, [mainQuery(shape, blobs, care, relations)]);
  const unions = [...clean]
    .filter(([, parts]) => parts.length > 0)
    .map(([name, parts]): [string, string] => [name, parts.join("\nUNION ALL BY NAME\n")]);
  return {
    care,
    clean: new Map(unions),
    negativeZero: shape.blobs.some(({ blob }) => ((profile.blobs[blob]?.hazards ?? 0) & NEGATIVE_ZERO) !== 0),
  };
}
