import { basename, dirname } from "node:path";
import { type HistoryForm, storedTables } from "../plan/history-form.js";
import { planText } from "../plan/plan-text.js";
import { takeLock } from "../store/lock.js";
import type { RawStore } from "../store/raw-store.js";
import {
  type DatabasePlaces,
  databasePlaces,
  inspectDatabase,
  publishDatabase,
  removeUnfinished,
} from "./database-file.js";
import { DATABASE_FORMAT, type DatabaseManifest } from "./database-manifest.js";
import { ENGINE_SHARE, type ExportRequest, windowLimits, withLanes } from "./export-engine.js";
import { type ExportResult, exportResultOf, factsHash, hashText } from "./export-result.js";
import { fillDatabase } from "./fill-database.js";
import { type PartDraft, partRuns, planParts, runVersions, wholeRuns } from "./parts.js";
import { explainDiskError } from "./staging.js";
import { explainStoreError } from "./store-changed.js";

export interface DatabaseOptions extends ExportRequest {
  /** The database; its folder is made when absent. */
  readonly file: string;
  /** How the history is kept. Default: `wide`. */
  readonly history?: HistoryForm | undefined;
}

type Runs = ReturnType<RawStore["runs"]>;

/** The parts that the tables are filled from, in key order within a kind: growing runs have no parts of their own here. */
function planDrafts({ store }: DatabaseOptions, runs: Runs): PartDraft[] {
  const drafts: PartDraft[] = [{ id: 0, kind: "run", runs: wholeRuns(store.manifest, runs) }];
  for (const kind of ["history", "system_event"] as const) {
    const versions = runVersions(store.manifest, runs, kind).map((run) => ({ ...run, growing: false }));
    drafts.push(...planParts(kind, [], versions, { nextPart: drafts.length }).write);
  }
  return drafts;
}

type Head = Pick<DatabaseManifest, "format" | "plan" | "facts" | "history" | "runs">;

function headOf({ plan, history = "wide" }: DatabaseOptions, runs: Runs, drafts: readonly PartDraft[]): Head {
  const of = (kind: PartDraft["kind"]) => drafts.filter((draft) => draft.kind === kind).flatMap(partRuns);
  return {
    format: DATABASE_FORMAT,
    plan: hashText(planText(plan)),
    facts: factsHash(runs),
    history,
    runs: { run: of("run"), history: of("history"), system_event: of("system_event") },
  };
}

function isSame(known: DatabaseManifest, { format, plan, facts, history, runs }: Head): boolean {
  const text = (head: Head): string => JSON.stringify([head.format, head.plan, head.facts, head.history, head.runs]);
  return text(known) === text({ format, plan, facts, history, runs });
}

function summarise({ file }: DatabasePlaces, manifest: DatabaseManifest, runs: Runs, skipped: boolean): ExportResult {
  const files = [basename(file)];
  const tables = manifest.tables.map(({ name, rows }) => ({ name, rows, files }));
  const { careRecords, findings } = manifest;
  return exportResultOf({ tables, careRecords, findings, skipped }, runs);
}

function write(
  options: DatabaseOptions,
  { writing: file, temp }: DatabasePlaces,
  head: Head,
  drafts: readonly PartDraft[],
): Promise<DatabaseManifest> {
  const { store, plan, memory, threads, env, signal, progress, onEngine } = options;
  const tables = storedTables(plan, head.history);
  const limits = options.window ?? windowLimits(memory, tables);
  return withLanes({ memory, threads, temp, tables, signal }, (session, lanes) =>
    fillDatabase(
      session,
      {
        ...{ lanes, store, plan, tables, temp, limits, files: env.files, signal, onEngine },
        // Pieces live as long as it takes to read them again.
        parquet: { compression: "snappy" },
        ...{ file, drafts, memory: memory * ENGINE_SHARE, threads, progress },
      },
      head,
    ),
  );
}

async function exportLocked(options: DatabaseOptions, places: DatabasePlaces): Promise<ExportResult> {
  const { files } = options.env;
  await removeUnfinished(files, places);
  const runs = options.store.runs();
  const drafts = planDrafts(options, runs);
  const head = headOf(options, runs, drafts);
  const known = await inspectDatabase(places, options.env);
  if (known !== undefined && isSame(known, head)) return summarise(places, known, runs, true);
  try {
    await files.mkdir(places.temp, { recursive: true });
    const manifest = await write(options, places, head, drafts);
    options.signal?.throwIfAborted();
    // Somebody may have made or opened a file of that name meanwhile.
    await inspectDatabase(places, options.env);
    await publishDatabase(files, places);
    return summarise(places, manifest, runs, false);
  } finally {
    await removeUnfinished(files, places);
  }
}

/**
 * Writes the tables of a plan from the raw store into one DuckDB database, with comments on tables and columns: a new
 * file, which takes the place of the old one when it is complete. When nothing is new the file is not touched. One export
 * at a time: it holds a lock beside the file.
 * @throws StoreError `store/locked` when another export writes there, `tables/write` when the file cannot be written,
 * `tables/foreign` when it is another database, no database, or holds other tables too, `tables/in-use` when another
 * program has it open for writing, `tables/manifest` when its manifest is damaged or was written by a newer version,
 * `store/changed` when an import replaced segments meanwhile; the signal's reason when it is aborted.
 */
export async function exportDatabase(options: DatabaseOptions): Promise<ExportResult> {
  const { store, env } = options;
  const { files, machine, now, wait } = env;
  try {
    await files.mkdir(dirname(options.file), { recursive: true });
    const places = await databasePlaces(files, options.file);
    const unlock = await takeLock({ files, process: machine, now, wait }, places.lock, `The database ${options.file}`);
    try {
      return await exportLocked(options, places);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw explainDiskError(await explainStoreError(error, store, files), options.file, false);
  }
}
