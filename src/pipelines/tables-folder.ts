import { dirname, join } from "node:path";
import { HISTORY_FORMS, historyName } from "../plan/history-form.js";
import { isFolder, partFile } from "../plan/part-files.js";
import type { Table } from "../plan/plan.js";
import { LOCK_LEFTOVER } from "../store/lock.js";
import { isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";
import { buildFolder, discardLast, isPart, isThere, isUnfinished, settleFolders, swapFolder } from "./folder-swap.js";
import { isPartitionFolder } from "./partitions.js";
import { removeEmpty, type Staging, sync, TEMPORARY } from "./staging.js";
import { type Part, readTablesManifest, type TablesManifest } from "./tables-manifest.js";

type Files = Environment["files"];

const MANIFEST = "manifest.json";
/** With a dot, since a table may be called `lock`. */
export const LOCK = ".lock";

/** The manifest of a tables folder; undefined when it has none. @throws StoreError */
export async function findTablesManifest(files: Files, dir: string): Promise<TablesManifest | undefined> {
  const file = join(dir, MANIFEST);
  try {
    return readTablesManifest(await files.readFile(file, "utf8"), file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Replaces the manifest of a tables folder. */
export async function writeManifest(files: Files, dir: string, manifest: TablesManifest): Promise<void> {
  const path = join(dir, MANIFEST);
  const handle = await files.open(path + TEMPORARY, "w");
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 1)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await files.rename(path + TEMPORARY, path);
  await sync(files, dir);
}

function namedFiles(manifest: TablesManifest | undefined): Set<string> {
  return new Set(manifest?.parts.flatMap((part) => part.files.map(({ file }) => file)));
}

async function isFile(files: Files, path: string): Promise<boolean> {
  try {
    return (await files.stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

const dictionaryFiles = (tables: readonly Table[]): string[] =>
  tables.filter((table) => table.kind === "columns").map((table) => partFile(table, 0));

/** Which files of a manifest are missing, or in doubt because they were about to be replaced. */
export async function lostFiles(
  files: Files,
  dir: string,
  tables: readonly Table[],
  manifest: TablesManifest,
): Promise<Set<string>> {
  const lost = new Set(manifest.pending);
  for (const file of [...namedFiles(manifest), ...dictionaryFiles(tables)]) {
    if (!(await isFile(files, join(dir, file)))) lost.add(file);
  }
  return lost;
}

const ROOT_UNFINISHED = new RegExp(`^(.+\\.parquet|manifest\\.json)\\.writing$|^\\.lock(${LOCK_LEFTOVER})$`);

/** What is known of the folders of a tables folder. */
interface Known {
  readonly named: ReadonlySet<string>;
  /** Names of tables that are folders. */
  readonly tables: ReadonlySet<string>;
  /** Names that the history has in other forms: what an export that was killed has made of them is empty. */
  readonly others: ReadonlySet<string>;
}

/** Removes what a folder of parts has and the manifest does not name, and folders of tables in which nothing is left. */
async function removeParts(files: Files, dir: string, folder: string, known: Known): Promise<void> {
  const table = folder.split("/")[0] ?? "";
  const ours = known.tables.has(table);
  const made = ours || known.others.has(table);
  for (const entry of await files.readdir(join(dir, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    const orphan = ours && isPart(entry.name) && !known.named.has(path);
    if (entry.isFile() && (orphan || isUnfinished(entry.name))) await files.rm(join(dir, path));
    if (made && entry.isDirectory() && isPartitionFolder(entry.name)) await removeParts(files, dir, path, known);
  }
  if (made) await removeEmpty(files, join(dir, folder));
}

/**
 * Removes what an export that did not come to an end has left: unfinished files, files that were to be dropped, and parts
 * that the manifest does not name, in folders of tables. Files of other names stay. Only for the holder of the lock.
 */
export async function removeLeftovers(
  files: Files,
  dir: string,
  tables: readonly Table[],
  manifest: TablesManifest | undefined,
): Promise<void> {
  const named = namedFiles(manifest);
  await settleFolders(files, dir, named);
  const spared = new Set([...named, ...dictionaryFiles(tables)]);
  for (const file of manifest?.pending ?? []) if (!spared.has(file)) await files.rm(join(dir, file), { force: true });
  const folders = [...tables.filter(isFolder).map((table) => table.name), ...[...named].map(tableOf)];
  const known = { named, tables: new Set(folders), others: new Set(HISTORY_FORMS.map(historyName)) };
  for (const entry of await files.readdir(dir, { withFileTypes: true })) {
    if (entry.isFile() && ROOT_UNFINISHED.test(entry.name)) await files.rm(join(dir, entry.name), { force: true });
    if (entry.isDirectory()) await removeParts(files, dir, entry.name, known);
  }
}

/** The folder of a table's parts; empty for a table that is one file. */
const tableOf = (file: string): string => file.slice(0, Math.max(0, file.indexOf("/")));

/** Removes files, and the folders that they leave empty. */
async function removeDropped(files: Files, dir: string, dropped: readonly string[]): Promise<void> {
  for (const file of dropped) await files.rm(join(dir, file), { force: true });
  const folders = new Set(dropped.map((file) => dirname(file)));
  for (let folder of folders) {
    while (folder !== "." && (await removeEmpty(files, join(dir, folder)))) folder = dirname(folder);
  }
}

/** Folders in which runs move from one file to another. */
async function foldersOf(files: Files, dir: string, moved: readonly Part[]): Promise<string[]> {
  const inFolders = moved.flatMap((part) => part.files.filter(({ file }) => file.includes("/")));
  const all = new Set(inFolders.map(({ file }) => tableOf(file)));
  const found: string[] = [];
  for (const folder of all) if (await isThere(files, join(dir, folder))) found.push(folder);
  return found;
}

/** What publishing tables needs. */
export interface Publication {
  readonly staging: Staging;
  readonly before: TablesManifest | undefined;
  readonly after: TablesManifest;
  /** Parts of `before` whose runs are in other parts of `after`. */
  readonly moved: readonly Part[];
}

/** Puts staged files in place: one after the other, but the files of some folders all at once. */
async function putInPlace(files: Files, dir: string, { staging, after }: Publication, swaps: readonly string[]) {
  for (const folder of swaps) await buildFolder(files, dir, folder, namedFiles(after), staging);
  await staging.publish();
  for (const folder of swaps) await swapFolder(files, dir, folder);
}

/**
 * Puts staged files in place of old ones, then the manifest, then removes what it no longer names. Before the first
 * file is touched the manifest that is there lists every file that will be: whatever interrupts this, the next export
 * finds them in `pending` and does not trust them.
 *
 * A folder in which runs move from part to part is built anew beside the old one and swapped with it, so that nobody
 * finds a run twice or not at all in it. The old one stays beside it until the manifest names what is in the new one.
 */
export async function publishTables(files: Files, dir: string, publication: Publication): Promise<void> {
  const { staging, before, after, moved } = publication;
  const named = namedFiles(after);
  const dropped = [...namedFiles(before)].filter((file) => !named.has(file));
  const swaps = await foldersOf(files, dir, moved);
  await staging.sync();
  const nothing: TablesManifest = { ...after, nextPart: 1, parts: [], dictionary: 0 };
  await writeManifest(files, dir, { ...(before ?? nothing), pending: [...staging.names, ...dropped] });
  try {
    await putInPlace(files, dir, publication, swaps);
    await writeManifest(files, dir, { ...after, pending: dropped });
  } catch (error) {
    await settleFolders(files, dir, namedFiles(before));
    throw error;
  }
  for (const folder of swaps) await discardLast(files, dir, folder);
  await removeDropped(files, dir, dropped);
  if (dropped.length > 0) await writeManifest(files, dir, { ...after, pending: [] });
}

/** Whether a file of a part is among these. */
export function hasAny(part: Part, lost: ReadonlySet<string>): boolean {
  return part.files.some(({ file }) => lost.has(file));
}
