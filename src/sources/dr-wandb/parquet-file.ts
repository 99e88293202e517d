import { type DuckDBConnection, VARCHAR } from "@duckdb/node-api";
import { memoryError } from "../../errors.js";
import { type Finding, finding } from "../../finding.js";
import { literalPath } from "../../parquet-path.js";
import type { DrWandbFiles } from "./files.js";
import { Expands } from "./text-limits.js";

/** A column of a Parquet file. Names are those of the file; the engine renames `loss` beside `Loss`. */
export interface ParquetColumn {
  readonly name: string;
  /** The engine's type, such as `VARCHAR` or `STRUCT(a INTEGER)`. */
  readonly type: string;
  /** The engine cannot read it within its memory: its cells are taken as NULL. */
  readonly isUnread?: boolean;
}

/** A Parquet file that can be read. */
export interface ParquetFile {
  readonly path: string;
  readonly columns: readonly ParquetColumn[];
  /** Bytes of the file. */
  readonly size: number;
}

const MAGIC = "PAR1";

interface Ends {
  readonly head: string;
  readonly tail: string;
  readonly size: number;
}

async function ends(path: string, files: DrWandbFiles): Promise<Ends> {
  const handle = await files.open(path, "r");
  try {
    const { size } = await handle.stat();
    const read = async (position: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, position);
      return buffer.toString("latin1", 0, bytesRead);
    };
    return { head: await read(0), tail: await read(Math.max(0, size - MAGIC.length)), size };
  } finally {
    await handle.close();
  }
}

/** The size of a file, or why it cannot be a whole Parquet file, by its first and last four bytes. */
async function sizeOf(path: string, files: DrWandbFiles): Promise<number | Finding> {
  const where = { file: path };
  let found: Ends;
  try {
    found = await ends(path, files);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return finding("source/unreadable", `${path} cannot be read: ${message}`, { where });
  }
  if (found.head !== MAGIC) {
    return finding("source/wrong-shape", `${path} is not a Parquet file: it does not start with ${MAGIC}`, { where });
  }
  if (found.tail === MAGIC) return found.size;
  return finding("source/truncated", `${path} ends before its Parquet footer: expected ${MAGIC} at its end`, { where });
}

