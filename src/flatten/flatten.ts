import type { BlobName, RecordKind, RunKey } from "../blob.js";
import { type Finding, finding } from "../finding.js";
import { hasDuplicateKey } from "../json/duplicate-key.js";
import { integerOf } from "../json/number.js";
import { formatPointer } from "../json/pointer.js";
import { type JsonNode, type JsonObject, JsonSyntaxError, readJson } from "../json/read.js";
import type { Column, Table } from "../plan/plan.js";
import { Left } from "./left.js";
import { loggedAt } from "./logged-at.js";
import { type BlobShape, keysFit, type RecordShape, resolveMember, type ShapeFamily, type ShapeNode } from "./shape.js";
import { fitValue, isWholeInCell, type Value } from "./value.js";

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

/** What a walk over one blob collects. */
interface Walk {
  readonly text: string;
  /** Names of the members that the walk is inside of. */
  readonly path: string[];
  readonly cells: [Column, Value][];
  readonly members: { readonly family: ShapeFamily; readonly row: Row }[];
  readonly misfits: { readonly column: Column; readonly path: string; readonly node: JsonNode }[];
}

/** JSON type as JSON Schema names it: null, boolean, integer (a token without fraction and exponent), number, string, array, object. */
export function jsonType(node: JsonNode, text: string): string {
  if (node.kind !== "number") return node.kind;
  return /^-?\d+$/.test(text.slice(node.start, node.end)) ? "integer" : "number";
}

/** Cells of a family member, or undefined when anything of it does not fit: then it stays whole in the residual. */
function memberCells(node: JsonNode, shape: ShapeNode, text: string): [string, Value][] | undefined {
  if (shape.column !== undefined) {
    const cell = fitValue(node, text, shape.column);
    return cell === undefined || !isSettled(node, shape.column) ? undefined : [[shape.column.name, cell]];
  }
  if (node.kind !== "object" || node.members.length === 0) return undefined;
  const cells: [string, Value][] = [];
  for (const member of node.members) {
    const next = shape.children.get(member.key);
    const found = next === undefined ? undefined : memberCells(member.value, next, text);
    if (found === undefined) return undefined;
    cells.push(...found);
  }
  return cells;
}

function isSettled(node: JsonNode, column: Column): boolean {
  return !column.type.includes("timestamp") || isWholeInCell(node);
}

type Keys = ReadonlyMap<string, string>;

/** Fills `walk` from one value; gives the text of what is left of it, or undefined when nothing is. */
function take(node: JsonNode, shape: ShapeNode, keys: Keys, walk: Walk): string | undefined {
  if (shape.sealed === true) return textOf(node, walk);
  if (shape.family !== undefined) {
    const cells = keysFit(shape.family.table, keys) ? memberCells(node, shape.family.values, walk.text) : undefined;
    if (cells === undefined) return textOf(node, walk);
    walk.members.push({ family: shape.family, row: new Map<string, Value>([...keys, ...cells]) });
    return undefined;
  }
  if (shape.column !== undefined) return takeCell(node, shape.column, walk);
  if (node.kind !== "object" || node.members.length === 0) return textOf(node, walk);
  const left = takeMembers(node, shape, keys, walk);
  return left === undefined ? undefined : `{${left}}`;
}

const textOf = (node: JsonNode, walk: Walk): string => walk.text.slice(node.start, node.end);

function takeCell(node: JsonNode, column: Column, walk: Walk): string | undefined {
  if (node.kind === "null") return textOf(node, walk);
  const cell = fitValue(node, walk.text, column);
  if (cell === undefined) walk.misfits.push({ column, path: formatPointer(walk.path), node });
  else walk.cells.push([column, cell]);
  return cell === undefined || !isSettled(node, column) ? textOf(node, walk) : undefined;
}

function takeMembers(node: JsonObject, shape: ShapeNode, keys: Keys, walk: Walk): string | undefined {
  const left = new Left(walk.text);
  for (const member of node.members) {
    const found = resolveMember(shape, member.key);
    if (found === undefined) {
      left.whole(member);
      continue;
    }
    const all = found.keys.size === 0 ? keys : new Map([...keys, ...found.keys]);
    walk.path.push(member.key);
    const rest = take(member.value, found.next, all, walk);
    walk.path.pop();
    if (rest !== undefined) left.part(member, rest);
  }
  return left.members();
}

