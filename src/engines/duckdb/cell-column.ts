import type { DuckDBDataChunk, DuckDBValue } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { elementType, type Value } from "../../flatten/value.js";
import type { LogicalType } from "../../plan/plan.js";
import { toDriver } from "./cells.js";

/**
 * The cells of one column of a chunk: NULL until they are set. The driver's own vectors take a tenth of a microsecond for
 * each NULL, which is what most cells of a wide table are.
 */
export interface CellColumn {
  set(row: number, value: NonNullable<Value>): void;
  /** Copies the cells of the first rows into a chunk, and forgets them. */
  moveTo(chunk: DuckDBDataChunk, column: number, rows: number): void;
}

type Vector = ReturnType<typeof duckdb.data_chunk_get_vector>;

/** Which rows of a chunk are not NULL: a bit a row. */
class Validity {
  readonly #bits: Uint8Array<ArrayBuffer>;
  #any = false;

  constructor(rows: number) {
    this.#bits = new Uint8Array(Math.ceil(rows / 64) * 8);
  }

  get any(): boolean {
    return this.#any;
  }

  add(row: number): void {
    this.#any = true;
    this.#bits[row >> 3] = (this.#bits[row >> 3] as number) | (1 << (row & 7));
  }

  moveTo(vector: Vector, rows: number): void {
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, this.#bits.buffer, 0, Math.ceil(rows / 64) * 8);
    if (this.#any) this.#bits.fill(0);
    this.#any = false;
  }
}

type Items =
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** Cells of a fixed width, laid out as DuckDB has them. */
class FixedColumn<I extends Items> implements CellColumn {
  readonly #items: I;
  readonly #put: (items: I, row: number, value: NonNullable<Value>) => void;
  readonly #width: number;
  readonly #valid: Validity;

  constructor(items: I, rows: number, put: (items: I, row: number, value: NonNullable<Value>) => void) {
    this.#items = items;
    this.#put = put;
    this.#width = items.byteLength / rows;
    this.#valid = new Validity(rows);
  }

  set(row: number, value: NonNullable<Value>): void {
    this.#put(this.#items, row, value);
    this.#valid.add(row);
  }

  moveTo(chunk: DuckDBDataChunk, column: number, rows: number): void {
    const vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
    if (this.#valid.any) duckdb.copy_data_to_vector(vector, 0, this.#items.buffer, 0, rows * this.#width);
    this.#valid.moveTo(vector, rows);
  }
}

class TextColumn implements CellColumn {
  #rows: number[] = [];
  #texts: string[] = [];
  readonly #valid: Validity;

  constructor(rows: number) {
    this.#valid = new Validity(rows);
  }

  set(row: number, value: NonNullable<Value>): void {
    this.#rows.push(row);
    this.#texts.push(value as string);
    this.#valid.add(row);
  }

  moveTo(chunk: DuckDBDataChunk, column: number, rows: number): void {
    const vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
    for (const [i, row] of this.#rows.entries()) {
      duckdb.vector_assign_string_element(vector, row, this.#texts[i] as string);
    }
    this.#valid.moveTo(vector, rows);
    this.#rows = [];
    this.#texts = [];
  }
}

/** Cells that only the driver knows how to lay out. */
class DriverColumn implements CellColumn {
  readonly #most: number;
  readonly #convert: (value: Value) => DuckDBValue;
  #cells: DuckDBValue[];

  constructor(type: LogicalType, rows: number) {
    this.#most = rows;
    this.#convert = toDriver(type);
    this.#cells = new Array<DuckDBValue>(rows).fill(null);
  }

  set(row: number, value: NonNullable<Value>): void {
    this.#cells[row] = this.#convert(value);
  }

  moveTo(chunk: DuckDBDataChunk, column: number, rows: number): void {
    chunk.setColumnValues(column, rows === this.#most ? this.#cells : this.#cells.slice(0, rows));
    this.#cells = new Array<DuckDBValue>(this.#most).fill(null);
  }
}

function putWide(items: BigUint64Array<ArrayBuffer>, row: number, value: NonNullable<Value>): void {
  items[2 * row] = BigInt.asUintN(64, value as bigint);
  items[2 * row + 1] = BigInt.asUintN(64, (value as bigint) >> 64n);
}

const putInteger = (items: BigInt64Array<ArrayBuffer>, row: number, value: NonNullable<Value>): void => {
  items[row] = value as bigint;
};

/** Makes the column of a type with room for so many rows. */
export function cellColumn(type: LogicalType, rows: number): CellColumn {
  if (elementType(type) !== undefined) return new DriverColumn(type, rows);
  switch (type) {
    case "float64":
      return new FixedColumn(new Float64Array(rows), rows, (items, row, value) => {
        items[row] = value as number;
      });
    case "boolean":
      return new FixedColumn(new Uint8Array(rows), rows, (items, row, value) => {
        items[row] = value === true ? 1 : 0;
      });
    case "int64":
    case "timestamp":
      return new FixedColumn(new BigInt64Array(rows), rows, putInteger);
    case "decimal":
      return new FixedColumn(new BigUint64Array(2 * rows), rows, putWide);
    default:
      return new TextColumn(rows);
  }
}