/** A finding about an error of the engine while it read a file. */
export function damaged(path: string, error: unknown): Finding {
  const where = { file: path };
  if (memoryError(error) !== undefined) {
    return finding("source/too-long", `${path} needs more memory to be read than --memory allows`, { where });
  }
  if (error instanceof Expands) {
    return finding("source/expands", `${path} was not read to its end: ${error.message}`, { where });
  }
  const message = (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
  return finding("source/damaged", `${path} cannot be read: ${message}`, { where });
}

/** Names of the root columns from the footer, in order; a nested column is followed by its parts. */
function rootNames(rows: readonly (readonly unknown[])[]): string[] {
  const names: string[] = [];
  let at = 0;
  const skip = (): void => {
    const children = Number(rows[at++]?.[1] ?? 0);
    for (let i = 0; i < children; i++) skip();
  };
  const roots = Number(rows[at++]?.[1] ?? 0);
  for (let i = 0; i < roots; i++) {
    names.push(String(rows[at]?.[0]));
    skip();
  }
  return names;
}

/** Reads the columns of a file, or tells why it cannot be read. */
export async function openParquet(
  path: string,
  connection: DuckDBConnection,
  files: DrWandbFiles,
): Promise<ParquetFile | Finding> {
  const size = await sizeOf(path, files);
  if (typeof size !== "number") return size;
  const literal = [literalPath(path)];
  try {
    const schema = await connection.runAndReadAll("SELECT name, num_children FROM parquet_schema($1)", literal, [
      VARCHAR,
    ]);
    const described = await connection.runAndReadAll(
      "DESCRIBE SELECT * FROM read_parquet($1, hive_partitioning = false)",
      literal,
      [VARCHAR],
    );
    const names = rootNames(schema.getRows());
    const columns = described.getRows().map((row, i) => ({ name: names[i] ?? String(row[0]), type: String(row[1]) }));
    return { path, columns, size };
  } catch (error) {
    return damaged(path, error);
  }
}

/** Place of a column by its name, -1 when there is none. */
export function columnIndex(file: ParquetFile, name: string): number {
  return file.columns.findIndex((column) => column.name === name);
}

/**
 * A FROM item that reads a file given by a variable of the connection, its columns renamed to `c0`, `c1`, … and the
 * 0-based row number last, as `row_number`.
 */
export function fromFile(file: ParquetFile, variable: string, alias: string): string {
  const names = [...file.columns.map((_, i) => `c${i}`), "row_number"].join(", ");
  const read = `read_parquet(getvariable('${variable}'), file_row_number = true, hive_partitioning = false)`;
  return `${read} AS ${alias}(${names})`;
}

/** Points the variable of a connection that `fromFile` reads at a file. */
export async function setFile(connection: DuckDBConnection, variable: string, path: string): Promise<void> {
  await connection.run(`SET VARIABLE ${variable} = $1`, [literalPath(path)], [VARCHAR]);
}

/** Whether a column holds text or bytes, which are read as bytes: the driver strips U+FEFF from strings. */
export function isTextual({ type }: ParquetColumn): boolean {
  return type === "VARCHAR" || type === "JSON" || type === "BLOB";
}

/** The expression that reads a column; with a limit, NULL for longer texts. */
export function cellExpression(column: ParquetColumn, index: number, alias: string, limit?: number): string {
  if (column.isUnread) return "NULL::BLOB";
  const name = `${alias}.c${index}`;
  const cell = isTextual(column) && column.type !== "BLOB" ? `encode(${name})` : name;
  return limit === undefined || !isTextual(column)
    ? cell
    : `CASE WHEN ${lengthOf(column, name)} <= ${limit} THEN ${cell} END`;
}

const lengthOf = ({ type }: ParquetColumn, name: string): string =>
  type === "BLOB" ? `octet_length(${name})` : `strlen(${name}::VARCHAR)`;

function lengths(file: ParquetFile, alias: string): string[] {
  return file.columns.flatMap((column, i) =>
    isTextual(column) && !column.isUnread ? [`coalesce(${lengthOf(column, `${alias}.c${i}`)}, 0)`] : [],
  );
}

/** The expression of the bytes of text of a row. */
export function textExpression(file: ParquetFile, alias: string): string {
  return `(${["0", ...lengths(file, alias)].join(" + ")})::BIGINT`;
}

/** The same for rows with a cell beyond a limit; 0 for other rows. */
function longExpression(file: ParquetFile, alias: string, limit: number): string {
  const longest = ["0", ...lengths(file, alias)].join(", ");
  return `CASE WHEN greatest(${longest}) > ${limit} THEN ${textExpression(file, alias)} ELSE 0::BIGINT END`;
}

/**
 * What is selected of each row: its number, its bytes of text when a cell is beyond the limit (else 0), and its cells;
 * those beyond the limit are NULL.
 */
export function selection(file: ParquetFile, limit?: number, alias = "f"): string {
  const long = limit === undefined ? "0::BIGINT" : longExpression(file, alias, limit);
  const cells = file.columns.map((column, i) => cellExpression(column, i, alias, limit));
  return [`${alias}.row_number`, long, ...cells].join(", ");
}

/** Texts that name a run, an entity or a project are no longer; W&B's have at most 128 characters. */
const LONGEST_NAME = 4096;

/** The expression of a text column that names something: '' for NULL, for a longer text, or for a file without it. */
export function nameExpression(file: ParquetFile, column: string, alias: string): string {
  const index = columnIndex(file, column);
  if (index < 0) return "''";
  const name = `${alias}.c${index}::VARCHAR`;
  return `CASE WHEN strlen(${name}) <= ${LONGEST_NAME} THEN ${name} ELSE '' END`;
}
