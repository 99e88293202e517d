import { type DuckDBDataChunk, DuckDBEnumType, type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import {
  batchType,
  bool,
  Column,
  type DataType,
  decimal,
  float64,
  int64,
  TimeUnit,
  timestamp,
} from "@uwdata/flechette";
import { fromDriver } from "../engines/duckdb/cells.js";
import type { Value } from "../flatten/value.js";
import { TextColumn } from "./text-column.js";
import { Validity } from "./validity.js";

/** What Arquero takes as a column. */
export interface Cells {
  readonly length: number;
  at(row: number): unknown;
  [Symbol.iterator](): Iterator<unknown>;
}

/** Collects one column of a result, whose number of rows is known, chunk by chunk. */
export interface ColumnBuffer {
  /** Takes the rows of a chunk. @param row how many rows came before. */
  take(chunk: DuckDBDataChunk, column: number, row: number, type: DuckDBType): void;
  done(): Cells;
}

/** Cells of a fixed width, copied as bytes. */
class FixedBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly validity: Validity;
  readonly rows: number;
  readonly #width: number;

  constructor(rows: number, width: number) {
    this.rows = rows;
    this.bytes = new Uint8Array(rows * width);
    this.validity = new Validity(rows);
    this.#width = width;
  }

  take(chunk: DuckDBDataChunk, column: number, row: number): void {
    const count = chunk.rowCount;
    const vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
    this.bytes.set(duckdb.vector_get_data(vector, count * this.#width), row * this.#width);
    const bits: Uint8Array | null = duckdb.vector_get_validity(vector, Math.ceil(count / 64) * 8);
    this.validity.take(bits, row, count);
  }
}

type Values = Uint8Array | Float64Array | BigInt64Array | BigUint64Array;

/** Cells of a fixed width as an Arrow column. */
function arrowBuffer(
  rows: number,
  width: number,
  type: DataType,
  values: (bytes: Uint8Array<ArrayBuffer>) => Values,
  options: Parameters<typeof batchType>[1],
): ColumnBuffer {
  const buffer = new FixedBuffer(rows, width);
  const Batch = batchType(type, options);
  const done = (): Cells => {
    const { bits, nulls } = buffer.validity;
    const data = { length: rows, nullCount: nulls, type, values: values(buffer.bytes) };
    return new Column([new Batch(bits === undefined ? data : { ...data, validity: bits })], type);
  };
  return { take: (chunk, column, row) => buffer.take(chunk, column, row), done };
}

/** A byte a boolean to a bit a boolean. */
function packed(bytes: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(bytes.length / 8));
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 1) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  return bits;
}

const bigints = (bytes: Uint8Array<ArrayBuffer>): BigInt64Array => new BigInt64Array(bytes.buffer);

/** DOUBLE to numbers. */
export const doubles = (rows: number): ColumnBuffer =>
  arrowBuffer(rows, 8, float64(), ({ buffer }) => new Float64Array(buffer), {});

/** BIGINT to bigints. */
export const integers = (rows: number): ColumnBuffer => arrowBuffer(rows, 8, int64(), bigints, { useBigInt: true });

/** BIGINT milliseconds since 1970 UTC to Dates. */
export const dates = (rows: number): ColumnBuffer =>
  arrowBuffer(rows, 8, timestamp(TimeUnit.MILLISECOND, "UTC"), bigints, { useDate: true });

/** TIMESTAMPTZ to bigints, microseconds since 1970 UTC. */
export const micros = (rows: number): ColumnBuffer =>
  arrowBuffer(rows, 8, timestamp(TimeUnit.MICROSECOND, "UTC"), bigints, { useBigIntTimestamp: true });

/** DECIMAL(38,0) to bigints. */
export const decimals = (rows: number): ColumnBuffer =>
  arrowBuffer(rows, 16, decimal(38, 0, 128), ({ buffer }) => new BigUint64Array(buffer), { useDecimalInt: true });

/** BOOLEAN to booleans. */
export const booleans = (rows: number): ColumnBuffer => arrowBuffer(rows, 1, bool(), packed, {});

/** Bytes of an ENUM's cells, and the numbers in them. */
const ENUM_CELLS: Partial<Record<DuckDBTypeId, readonly [width: number, codes: (buffer: ArrayBuffer) => Codes]>> = {
  [DuckDBTypeId.UTINYINT]: [1, (buffer) => new Uint8Array(buffer)],
  [DuckDBTypeId.USMALLINT]: [2, (buffer) => new Uint16Array(buffer)],
  [DuckDBTypeId.UINTEGER]: [4, (buffer) => new Uint32Array(buffer)],
};

type Codes = Uint8Array | Uint16Array | Uint32Array;

/** An ENUM whose names are texts behind one character, to those texts. */
export function enumTexts(rows: number): ColumnBuffer {
  let done = (): Cells => [];
  let buffer: FixedBuffer | undefined;
  const start = (type: DuckDBType): FixedBuffer => {
    const cells = type instanceof DuckDBEnumType ? ENUM_CELLS[type.internalTypeId] : undefined;
    if (!(type instanceof DuckDBEnumType) || cells === undefined) throw new TypeError(`${type} is no ENUM`);
    const started = new FixedBuffer(rows, cells[0]);
    const texts = type.values.map((text) => text.slice(1));
    done = () => new TextColumn(cells[1](started.bytes.buffer), texts, started.validity);
    return started;
  };
  return {
    take(chunk, column, row, type) {
      buffer ??= start(type);
      buffer.take(chunk, column, row);
    },
    done: () => done(),
  };
}

/** Any cells as values, one by one: texts behind one character, and lists. */
export function values(rows: number, cell: (value: Value) => unknown): ColumnBuffer {
  const cells: unknown[] = new Array(rows);
  return {
    take(chunk, column, row) {
      const vector = chunk.getColumnVector(column);
      for (let i = 0; i < chunk.rowCount; i++) cells[row + i] = cell(fromDriver(vector.getItem(i)));
    },
    done: () => cells,
  };
}
