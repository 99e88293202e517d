import { BIGINT, type DuckDBConnection, LIST, listValue } from "@duckdb/node-api";
import type { Finding } from "../../finding.js";
import { LongRows, longBytes } from "./long-rows.js";
import { type Cell, readCell, readText } from "./parquet-cells.js";
import { fromFile, nameExpression, type ParquetFile, selection, setFile, textExpression } from "./parquet-file.js";
import { type ChunkRow, RowStream } from "./row-stream.js";
import { JSON_COLUMNS } from "./run-blobs.js";
import { isInOrder, type KeyRow, type RunEntry } from "./run-index.js";
import { Expands, type TextLimits, TextMeter } from "./text-limits.js";

const FILE = "metadata_file";
const PLACES = { number: 0, bytes: 1 } as const;
const FIRST_CELL = 2;

/** A run in memory takes so many bytes, its key and its places in the files. */
const BYTES_PER_RUN = 500;

/** Reads the keys of all rows of a metadata file, in file order. @throws Expands when they are too many for the memory. */
export async function readKeys(connection: DuckDBConnection, file: ParquetFile, limits: TextLimits): Promise<KeyRow[]> {
  await setFile(connection, FILE, file.path);
  const counted = await connection.runAndReadAll(`SELECT count(*) FROM ${fromFile(file, FILE, "f")}`);
  const count = Number(counted.getRows()[0]?.[0] ?? 0);
  const most = Math.floor((4 * limits.row) / BYTES_PER_RUN);
  if (count > most) throw new Expands(`it has ${count} rows, one a run; --memory allows ${most}`);
  const columns = ["run_id", "entity", "project"].map((name) => `encode(${nameExpression(file, name, "f")})`);
  const sql = `SELECT ${columns.join(", ")} FROM ${fromFile(file, FILE, "f")} ORDER BY f.row_number`;
  const rows = await RowStream.open(connection, sql);
  const keys: KeyRow[] = [];
  for (let at = await rows.next(); at !== undefined; at = await rows.next()) {
    const { chunk, row } = at;
    const text = (column: number) => readText(chunk, column, row);
    keys.push({ run_id: text(0), entity: text(1), project: text(2) });
  }
  return keys;
}

/** The cells of one row by column, without NULLs. */
export type Cells = Map<string, Cell>;

/** A metadata file read run by run, in the order of the entries. */
export class MetadataReader {
  readonly file: ParquetFile;
  /** The file's place in `RunEntry.rows`. */
  readonly index: number;
  readonly #connection: DuckDBConnection;
  readonly #rows: RowStream;
  readonly #long: LongRows;
  readonly #meter: TextMeter;
  readonly #unread: readonly string[];
  #ahead: ChunkRow | undefined;

  private constructor(file: ParquetFile, index: number, connection: DuckDBConnection, rows: RowStream, long: LongRows) {
    this.file = file;
    this.index = index;
    this.#connection = connection;
    this.#rows = rows;
    this.#long = long;
    this.#meter = new TextMeter(file.size);
    this.#unread = file.columns.flatMap((column) => (column.isUnread ? [column.name] : []));
  }

  /**
   * Starts to read a file.
   * @param connect opens a connection that nothing else uses.
   * @param index the file's place in `RunEntry.rows`.
   */
  static async open(
    connect: () => Promise<DuckDBConnection>,
    file: ParquetFile,
    index: number,
    entries: readonly RunEntry[],
    limits: TextLimits,
  ): Promise<MetadataReader> {
    const connection = await connect();
    await setFile(connection, FILE, file.path);
    const rows = await RowStream.open(connection, await orderedQuery(connection, file, index, entries, limits));
    const long = new LongRows(file, limits, PLACES, connect);
    const reader = new MetadataReader(file, index, connection, rows, long);
    reader.#ahead = await rows.next();
    return reader;
  }

  /** The cells of a run; empty when the file does not have it. Call it for the entries in their order. */
  async read(entry: RunEntry): Promise<Cells> {
    const wanted = entry.rows[this.index];
    if (wanted === undefined) return new Map();
    while (this.#ahead !== undefined && this.#rowNumber(this.#ahead) !== wanted) this.#ahead = await this.#rows.next();
    const cells = this.#ahead === undefined ? new Map() : await this.#cells(this.#ahead);
    if (this.#unread.length > 0) this.#long.leftOut.addUnread(this.file.path, wanted + 1, this.#unread);
    this.#ahead = await this.#rows.next();
    return cells;
  }

  /** What was left out since the last call. */
  leftOut(): Finding[] {
    return this.#long.leftOut.take();
  }

  async #cells(at: ChunkRow): Promise<Cells> {
    const whole = longBytes(at, PLACES) > 0 ? await this.#long.whole(at) : at;
    const cells = cellsOf(this.file, whole ?? at);
    for (const { bytes } of cells.values()) this.#meter.add(bytes.length);
    return cells;
  }

  close(): void {
    this.#connection.closeSync();
  }

  #rowNumber({ chunk, row }: ChunkRow): number {
    return Number(chunk.getColumnVector(0).getItem(row));
  }
}

function cellsOf(file: ParquetFile, { chunk, row }: ChunkRow): Cells {
  const cells: Cells = new Map();
  for (const [i, column] of file.columns.entries()) {
    const cell = readCell(chunk, i + FIRST_CELL, row, column, JSON_COLUMNS.has(column.name));
    if (cell !== undefined) cells.set(column.name, cell);
  }
  return cells;
}

/** The rows of a file in the order of the entries: as they stand when that is the order, else sorted by the engine. */
async function orderedQuery(
  connection: DuckDBConnection,
  file: ParquetFile,
  index: number,
  entries: readonly RunEntry[],
  { cell }: TextLimits,
): Promise<string> {
  const from = fromFile(file, FILE, "f");
  if (isInOrder(entries, index)) return `SELECT ${selection(file, cell)} FROM ${from}`;
  const places = entries.map((entry) => BigInt(entry.rows[index] ?? -1));
  await connection.run("SET VARIABLE row_places = $1", [listValue(places)], [LIST(BIGINT)]);
  const order =
    "SELECT unnest(getvariable('row_places')) AS row, generate_subscripts(getvariable('row_places'), 1) AS ord";
  return `SELECT ${selection(file, cell)} FROM ${from} JOIN (${order}) AS places ON places.row = f.row_number ORDER BY places.ord`;
}

/** Reads single rows of a file, by their 0-based numbers; none when they are too long together. */
export async function readRows(
  connection: DuckDBConnection,
  file: ParquetFile,
  rows: readonly number[],
  limits: TextLimits,
): Promise<Map<number, Cells> | undefined> {
  await setFile(connection, FILE, file.path);
  const from = `${fromFile(file, FILE, "f")} WHERE list_contains($1, f.row_number)`;
  const numbers = [listValue(rows.map(BigInt))];
  const sum = await connection.runAndReadAll(`SELECT sum(${textExpression(file, "f")}) FROM ${from}`, numbers, [
    LIST(BIGINT),
  ]);
  if (Number(sum.getRows()[0]?.[0] ?? 0) > limits.row) return undefined;
  const stream = await RowStream.open(connection, `SELECT ${selection(file)} FROM ${from}`, numbers, [LIST(BIGINT)]);
  const found = new Map<number, Cells>();
  for (let at = await stream.next(); at !== undefined; at = await stream.next()) {
    found.set(Number(at.chunk.getColumnVector(0).getItem(at.row)), cellsOf(file, at));
  }
  return found;
}
