import { join } from "node:path";
import type { Environment } from "./environment.js";
import { isPartitionFolder } from "./partitions.js";

/** Parquet files of a folder of parts, partitions included, relative to the tables folder, sorted. */
export async function listParts(
  files: Pick<Environment["files"], "readdir">,
  dir: string,
  folder: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await files.readdir(join(dir, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile() && entry.name.endsWith(".parquet")) found.push(path);
    if (entry.isDirectory() && isPartitionFolder(entry.name)) found.push(...(await listParts(files, dir, path)));
  }
  return found.sort();
}
