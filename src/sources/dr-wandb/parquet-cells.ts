import type { DuckDBBlobVector, DuckDBDataChunk } from "@duckdb/node-api";
import { bytesText } from "./bytes-text.js";
import { cellJson } from "./json-cell.js";
import { isTextual, type ParquetColumn } from "./parquet-file.js";

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A cell that is not NULL: its text, or bytes that are no UTF-8. */
export interface Cell {
  readonly bytes: Uint8Array;
  /** Whether the bytes are the column's own text, which may not be JSON; else they are JSON made from the value. */
  readonly raw: boolean;
}

/**
 * Reads one cell of a chunk.
 * @param column the file's column, read by `cellExpression`.
 * @param isJson whether the column's text is JSON as it is.
 */
export function readCell(
  chunk: DuckDBDataChunk,
  index: number,
  row: number,
  column: ParquetColumn,
  isJson: boolean,
): Cell | undefined {
  const vector = chunk.getColumnVector(index);
  if (!isTextual(column)) {
    const text = cellJson(vector.getItem(row), vector.type);
    return text === undefined ? undefined : { bytes: Buffer.from(text, "utf8"), raw: false };
  }
  const bytes = (vector as DuckDBBlobVector).getItemBytes(row);
  if (bytes === null) return undefined;
  if (isJson || column.type === "JSON") return { bytes: Buffer.from(bytes), raw: true };
  return { bytes: Buffer.from(JSON.stringify(bytesText(bytes)), "utf8"), raw: false };
}

/** Reads a text cell; "" for NULL. */
export function readText(chunk: DuckDBDataChunk, index: number, row: number): string {
  const bytes = (chunk.getColumnVector(index) as DuckDBBlobVector).getItemBytes(row);
  return bytes === null ? "" : UTF8.decode(bytes);
}
