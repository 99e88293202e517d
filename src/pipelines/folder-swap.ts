import { dirname, join } from "node:path";
import { cannotLink, isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";
import { isPartitionFolder } from "./partitions.js";
import { type Staging, sync, TEMPORARY } from "./staging.js";

type Files = Environment["files"];

const PART = /^part-\d{4,}\.parquet$/;
const UNFINISHED = /^part-\d{4,}\.parquet\.writing$/;

/** Whether a file in a table's folder is a part. */
export const isPart = (name: string): boolean => PART.test(name);
/** Whether a file in a table's folder is a part that is being written. */
export const isUnfinished = (name: string): boolean => UNFINISHED.test(name);

/** The folder that a table's is going to be, beside it. With a dot, so that it is no table's. */
const nextFolder = (folder: string): string => `.${folder}${TEMPORARY}`;
/** The folder that it was, until the manifest names what is in the new one. */
const lastFolder = (folder: string): string => `.${folder}.old`;
const BESIDE = /^\.(.+)\.(?:writing|old)$/s;

/** Whether there is something of that name. */
export async function isThere(files: Files, path: string): Promise<boolean> {
  try {
    await files.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function linkOrCopy(files: Files, from: string, to: string): Promise<void> {
  try {
    await files.link(from, to);
  } catch (error) {
    if (!cannotLink(error)) throw error;
    await files.copyFile(from, to);
    await sync(files, to);
  }
}

/** Names of the files of a folder among files that are given relative to the folder of tables. */
const namesIn = (folder: string, named: Iterable<string>): string[] =>
  [...named].filter((file) => file.startsWith(`${folder}/`)).map((file) => file.slice(folder.length + 1));

/**
 * Builds the folder that a table's is to become, beside it: staged files are moved into it, those that stay are linked.
 * @param named every file of the tables to be.
 */
export async function buildFolder(
  files: Files,
  dir: string,
  folder: string,
  named: ReadonlySet<string>,
  staging: Staging,
): Promise<void> {
  const next = join(dir, nextFolder(folder));
  await files.rm(next, { recursive: true, force: true });
  await files.mkdir(next);
  const staged = new Set(staging.names);
  const folders = new Set([next]);
  for (const name of namesIn(folder, named)) {
    const file = `${folder}/${name}`;
    folders.add(dirname(join(next, name)));
    await files.mkdir(dirname(join(next, name)), { recursive: true });
    if (staged.has(file)) await staging.moveTo(file, join(next, name));
    else await linkOrCopy(files, join(dir, file), join(next, name));
  }
  for (const made of folders) await sync(files, made);
}

/**
 * Puts the folder that was built in place of the one that is there: a reader who lists it finds the one or the other.
 * Between two renames there is none, for a moment. The old one stays beside it.
 */
export async function swapFolder(files: Files, dir: string, folder: string): Promise<void> {
  const [here, next, last] = [folder, nextFolder(folder), lastFolder(folder)].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  await files.rename(here, last);
  await files.rename(next, here);
  await sync(files, dir);
}

/** Moves what is not ours in a folder, and in those of its partitions, to the same place in another. */
async function moveOthers(files: Files, from: string, to: string): Promise<void> {
  for (const entry of await files.readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && isPartitionFolder(entry.name)) await moveOthers(files, source, target);
    else if (!entry.isFile() || !(isPart(entry.name) || isUnfinished(entry.name))) {
      await files.mkdir(to, { recursive: true });
      await files.rename(source, target);
    }
  }
}

/** Removes the folder that was replaced; what is not ours in it goes back to its place. */
export async function discardLast(files: Files, dir: string, folder: string): Promise<void> {
  const last = join(dir, lastFolder(folder));
  await moveOthers(files, last, join(dir, folder));
  await files.rm(last, { recursive: true, force: true });
}

async function hasAll(files: Files, folder: string, names: readonly string[]): Promise<boolean> {
  if (!(await isThere(files, folder))) return false;
  for (const name of names) if (!(await isThere(files, join(folder, name)))) return false;
  return true;
}

/** Goes back to the folder that was replaced when it, and not the one in its place, has what the manifest names. */
async function settleLast(files: Files, dir: string, folder: string, names: readonly string[]): Promise<void> {
  const [here, next, last] = [folder, nextFolder(folder), lastFolder(folder)].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  const isRight = (await hasAll(files, here, names)) || !(await hasAll(files, last, names));
  if (isRight && (await isThere(files, here))) return discardLast(files, dir, folder);
  await files.rm(next, { recursive: true, force: true });
  if (await isThere(files, here)) await files.rename(here, next);
  await files.rename(last, here);
}

/**
 * Settles swaps that were interrupted: the folder stays, or is again, the one that the manifest tells of, and what stands
 * beside it goes. Only for the holder of the lock.
 * @param named every file that the manifest names.
 */
export async function settleFolders(files: Files, dir: string, named: ReadonlySet<string>): Promise<void> {
  const entries = await files.readdir(dir, { withFileTypes: true });
  const beside = entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => BESIDE.exec(name)?.[1] ?? []);
  for (const folder of new Set(beside)) {
    if (await isThere(files, join(dir, lastFolder(folder)))) {
      await settleLast(files, dir, folder, namesIn(folder, named));
    }
    await files.rm(join(dir, nextFolder(folder)), { recursive: true, force: true });
  }
  if (beside.length > 0) await sync(files, dir);
}
