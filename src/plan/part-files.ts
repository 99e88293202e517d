import type { Table } from "./plan.js";

/** Whether a table is a folder of parts: it has rows by step or event. `misfits` and `system_metrics` always are. */
export function isFolder(table: Table): boolean {
  return table.key.includes("ordinal");
}

/** The file, relative to the tables folder, that holds the rows of a part in a table. */
export function partFile(table: Table, part: number): string {
  return isFolder(table) ? `${table.name}/part-${String(part).padStart(4, "0")}.parquet` : `${table.name}.parquet`;
}
