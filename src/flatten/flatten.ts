import type { BlobName, RecordKind, RunKey } from "../blob.js";
import { type Finding, finding } from "../finding.js";
import type { Table } from "../plan/plan.js";
import { loggedAt } from "./logged-at.js";
import type { BlobShape, RecordShape, ShapeFamily } from "./shape.js";
import type { Value } from "./value.js";
import { type Walked, walkBlob } from "./walk.js";

/** One record of the raw store, its blobs as text. */
export interface RawRecord {
  readonly kind: RecordKind;
  readonly key: RunKey;
  /** history: step and ordinal; system_event: ordinal, step is ignored; a run's snapshot rows have ordinal -1. */
  readonly step: bigint;
  readonly ordinal: bigint;
  /** A blob that the record does not have is absent. */
  readonly blobs: Partial<Record<BlobName, string>>;
  /** Cells of computed columns that do not come from the blobs, by column name. */
  readonly computed: ReadonlyMap<string, Value>;
}

/** One row by column name; a column that is absent is NULL. A map, because a column may be called `__proto__`. */
export type Row = Map<string, Value>;

/** A value that does not fit its column's type: a row of the table `misfits`, without the run key. */
export interface Misfit {
  readonly table: string;
  readonly column: string;
  readonly path: string;
  readonly json_type: string;
  readonly value_text: string;
}

export interface Flattened {
  /** Rows by table name, `misfits` left out. */
  readonly rows: ReadonlyMap<string, Row[]>;
  readonly misfits: readonly Misfit[];
  readonly findings: readonly Finding[];
}

class Collector {
  readonly rows = new Map<string, Row[]>();
  readonly misfits: Misfit[] = [];
  readonly findings: Finding[] = [];

  add(table: string, row: Row): void {
    const rows = this.rows.get(table);
    if (rows === undefined) this.rows.set(table, [row]);
    else rows.push(row);
  }
}

function keyCells(record: RawRecord, table: Table): Row {
  const { entity, project, run_id } = record.key;
  const row: Row = new Map();
  row.set("entity", entity).set("project", project).set("run_id", run_id);
  if (table.key.includes("step")) row.set("step", record.step);
  if (table.key.includes("ordinal")) row.set("ordinal", record.ordinal);
  return row;
}

/** The row of a family member: record keys, then the member's keys as their columns' types; unfilled keys are "". */
function memberRow(record: RawRecord, family: ShapeFamily, found: ReadonlyMap<string, Value>, shared: Row): Row {
  const row: Row = new Map([...keyCells(record, family.table), ...shared]);
  for (const name of family.table.key) {
    if (row.has(name)) continue;
    const text = found.get(name) ?? "";
    const type = family.table.columns.find((column) => column.name === name)?.type;
    row.set(name, type === "int64" ? BigInt(String(text)) : text);
  }
  for (const column of family.rule.values) row.set(column.name, found.get(column.name) ?? null);
  return row;
}

type Cell = Walked["cells"][number];

/** Takes one blob apart; gives the cells for the record's own row and the residual text. */
function takeBlob(record: RawRecord, shape: BlobShape, text: string, out: Collector): Pick<Walked, "cells" | "rest"> {
  const walked = walkBlob(text, shape.root, shape.blob === "history" ? record.step : -1n);
  if ("why" in walked) {
    const message = `The ${shape.blob} of a record is unusable: ${walked.why}.`;
    out.findings.push(finding(walked.code, message, { blob: shape.blob, run: record.key }));
    return { cells: [], rest: text };
  }
  const { cells, members, misfits, rest } = walked;
  const owner = shape.blob === "system_metrics" ? { ...record, ordinal: SNAPSHOT } : record;
  const shared = new Map<Table, Row>();
  for (const { family, row } of members) {
    const { table } = family;
    const own = shared.get(table) ?? rowOf(cells.filter(([column]) => table.columns.includes(column)));
    shared.set(table, own);
    out.add(table.name, memberRow(owner, family, row, own));
  }
  const table = shape.residual.table.name;
  for (const { column, ...misfit } of misfits) out.misfits.push({ table, column: column.name, ...misfit });
  return { cells, rest };
}

const rowOf = (cells: readonly Cell[]): Row => new Map(cells.map(([column, value]) => [column.name, value]));

/** Ordinal of the rows of a run's latest system metrics, beside those of the stream. */
export const SNAPSHOT = -1n;

/** The row that holds what is left of an event, and stands for one that has no members: its member keys are empty. */
function leftoverRow(table: Table, main: Row, cells: Row, residual: string, rest: string | null): Row {
  const keys = table.key.map((name): [string, Value] => [name, main.get(name) ?? ""]);
  return new Map([...keys, ...cells, [residual, rest]]);
}

/** A record's own row: cells of its blobs, and others by the name of their column. No column is there twice. */
export interface OwnRow {
  readonly cells: readonly (readonly Cell[])[];
  readonly others: ReadonlyMap<string, Value>;
}

/** What a record becomes, its own row apart from the rest and not put together. */
export interface SpreadRecord extends Flattened {
  /** Absent for a system event, which has rows of members only. */
  readonly own: OwnRow | undefined;
}

const cellOf = (cells: readonly Cell[], name: string): Value | undefined =>
  cells.find(([column]) => column.name === name)?.[1];

/** The same as `flattenRecord`, for those who write many records and need no map of each. */
export function spreadRecord(shape: RecordShape, record: RawRecord): SpreadRecord {
  const out = new Collector();
  const others = keyCells(record, shape.table);
  for (const [name, value] of record.computed) others.set(name, value);
  const all: (readonly Cell[])[] = [];
  for (const blob of shape.blobs) {
    const text = record.blobs[blob.blob];
    if (text === undefined) continue;
    const { cells, rest } = takeBlob(record, blob, text, out);
    if (shape.kind === "system_event") {
      const hasRow = out.rows.has(shape.table.name);
      if (rest !== null || !hasRow) {
        out.add(shape.table.name, leftoverRow(shape.table, others, rowOf(cells), blob.residual.name, rest));
      }
      continue;
    }
    all.push(cells);
    others.set(blob.residual.name, rest);
    if (shape.kind === "history") others.set("logged_at", loggedAt(cellOf(cells, "timestamp")));
  }
  const { rows, misfits, findings } = out;
  if (shape.kind === "history" && all.length === 0) others.set("logged_at", loggedAt(undefined));
  return { own: shape.kind === "system_event" ? undefined : { cells: all, others }, rows, misfits, findings };
}

/**
 * The definition of the tables: what one raw record becomes. Every engine must give the same rows.
 *
 * A value that fits its column is in the cell, everything else in the residual of its blob: misfits, nulls, undeclared
 * and serialized paths, empty objects. Residuals are spliced from the text, so nothing in them is respelled. A blob that
 * is not a strict JSON object, or has a duplicate key, has no cells and is its own residual, with a finding. A residual
 * is NULL when the blob is absent or nothing is left of it; an empty object leaves `{}`.
 */
export function flattenRecord(shape: RecordShape, record: RawRecord): Flattened {
  const { own, rows, misfits, findings } = spreadRecord(shape, record);
  if (own === undefined) return { rows, misfits, findings };
  const row: Row = new Map(own.others);
  for (const cells of own.cells) for (const [column, value] of cells) row.set(column.name, value);
  return { rows: new Map([...rows, [shape.table.name, [row]]]), misfits, findings };
}
