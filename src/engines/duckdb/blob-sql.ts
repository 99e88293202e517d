import type { BlobName } from "../../blob.js";
import type { RecordShape } from "../../flatten/shape.js";
import type { Column, Table } from "../../plan/plan.js";
import { HAZARD, type Profile } from "../../profile/profile.js";
import { compileResidual, type ResidualSql } from "./leftover.js";
import { LARGE_BYTES, type Proof, proveBlob } from "./prove.js";
import { columnField, columnValue, compileStructure, type Field, fieldOf, type Structure } from "./structure.js";
import { CELL_TYPES, quoteIdentifier, quoteLiteral } from "./types.js";

/** Beyond this many doubtful paths of one blob, testing each costs more than taking every row the careful way. */
const MAX_CHECKS = 300;
/** Beyond this many members or leftovers of one blob in the profile, the same: a query has no room for them. */
const MAX_PATHS = 2_000;

/** One blob of a record kind, compiled. */
export interface BlobSql {
  readonly proof: Proof;
  /** Hazards that make a row a care row, of those that occur. */
  readonly mask: number;
  /** The text that JSON functions may see. */
  readonly text: string;
  readonly structure: Structure;
  /** Where in the structure each column stands, by id; the values that are left over follow. */
  readonly places: ReadonlyMap<number, number>;
  readonly residual: ResidualSql;
  readonly residualName: string;
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

export function careOf(proof: Proof, mask: number): string[] {
  const text = quoteIdentifier(proof.blob);
  const conditions: string[] = [];
  if (mask !== 0) conditions.push(`(${hazardsOf(proof.blob)} & ${mask}) <> 0`);
  if (proof.large) conditions.push(`coalesce(strlen(${text}), 0) > ${LARGE_BYTES}`);
  if (proof.unnamed) {
    conditions.push(`${text} IS NOT NULL`);
    return conditions;
  }
  for (const [pointer, types] of proof.checks) {
    const list = [...types].sort().map(quoteLiteral).join(", ");
    conditions.push(`coalesce(json_type(${safeText(proof.blob, mask)}, ${quoteLiteral(pointer)}) IN (${list}), false)`);
  }
  return conditions;
}

/** A proof that is of use: where it is not, every row that has the blob is a care row, and no query speaks of its paths. */
function withinReach(proof: Proof): Proof {
  const paths = proof.members.length + proof.leftovers.length;
  if (!proof.unnamed && proof.checks.size <= MAX_CHECKS && paths <= MAX_PATHS) return proof;
  return { ...proof, unnamed: true, checks: new Map(), columns: [], leftovers: [], members: [] };
}

export function compileBlob(shape: RecordShape, index: number, profile: Profile): BlobSql | undefined {
  const blob = shape.blobs[index];
  const seen = blob === undefined ? undefined : profile.blobs[blob.blob];
  if (blob === undefined || seen === undefined) return undefined;
  const proof = withinReach(proveBlob(blob.blob, blob.root, seen));
  // The raw store, not the profiler, marks odd steps.
  const mask = proof.hazards & (blob.blob === "history" ? seen.hazards | HAZARD.ODD_STEP : seen.hazards);
  const text = safeText(blob.blob, mask);
  const columns = proof.columns.filter((column) => column.type !== "json");
  const values = proof.leftovers.filter(({ when }) => when === "value");
  const fields = [...columns.map(columnField), ...values.map(({ path }): Field => ({ path, type: "JSON" }))];
  const structure = compileStructure(fields);
  const residual = compileResidual({
    leftovers: proof.leftovers,
    value: (place) => fieldOf(structure, columns.length + place, structName(blob.blob)),
    text,
    textWithNulls: `CASE WHEN (${hazardsOf(blob.blob)} & ${HAZARD.NO_NULLS}) = 0 THEN ${text} END`,
    prefix: `left_${blob.blob}`,
  });
  const empty = (seen.hazards & HAZARD.EMPTY) !== 0;
  const guarded = empty
    ? `CASE WHEN (${quoteIdentifier(`${blob.blob}_hazards`)} & ${HAZARD.EMPTY}) <> 0 THEN '{}' ELSE ${residual.text} END`
    : residual.text;
  return {
    proof,
    mask,
    text,
    structure,
    places: new Map(columns.map((column, place) => [column.id, place])),
    residual: { ...residual, text: guarded, occurs: residual.occurs || empty },
    residualName: blob.residual.name,
  };
}

export const cast = (expression: string, type: string): string => `CAST(${expression} AS ${type})`;

/** Columns that the inner query adds to the clean rows: one struct a blob, and the lists its residual is made of. */
export function innerColumns(blobs: ReadonlyMap<BlobName, BlobSql>): string[] {
  const added: string[] = [];
  for (const [blob, sql] of blobs) {
    if (sql.structure.positions.length > 0)
      added.push(`json_transform(${sql.text}, ${sql.structure.literal}) AS ${structName(blob)}`);
    for (const [name, expression] of sql.residual.lists) added.push(`${expression} AS ${quoteIdentifier(name)}`);
  }
  return added;
}

export const structName = (blob: BlobName): string => quoteIdentifier(`cells_${blob}`);

/** `logged_at`: as `loggedAt` of the definition. */
function loggedAtSql(timestamp: string): string {
  const range = `${timestamp} >= -62135596800 AND ${timestamp} <= 253402300799`;
  return `CASE WHEN ${range} THEN make_timestamp(CAST(floor(${timestamp} * 1000000 + 0.5) AS BIGINT)) AT TIME ZONE 'UTC' END`;
}

export function cellOf(
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
      : cast(
          columnValue(sql.structure, sql.places.get(column.id), column, `${alias}.${structName(column.blob)}`),
          type,
        );
  }
  if (column.name === "logged_at" && table.kind === "history") {
    const timestamp = table.columns.find((item) => item.name === "timestamp" && item.blob !== undefined);
    return timestamp === undefined ? `NULL::${type}` : cast(loggedAtSql(cellOf(timestamp, table, blobs, facts)), type);
  }
  return facts.has(column.name) ? cast(`f.${quoteIdentifier(column.name)}`, type) : `NULL::${type}`;
}

export function residualCells(table: Table, blobs: ReadonlyMap<BlobName, BlobSql>): string[] {
  return table.residuals.map((residual) => {
    const text = blobs.get(residual.blob)?.residual.text ?? "NULL::VARCHAR";
    return `${cast(text, "VARCHAR")} AS ${quoteIdentifier(residual.name)}`;
  });
}