/** Why a blob text cannot be taken apart. */
export interface Unusable {
  readonly code: "json/refused" | "json/duplicate-key";
  readonly why: string;
}

/** The root object of a blob text, or why it has none that columns can be taken from. */
export function readBlob(text: string): JsonObject | Unusable {
  try {
    const root = readJson(text);
    if (root.kind !== "object") return { code: "json/refused", why: `expected an object, found ${root.kind}` };
    if (hasDuplicateKey(root)) return { code: "json/duplicate-key", why: "an object has a key twice" };
    return root;
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      return { code: "json/refused", why: `${error.message} at offset ${error.offset}` };
    throw error;
  }
}

/** Whether the key column `step` alone gives `_step` back. */
function isKeyStep(node: JsonNode, text: string, step: bigint): boolean {
  return step !== -1n && node.kind === "number" && integerOf(text.slice(node.start, node.end)) === step;
}

function withoutKeyStep(root: JsonObject, text: string, step: bigint): JsonObject {
  return { ...root, members: root.members.filter((m) => m.key !== "_step" || !isKeyStep(m.value, text, step)) };
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
function memberRow(record: RawRecord, family: ShapeFamily, found: Row, shared: Row): Row {
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

/** Flattens one blob; gives the cells for the record's own row and the residual text. */
function flattenBlob(
  record: RawRecord,
  shape: BlobShape,
  text: string,
  out: Collector,
): { cells: readonly (readonly [Column, Value])[]; rest: string | null } {
  const root = readBlob(text);
  if ("why" in root) {
    const message = `The ${shape.blob} of a record is unusable: ${root.why}.`;
    out.findings.push(finding(root.code, message, { blob: shape.blob, run: record.key }));
    return { cells: [], rest: text };
  }
  const walk: Walk = { text, path: [], cells: [], members: [], misfits: [] };
  const object = shape.blob === "history" ? withoutKeyStep(root, text, record.step) : root;
  const left = takeMembers(object, shape.root, new Map(), walk);
  const owner = shape.blob === "system_metrics" ? { ...record, ordinal: SNAPSHOT } : record;
  for (const { family, row } of walk.members) {
    const shared = walk.cells.filter(([column]) => family.table.columns.includes(column));
    out.add(
      family.table.name,
      memberRow(owner, family, row, new Map(shared.map(([column, value]) => [column.name, value]))),
    );
  }
  for (const { column, path, node } of walk.misfits) {
    const table = shape.residual.table.name;
    const value_text = text.slice(node.start, node.end);
    out.misfits.push({ table, column: column.name, path, json_type: jsonType(node, text), value_text });
  }
  const rest = left !== undefined || root.members.length === 0 ? `{${left ?? ""}}` : null;
  return { cells: walk.cells, rest };
}

/** Ordinal of the rows of a run's latest system metrics, beside those of the stream. */
export const SNAPSHOT = -1n;

/** The row that holds what is left of an event, and stands for one that has no members: its member keys are empty. */
function leftoverRow(table: Table, main: Row, cells: Row, residual: string, rest: string | null): Row {
  const keys = table.key.map((name): [string, Value] => [name, main.get(name) ?? ""]);
  return new Map([...keys, ...cells, [residual, rest]]);
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
  const out = new Collector();
  const main = keyCells(record, shape.table);
  for (const [name, value] of record.computed) main.set(name, value);
  for (const blob of shape.blobs) {
    const text = record.blobs[blob.blob];
    if (text === undefined) continue;
    const { cells, rest } = flattenBlob(record, blob, text, out);
    if (shape.kind === "system_event") {
      const hasRow = out.rows.has(shape.table.name);
      if (rest !== null || !hasRow) {
        const own: Row = new Map(cells.map(([column, value]) => [column.name, value]));
        out.add(shape.table.name, leftoverRow(shape.table, main, own, blob.residual.name, rest));
      }
      continue;
    }
    for (const [column, value] of cells) main.set(column.name, value);
    main.set(blob.residual.name, rest);
  }
  if (shape.kind === "history") main.set("logged_at", loggedAt(main.get("timestamp")));
  if (shape.kind !== "system_event") out.add(shape.table.name, main);
  return out;
}
