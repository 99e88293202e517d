import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type FileMetaData, parquetMetadata, parquetReadObjects, type SchemaElement } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { fieldsOf } from "../../src/engines/duckdb/care.js";
import { fromDriver, readable } from "../../src/engines/duckdb/cells.js";
import type { Session } from "../../src/engines/duckdb/session.js";
import { quoteLiteral } from "../../src/engines/duckdb/types.js";
import type { Value } from "../../src/flatten/value.js";
import type { LogicalType, Table } from "../../src/plan/plan.js";
import { cellText } from "../end-to-end/tables.js";

/** The rows of a file in its order; each is its cells as text, in the order of the columns. */
export type Cells = readonly (readonly string[])[];

interface Field {
  readonly name: string;
  readonly type: LogicalType;
}

/** Whether a column holds decimals, which the JavaScript readers give as doubles. */
const isDecimal = (type: LogicalType): boolean => type === "decimal" || type === "list<decimal>";

/** As double, so that readers without decimals can be compared with those that have them. */
function asDouble(value: Value): Value {
  if (Array.isArray(value)) return value.map((item: Value) => asDouble(item));
  return value === null ? null : Number(value);
}

function textOf(value: Value, { type }: Field): string {
  if (type === "decimal") return cellText(asDouble(value), "float64");
  return type === "list<decimal>" ? cellText(asDouble(value), "list<float64>") : cellText(value, type);
}

export async function readByDuckdb(session: Session, table: Table, file: string): Promise<Cells> {
  const fields = fieldsOf(table);
  const rows = await session.rows(
    `SELECT ${fields.map(readable).join(", ")} FROM read_parquet(${quoteLiteral(file)}, hive_partitioning = false)`,
  );
  return rows.map((row) => fields.map((field, i) => textOf(fromDriver(row[i] ?? null), field)));
}

function bufferOf(file: string): ArrayBuffer {
  const bytes = readFileSync(file);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Exact where hyparquet's own parsers round to milliseconds or drop U+FEFF. */
const parsers = {
  timestampFromMicroseconds: (micros: bigint) => micros,
  stringFromBytes: (bytes: Uint8Array | undefined) => (bytes === undefined ? bytes : decoder.decode(bytes)),
};

/** A cell of a JavaScript reader as ours: absent is NULL. */
function ownValue(value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(ownValue);
  if (typeof value === "boolean" || typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "string") return value;
  throw new TypeError(`No column has cells such as ${String(value)}`);
}

export async function readByHyparquet(table: Table, file: string): Promise<Cells> {
  const rows = await parquetReadObjects({ file: bufferOf(file), compressors, parsers });
  return rows.map((row) => fieldsOf(table).map((field) => textOf(ownValue(row[field.name]), field)));
}

export const metadataOf = (file: string): FileMetaData => parquetMetadata(bufferOf(file));

/** The columns of a file: children of the root, without what is inside lists. */
export function columnsOf({ schema }: FileMetaData): SchemaElement[] {
  const columns: SchemaElement[] = [];
  const skip = (i: number): number => {
    let next = i + 1;
    for (let child = 0; child < (schema[i]?.num_children ?? 0); child++) next = skip(next);
    return next;
  };
  for (let i = 1; i < schema.length; i = skip(i)) columns.push(schema[i] as SchemaElement);
  return columns;
}

/** What of parquetjs-lite is used here; the package has no types. */
interface ParquetJs {
  readonly ParquetReader: {
    openFile(path: string): Promise<{
      getCursor(): { next(): Promise<Readonly<Record<string, unknown>> | null> };
      close(): Promise<void>;
    }>;
  };
}
const parquetjs: ParquetJs = createRequire(import.meta.url)("parquetjs-lite");

/** parquetjs-lite gives lists as `{list: [{element}]}`, an empty one as `{}`. */
function unwrapList(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const list: unknown = "list" in value ? value.list : [];
  if (!Array.isArray(list)) throw new TypeError(`A list is wanted, found ${String(list)}`);
  return list.map((item: { readonly element?: unknown }) => item.element);
}

/** Columns that parquetjs-lite can read. */
export function parquetjsFields(table: Table): Field[] {
  return fieldsOf(table).filter(({ type }) => !type.includes("timestamp") && !isDecimal(type));
}

export async function readByParquetjs(table: Table, file: string): Promise<Cells> {
  const reader = await parquetjs.ParquetReader.openFile(file);
  const cursor = reader.getCursor();
  const rows: string[][] = [];
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) {
    const found = row;
    rows.push(parquetjsFields(table).map((field) => textOf(ownValue(unwrapList(found[field.name])), field)));
  }
  await reader.close();
  return rows;
}
