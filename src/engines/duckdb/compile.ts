import type { BlobName } from "../../blob.js";
import type { RecordShape } from "../../flatten/shape.js";
import { formatPointer } from "../../json/pointer.js";
import { HAZARD, type Profile } from "../../profile/profile.js";
import { type BlobSql, careOf, cellOf, compileBlob, innerColumns, residualCells } from "./blob-sql.js";
import { familyQueries, type Relations } from "./family-queries.js";
import { CELL_TYPES, quoteIdentifier, quoteLiteral } from "./types.js";

/** A double column may hold a zero with a minus, which dictionary encoding would merge with zero. */
const NEGATIVE_ZERO = HAZARD.NEGATIVE_ZERO_FLOAT | HAZARD.NEGATIVE_ZERO_INTEGER;
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
    if ([...blobs.values()].some((blob) => blob.residual.occurs)) {
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
