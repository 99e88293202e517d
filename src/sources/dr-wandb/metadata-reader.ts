import { BIGINT, type DuckDBConnection, LIST, listValue } from "@duckdb/node-api";
import { type Cell, readCell, readText } from "./parquet-cells.js";
import { cellExpression, columnIndex, fromFile, type ParquetFile, runIdExpression, setFile } from "./parquet-file.js";
import { type ChunkRow, RowStream } from "./row-stream.js";
import { JSON_COLUMNS } from "./run-blobs.js";
import { isInOrder, type KeyRow, type RunEntry } from "./run-index.js";

const FILE = "metadata_file";

function textExpression(file: ParquetFile, name: string): string {
  const index = columnIndex(file, name);
  return index < 0 ? "NULL::BLOB" : `encode(f.c${index}::VARCHAR)`;
}

/** Reads the keys of all rows of a metadata file, in file order. */
export async function readKeys(connection: DuckDBConnection, file: ParquetFile): Promise<KeyRow[]> {
  await setFile(connection, FILE, file.path);
  const run = `encode(${runIdExpression(file, "f")})`;
  const columns = [run, textExpression(file, "entity"), textExpression(file, "project")];
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
  #ahead: ChunkRow | undefined;

  private constructor(file: ParquetFile, index: number, connection: DuckDBConnection, rows: RowStream) {
    this.file = file;
    this.index = index;
    this.#connection = connection;
    this.#rows = rows;
  }

  /**
   * Starts to read a file.
   * @param connection one that nothing else uses.
   * @param index the file's place in `RunEntry.rows`.
   */
  static async open(
    connection: DuckDBConnection,
    file: ParquetFile,
    index: number,
    entries: readonly RunEntry[],
  ): Promise<MetadataReader> {
    await setFile(connection, FILE, file.path);
    const rows = await RowStream.open(connection, await orderedQuery(connection, file, index, entries));
    const reader = new MetadataReader(file, index, connection, rows);
    reader.#ahead = await rows.next();
    return reader;
  }

  /** The cells of a run; empty when the file does not have it. Call it for the entries in their order. */
  async read(entry: RunEntry): Promise<Cells> {
    const wanted = entry.rows[this.index];
    if (wanted === undefined) return new Map();
    while (this.#ahead !== undefined && this.#rowNumber(this.#ahead) !== wanted) this.#ahead = await this.#rows.next();
    const cells = this.#ahead === undefined ? new Map() : cellsOf(this.file, this.#ahead);
    this.#ahead = await this.#rows.next();
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
    const cell = readCell(chunk, i + 1, row, column, JSON_COLUMNS.has(column.name));
    if (cell !== undefined) cells.set(column.name, cell);
  }
  return cells;
}

function selection(file: ParquetFile): string {
  const cells = file.columns.map((column, i) => cellExpression(column, i, "f"));
  return ["f.row_number", ...cells].join(", ");
}

/** The rows of a file in the order of the entries: as they stand when that is the order, else sorted by the engine. */
async function orderedQuery(
  connection: DuckDBConnection,
  file: ParquetFile,
  index: number,
  entries: readonly RunEntry[],
): Promise<string> {
  const from = fromFile(file, FILE, "f");
  if (isInOrder(entries, index)) return `SELECT ${selection(file)} FROM ${from}`;
  const places = entries.map((entry) => BigInt(entry.rows[index] ?? -1));
  await connection.run("SET VARIABLE row_places = $1", [listValue(places)], [LIST(BIGINT)]);
  const order =
    "SELECT unnest(getvariable('row_places')) AS row, generate_subscripts(getvariable('row_places'), 1) AS ord";
  return `SELECT ${selection(file)} FROM ${from} JOIN (${order}) AS places ON places.row = f.row_number ORDER BY places.ord`;
}

/** Reads single rows of a file, by their 0-based numbers. */
export async function readRows(
  connection: DuckDBConnection,
  file: ParquetFile,
  rows: readonly number[],
): Promise<Map<number, Cells>> {
  await setFile(connection, FILE, file.path);
  const sql = `SELECT ${selection(file)} FROM ${fromFile(file, FILE, "f")} WHERE list_contains($1, f.row_number)`;
  const stream = await RowStream.open(connection, sql, [listValue(rows.map(BigInt))], [LIST(BIGINT)]);
  const found = new Map<number, Cells>();
  for (let at = await stream.next(); at !== undefined; at = await stream.next()) {
    found.set(Number(at.chunk.getColumnVector(0).getItem(at.row)), cellsOf(file, at));
  }
  return found;
}
