import { BIGINT, type DuckDBConnection, LIST, listValue } from "@duckdb/node-api";
import { fromFile, type ParquetFile, selection, setFile } from "./parquet-file.js";
import { type ChunkRow, RowStream } from "./row-stream.js";
import { LeftOut, type TextLimits } from "./text-limits.js";

const FILE = "long_rows_file";

/** Where a chunk of a file's rows says the number of a row, and the bytes of text of one with a long cell. */
export interface RowPlaces {
  readonly number: number;
  readonly bytes: number;
}

function numberAt({ chunk, row }: ChunkRow, column: number): number {
  return Number(chunk.getColumnVector(column).getItem(row));
}

/** Bytes of text of a row that has a long cell; 0 for any other row. */
export function longBytes(at: ChunkRow, places: RowPlaces): number {
  return numberAt(at, places.bytes);
}

/** Reads the rows whose long cells did not come with their chunk, a bounded number at once. */
export class LongRows {
  readonly leftOut = new LeftOut();
  readonly #file: ParquetFile;
  readonly #limits: TextLimits;
  readonly #places: RowPlaces;
  readonly #connect: () => Promise<DuckDBConnection>;
  #connection: DuckDBConnection | undefined;
  readonly #read = new Map<number, ChunkRow>();

  /** @param connect opens a connection that nothing else uses. */
  constructor(file: ParquetFile, limits: TextLimits, places: RowPlaces, connect: () => Promise<DuckDBConnection>) {
    this.#file = file;
    this.#limits = limits;
    this.#places = places;
    this.#connect = connect;
  }

  /**
   * The same row with all its cells, as `selection` has them; undefined when it is too long, which is noted. Rows that
   * follow in the chunk are read with it, as far as the limit allows.
   */
  async whole(at: ChunkRow): Promise<ChunkRow | undefined> {
    const row = numberAt(at, this.#places.number);
    const bytes = longBytes(at, this.#places);
    if (bytes > this.#limits.row) {
      this.leftOut.add(this.#file.path, row + 1, bytes, this.#limits.row);
      return undefined;
    }
    if (!this.#read.has(row)) await this.#fetch(this.#batch(at));
    const found = this.#read.get(row);
    this.#read.delete(row);
    return found;
  }

  #batch({ chunk, row }: ChunkRow): number[] {
    const rows: number[] = [];
    let sum = 0;
    for (let next = row; next < chunk.rowCount; next++) {
      const bytes = longBytes({ chunk, row: next }, this.#places);
      if (bytes === 0 || bytes > this.#limits.row) continue;
      sum += bytes;
      if (rows.length > 0 && sum > this.#limits.row) break;
      rows.push(numberAt({ chunk, row: next }, this.#places.number));
    }
    return rows;
  }

  async #fetch(rows: readonly number[]): Promise<void> {
    this.#read.clear();
    this.#connection ??= await this.#connect();
    await setFile(this.#connection, FILE, this.#file.path);
    const range = `f.row_number BETWEEN ${Math.min(...rows)} AND ${Math.max(...rows)}`;
    const sql = `SELECT ${selection(this.#file)} FROM ${fromFile(this.#file, FILE, "f")} WHERE ${range} AND list_contains($1, f.row_number)`;
    const stream = await RowStream.open(this.#connection, sql, [listValue(rows.map(BigInt))], [LIST(BIGINT)]);
    for (let at = await stream.next(); at !== undefined; at = await stream.next()) this.#read.set(numberAt(at, 0), at);
  }
}
