import { join } from "node:path";
import type { Naming } from "../plan/names.js";
import { collectGarbage, garbageOf, type StoreGarbage } from "../store/gc.js";
import { loadManifest } from "../store/hold-store.js";
import { takeLock } from "../store/lock.js";
import { emptyManifest } from "../store/manifest.js";
import { type DatabasePlaces, databasePlaces, removeUnfinished } from "./database-file.js";
import type { Environment, Limits } from "./environment.js";
import { type FolderSize, folderSize } from "./folder-size.js";
import { needRaw, type Project, planProject, storeEnv } from "./project.js";
import { withProjectLock } from "./project-lock.js";
import type { SinkAddress } from "./sink-address.js";
import { findTablesManifest, LOCK, removeLeftovers } from "./tables-folder.js";

export interface GcOptions {
  /** The tables whose leftovers are removed. */
  readonly sink: SinkAddress;
  readonly dryRun: boolean;
  readonly naming: Naming;
  readonly limits: Limits;
}

/** A folder, or a database with what stands beside it, before and after. */
export interface Freed {
  readonly folder: string;
  readonly before: FolderSize;
  readonly after: FolderSize;
}

/** What `gc` did, or would do. Plain data. */
export interface GcOutcome extends StoreGarbage {
  /** The raw store and the tables; nothing with `dryRun`, since what is written anew is not known before. */
  readonly freed: readonly Freed[];
}

/** Measures places before and after; the first is their name. */
async function freeing<T>(
  places: readonly [string, ...string[]],
  env: Environment,
  act: () => Promise<T>,
): Promise<{ result: T; freed: Freed }> {
  const sizes = async (): Promise<FolderSize> => {
    const all = await Promise.all(places.map((place) => folderSize(env.files, place)));
    return { files: total(all, "files"), bytes: total(all, "bytes") };
  };
  const before = await sizes();
  const result = await act();
  return { result, freed: { folder: places[0], before, after: await sizes() } };
}

const total = (sizes: readonly FolderSize[], name: keyof FolderSize): number =>
  sizes.reduce((sum, size) => sum + size[name], 0);

/** Removes what exports that did not come to an end have left in a folder of tables. */
async function tidyFolder(dir: string, project: Project, options: GcOptions, env: Environment): Promise<void> {
  const { files, machine, now, wait } = env;
  if ((await findTablesManifest(files, dir)) === undefined) return;
  const { plan } = await planProject(project, env, options.naming);
  const unlock = await takeLock({ files, process: machine, now, wait }, join(dir, LOCK), `The tables folder ${dir}`);
  try {
    await removeLeftovers(files, dir, plan.tables, await findTablesManifest(files, dir));
  } finally {
    await unlock();
  }
}

/** The same beside a database. */
async function tidyDatabase(places: DatabasePlaces, env: Environment): Promise<void> {
  const { files, machine, now, wait } = env;
  if ((await folderSize(files, places.file)).files === 0) return;
  const what = `The database ${places.file}`;
  const unlock = await takeLock({ files, process: machine, now, wait }, places.lock, what);
  try {
    await removeUnfinished(files, places);
  } finally {
    await unlock();
  }
}

async function tidyTables(project: Project, options: GcOptions, env: Environment): Promise<Freed> {
  const { sink } = options;
  if (sink.kind === "parquet") {
    return (await freeing([sink.dir], env, () => tidyFolder(sink.dir, project, options, env))).freed;
  }
  const places = await databasePlaces(env.files, sink.file);
  const all = [places.file, places.writing, places.temp] as const;
  return (await freeing(all, env, () => tidyDatabase(places, env))).freed;
}

/**
 * Drops what the raw store holds beside what counts, merges its segments, and removes leftovers of crashed runs from raw
 * store and tables. No table changes.
 * @throws StoreError `project/no-data` when nothing was imported; `store/locked` when another writer is at work;
 * SchemaError when there are tables and the schemas cannot be read.
 */
export async function gcProject(project: Project, options: GcOptions, env: Environment): Promise<GcOutcome> {
  await needRaw(project, env, options.limits);
  if (options.dryRun) {
    return { ...garbageOf((await loadManifest(env.files, project.raw)) ?? emptyManifest()), freed: [] };
  }
  return withProjectLock(project, env, async () => {
    const store = storeEnv(env, options.limits);
    const tables = await tidyTables(project, options, env);
    const raw = await freeing([project.raw], env, () => collectGarbage(store, project.raw));
    return { ...raw.result, freed: [raw.freed, tables] };
  });
}
