import type { DuckDBConnection } from "@duckdb/node-api";
import { memoryError } from "../../errors.js";
import { fromFile, isTextual, type ParquetFile, setFile, textExpression } from "./parquet-file.js";

const FILE = "unread_file";

/**
 * The file without the columns of text that the engine cannot read within its memory, each tried alone; undefined when
 * there is none. A page of a Parquet file is decompressed as a
 * whole, so that a few kilobytes can take any memory.
 */
export async function withoutUnreadable(
  connection: DuckDBConnection,
  file: ParquetFile,
): Promise<ParquetFile | undefined> {
  await setFile(connection, FILE, file.path);
  const columns = [];
  for (const [i, column] of file.columns.entries()) {
    const isUnread = isTextual(column) && !(await isReadable(connection, only(file, i)));
    columns.push(isUnread ? { ...column, isUnread } : column);
  }
  return columns.some((column) => column.isUnread) ? { ...file, columns } : undefined;
}

/** The file with one column that is read. */
function only(file: ParquetFile, index: number): ParquetFile {
  return { ...file, columns: file.columns.map((column, i) => (i === index ? column : { ...column, isUnread: true })) };
}

async function isReadable(connection: DuckDBConnection, file: ParquetFile): Promise<boolean> {
  try {
    await connection.run(`SELECT max(${textExpression(file, "f")}) FROM ${fromFile(file, FILE, "f")}`);
    return true;
  } catch (error) {
    if (memoryError(error) === undefined) throw error;
    return false;
  }
}
