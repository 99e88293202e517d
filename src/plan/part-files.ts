import type { Table } from "./plan.js";

/** Whether a table is a folder of parts: it has rows by step or event. `misfits` and `system_metrics` always are. */
export function isFolder(table: Pick<Table, "key">): boolean {
  return table.key.includes("ordinal");
}

/**
 * The file, relative to the tables folder, that holds the rows of a part in a table.
 * @param partition the folder of its partition, such as `project=mnist`; only tables that are folders have it.
 */
export function partFile(table: Pick<Table, "name" | "key">, part: number, partition = ""): string {
  if (!isFolder(table)) return `${table.name}.parquet`;
  const folder = partition === "" ? table.name : `${table.name}/${partition}`;
  return `${folder}/part-${String(part).padStart(4, "0")}.parquet`;
}
