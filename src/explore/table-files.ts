import { StoreError } from "../errors.js";
import type { Environment } from "../pipelines/environment.js";
import { listParts } from "../pipelines/part-listing.js";
import { findTablesManifest } from "../pipelines/tables-folder.js";
import type { TablesManifest } from "../pipelines/tables-manifest.js";
import { LEADING_TABLES, TRAILING_TABLES } from "../plan/tables.js";
import { isMissing } from "../store/store-env.js";

type Files = Environment["files"];

/** A table's files, relative to the folder, by the table's name. */
export type TableFiles = ReadonlyMap<string, readonly string[]>;

const PARQUET = ".parquet";
const namesOf = (layouts: readonly { readonly name: string }[]): string[] => layouts.map(({ name }) => name);
const FIRST = namesOf(LEADING_TABLES);
const LAST = namesOf(TRAILING_TABLES);

/** Tables in the order of a plan, as far as names tell it. */
function inOrder(tables: TableFiles): TableFiles {
  const rank = (name: string): number => {
    const [first, last] = [FIRST.indexOf(name.replace(/^history_(?:long|struct)$/, "history")), LAST.indexOf(name)];
    return first >= 0 ? first : last >= 0 ? FIRST.length + 1 + last : FIRST.length;
  };
  return new Map([...tables].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)));
}

function filesOfManifest({ parts }: TablesManifest): Map<string, string[]> {
  const tables = new Map<string, string[]>();
  for (const { table, file } of parts.flatMap((part) => part.files)) {
    const known = tables.get(table);
    if (known === undefined) tables.set(table, [file]);
    else known.push(file);
  }
  // The data dictionary belongs to no part.
  for (const { name, kind } of TRAILING_TABLES) {
    if (kind === "columns") tables.set(name, [name + PARQUET]);
  }
  return tables;
}

const PART = /\/part-\d{4,}\.parquet$/;

async function filesByName(files: Files, dir: string): Promise<Map<string, string[]>> {
  const tables = new Map<string, string[]>();
  for (const entry of await files.readdir(dir, { withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith(PARQUET)) tables.set(entry.name.slice(0, -PARQUET.length), [entry.name]);
    if (!entry.isDirectory() || entry.name.startsWith(".")) continue;
    const parts = (await listParts(files, dir, entry.name)).filter((file) => PART.test(file));
    if (parts.length > 0) tables.set(entry.name, parts);
  }
  return tables;
}

/**
 * The tables of a folder and their files: those that its manifest names, else, in a copy without one, every Parquet file
 * and every folder of parts whose name does not begin with a dot.
 * @throws StoreError `tables/missing` when the folder is not there or has no tables, `tables/manifest` when its manifest
 * cannot be used.
 */
export async function tableFiles(files: Files, dir: string): Promise<TableFiles> {
  const none = (found: string, cause?: unknown): never => {
    throw new StoreError("tables/missing", `${found}, expected a folder of tables such as analysis/tables.`, {
      where: { file: dir },
      next: "Run `wandb-columns sync` or `wandb-columns export`, then open the folder that it names.",
      cause,
    });
  };
  try {
    const manifest = await findTablesManifest(files, dir);
    const tables = manifest === undefined ? await filesByName(files, dir) : filesOfManifest(manifest);
    return tables.size === 0 ? none(`${dir} has no tables`) : inOrder(tables);
  } catch (error) {
    if (isMissing(error)) return none(`${dir} is not there`, error);
    throw error;
  }
}
