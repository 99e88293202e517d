import { join } from "node:path";
import type { Naming } from "../plan/names.js";
import { collectGarbage, garbageOf, type StoreGarbage } from "../store/gc.js";
import { loadManifest } from "../store/hold-store.js";
import { takeLock } from "../store/lock.js";
import { emptyManifest } from "../store/manifest.js";
import type { Environment, Limits } from "./environment.js";
import { type FolderSize, folderSize } from "./folder-size.js";
import { needRaw, type Project, planProject, storeEnv } from "./project.js";
import { withProjectLock } from "./project-lock.js";
import { findTablesManifest, LOCK, removeLeftovers } from "./tables-folder.js";

export interface GcOptions {
  /** The folder of tables whose leftovers are removed. */
  readonly tables: string;
  readonly dryRun: boolean;
  readonly naming: Naming;
  readonly limits: Limits;
}

/** A folder before and after. */
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

/** Measures a folder before and after. */
async function freeing<T>(
  folder: string,
  env: Environment,
  act: () => Promise<T>,
): Promise<{ result: T; freed: Freed }> {
  const before = await folderSize(env.files, folder);
  const result = await act();
  return { result, freed: { folder, before, after: await folderSize(env.files, folder) } };
}

/** Removes what exports that did not come to an end have left. */
async function tidyTables(project: Project, options: GcOptions, env: Environment): Promise<void> {
  const { files, machine, now, wait } = env;
  const dir = options.tables;
  if ((await findTablesManifest(files, dir)) === undefined) return;
  const { plan } = await planProject(project, env, options.naming);
  const unlock = await takeLock({ files, process: machine, now, wait }, join(dir, LOCK), `The tables folder ${dir}`);
  try {
    await removeLeftovers(files, dir, plan, await findTablesManifest(files, dir));
  } finally {
    await unlock();
  }
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
    const tables = await freeing(options.tables, env, () => tidyTables(project, options, env));
    const raw = await freeing(project.raw, env, () => collectGarbage(store, project.raw));
    return { ...raw.result, freed: [raw.freed, tables.freed] };
  });
}
