import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { Environment } from "../../src/pipelines/environment.js";
import { type ExportOptions, type ExportResult, exportTables } from "../../src/pipelines/export.js";
import { openRaw, type Project, planProject } from "../../src/pipelines/project.js";
import type { RawStore } from "../../src/store/raw-store.js";
import { environment, LIMITS, newProject, removeProject } from "../end-to-end/project.js";
import { withSession } from "../end-to-end/tables.js";
import { importLogs, type TestLog } from "../store/store-fixture.js";

const open: Project[] = [];
afterEach(async () => {
  for (const made of open.splice(0)) await removeProject(made);
});

/** A project that is removed after the test. */
export async function project(): Promise<Project> {
  const made = await newProject();
  open.push(made);
  return made;
}

/** Declares number columns of the history. */
export async function declare(at: Project, ...names: string[]): Promise<void> {
  await mkdir(at.schemas, { recursive: true });
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "HistoryRow",
    description: "A row.",
    type: "object",
    allOf: [{ $ref: "https://wandb-columns.dev/schemas/history-row.schema.json" }],
    properties: Object.fromEntries(names.map((name) => [name, { type: "number", description: "A number." }])),
  };
  await writeFile(join(at.schemas, "history-row.schema.json"), JSON.stringify(schema));
}

export const openStoreOf = (at: Project): Promise<RawStore> => openRaw(at, environment, LIMITS);

/** Imports logs through a store of their own. */
export async function load(at: Project, ...logs: readonly TestLog[]): Promise<RawStore> {
  const store = await openStoreOf(at);
  await importLogs(store, ...logs);
  return store;
}

/** Exports with what the schemas declare at this moment. */
export async function exportProject(at: Project, changes: Partial<ExportOptions> = {}): Promise<ExportResult> {
  const { plan } = await planProject(at, environment, "snake");
  const store = changes.store ?? (await openStoreOf(at));
  const temp = join(at.tables, ".engine");
  return exportTables({ store, plan, dir: at.tables, ...LIMITS, temp, env: environment, ...changes });
}

/** Rows of a query in which `tables/` stands for the tables folder. */
export function select(at: Project, sql: string): Promise<unknown[][]> {
  return withSession((session) => session.rows(sql.replaceAll("tables/", `${at.tables}/`)));
}

/** Files below the tables folder. */
export async function tableFiles(at: Project): Promise<string[]> {
  const entries = await readdir(at.tables, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(at.tables.length + 1)).sort();
}

/** An environment in which some calls of the file system go another way. */
export function withFiles(changes: Partial<Environment["files"]>): Environment {
  return { ...environment, files: { ...environment.files, ...changes } };
}

/** History rows that count from 0 in `_step` and `x`. */
export const rowsOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `{"_step":${i},"x":${i}}`);

/** The column x of the history. */
export const history = (at: Project): Promise<unknown[][]> =>
  select(at, "SELECT x FROM read_parquet('tables/history/*.parquet') ORDER BY run_id, step");

/** What a promise fails with; undefined when it does not. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A process whose file system answers nothing any more after so many changes of names. */
export function dying(changes: number) {
  let left = changes;
  let dead = false;
  const mortal = <T extends (...args: never[]) => Promise<unknown>>(act: T, counts: boolean): T =>
    ((...args: Parameters<T>) => {
      if (counts && left-- <= 0) dead = true;
      return dead ? Promise.reject(new Error("killed")) : act(...args);
    }) as T;
  const { files } = environment;
  const env = withFiles({
    rename: mortal(files.rename, true),
    rm: mortal(files.rm, true),
    open: mortal(files.open, false),
    stat: mortal(files.stat, false),
    mkdir: mortal(files.mkdir, false),
    link: mortal(files.link, false),
    readdir: mortal(files.readdir, false) as typeof files.readdir,
    rmdir: mortal(files.rmdir, false),
  });
  const machine = { ...environment.machine, pid: 4_000_001 };
  return { env: { ...env, machine }, died: () => dead };
}
