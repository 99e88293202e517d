import { join } from "node:path";
import type { RunKey } from "../blob.js";
import { type StoredTable, storedTables } from "../plan/history-form.js";
import { partFile } from "../plan/part-files.js";
import { planText } from "../plan/plan-text.js";
import { copyToParquet } from "../sinks/parquet.js";
import { takeLock } from "../store/lock.js";
import type { RawStore } from "../store/raw-store.js";
import { prepareDictionary } from "./dictionary.js";
import { type ExportRequest, windowLimits, withLanes } from "./export-engine.js";
import { type ExportResult, exportResultOf, factsHash, hashText } from "./export-result.js";
import { compactParts } from "./part-compaction.js";
import { type Partition, partitionFolder, partitionOf } from "./partitions.js";
import { isSame, type PartDraft, type PartPlan, planParts, runVersions, wholeRuns } from "./parts.js";
import { explainDiskError, Staging } from "./staging.js";
import { explainStoreError } from "./store-changed.js";
import { DEFAULT_TABLE_OPTIONS, type TableOptions } from "./table-options.js";
import {
  findTablesManifest,
  hasAny,
  LOCK,
  lostFiles,
  publishTables,
  removeLeftovers,
  writeManifest,
} from "./tables-folder.js";
import { type Part, type TablesManifest, tablesHeader } from "./tables-manifest.js";
import { writePart } from "./write-part.js";

export type { ExportResult } from "./export-result.js";

export interface ExportOptions extends ExportRequest {
  /** The tables folder; made when absent. */
  readonly dir: string;
  /** How the tables are kept. Default: `DEFAULT_TABLE_OPTIONS`. */
  readonly options?: TableOptions | undefined;
  /** A folder for temporary files of this export alone; made and removed. */
  readonly temp: string;
}

/** What an export will do: the parts of each kind. The run kind is one part, number 0. */
interface ExportPlan {
  readonly kinds: readonly PartPlan[];
  readonly nextPart: number;
}

/** What decides how every part is written: when it changes, all of them are written again. */
interface Form {
  readonly plan: string;
  readonly options: TableOptions;
  readonly partition: Partition;
}

function isOfForm(known: TablesManifest | undefined, form: Form): known is TablesManifest {
  if (known === undefined || known.plan !== form.plan) return false;
  const text = ({ options, partition }: Pick<Form, "options" | "partition">): string => {
    const { history, compression, rowGroupSize } = options;
    return JSON.stringify([history, compression, rowGroupSize ?? null, partition]);
  };
  return text(known) === text(form);
}

function planExport(
  { store }: ExportOptions,
  {
    old,
    lost,
    partition,
  }: { readonly old: readonly Part[]; readonly lost: ReadonlySet<Part>; readonly partition: Partition },
  next: number,
): ExportPlan {
  const runs = store.runs();
  const folder = (key: RunKey): string => partitionFolder(partition, key);
  const draft: PartDraft = { id: 0, kind: "run", runs: wholeRuns(store.manifest, runs) };
  const keep = old.filter((part) => part.kind === "run" && !lost.has(part) && isSame(part, draft));
  const kinds: PartPlan[] = [{ keep, write: keep.length > 0 ? [] : [draft], drop: [], moved: [], nextPart: next }];
  let nextPart = next;
  for (const kind of ["history", "system_event"] as const) {
    const parts = old.filter((part) => part.kind === kind);
    const ofKind = runVersions(store.manifest, runs, kind);
    const planned = planParts(kind, parts, ofKind, { nextPart, lost, folder });
    const plan = compactParts(planned, parts, ofKind, folder);
    kinds.push(plan);
    nextPart = plan.nextPart;
  }
  return { kinds, nextPart };
}

function summarise(
  stored: readonly StoredTable[],
  manifest: TablesManifest,
  runs: ReturnType<RawStore["runs"]>,
  skipped: boolean,
): ExportResult {
  const tables = stored.map((table) => {
    if (table.kind === "columns") return { name: table.name, rows: manifest.dictionary, files: [partFile(table, 0)] };
    const files = manifest.parts.flatMap((part) => part.files.filter((file) => file.table === table.name));
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    return { name: table.name, rows, files: files.map((file) => file.file) };
  });
  const findings = manifest.parts.flatMap((part) => part.findings);
  const careRecords = manifest.parts.reduce((sum, part) => sum + part.careRecords, 0);
  return exportResultOf({ tables, careRecords, findings, skipped }, runs);
}

/** Writes the parts of a plan, and the data dictionary, into staged files. */
function writeParts(
  options: ExportOptions,
  {
    drafts,
    form,
    stored,
  }: { readonly drafts: readonly PartDraft[]; readonly form: Form; readonly stored: readonly StoredTable[] },
  staging: Staging,
): Promise<{ parts: Part[]; dictionary: number }> {
  const { store, plan, memory, temp, env, signal, onEngine } = options;
  const { compression, rowGroupSize: rowGroupRows } = form.options;
  const parquet = { compression, rowGroupRows };
  const limits = options.window ?? windowLimits(memory, stored, rowGroupRows);
  const { partition } = form;
  const { files } = env;
  const common = { store, plan, tables: stored, parquet, partition, staging, temp, limits, files, signal, onEngine };
  return withLanes({ ...options, tables: stored }, async (session, lanes) => {
    const parts: Part[] = [];
    for (const [i, draft] of drafts.entries()) {
      options.signal?.throwIfAborted();
      parts.push(await writePart(session, { lanes, ...common }, draft));
      options.progress?.(i + 1, drafts.length);
    }
    const dictionary = await prepareDictionary(session, plan, stored);
    if (dictionary === undefined) return { parts, dictionary: 0 };
    const { table, query, rows } = dictionary;
    const place = await staging.place(partFile(table, 0));
    await session.run(copyToParquet(table, query, place, { ...parquet, keepNegativeZero: false }));
    return { parts, dictionary: rows };
  });
}

/** What an export has found in the tables folder. */
interface Present {
  readonly known: TablesManifest | undefined;
  /** Parts of the same form and of the same computed cells. */
  readonly usable: readonly Part[];
  readonly lost: ReadonlySet<string>;
}

async function lookInto(
  { env: { files }, dir }: ExportOptions,
  stored: readonly StoredTable[],
  form: Form & Pick<TablesManifest, "facts">,
): Promise<Present> {
  const known = await findTablesManifest(files, dir);
  await removeLeftovers(files, dir, stored, known);
  if (!isOfForm(known, form)) return { known, usable: [], lost: new Set<string>() };
  const usable = known.parts.filter((part) => part.kind !== "run" || known.facts === form.facts);
  return { known, usable, lost: await lostFiles(files, dir, stored, known) };
}

function isNothingNew(stored: readonly StoredTable[], lost: ReadonlySet<string>, work: ExportPlan): boolean {
  const dictionary = stored.find((table) => table.kind === "columns");
  if (dictionary !== undefined && lost.has(partFile(dictionary, 0))) return false;
  return work.kinds.every((kind) => kind.write.length === 0 && kind.drop.length === 0);
}

async function exportLocked(options: ExportOptions, staging: Staging): Promise<ExportResult> {
  const { dir, plan, temp } = options;
  const { files } = options.env;
  const runs = options.store.runs();
  const tableOptions = options.options ?? DEFAULT_TABLE_OPTIONS;
  const partition = partitionOf(tableOptions.partitionBy, runs);
  const form = {
    plan: hashText(planText(plan)),
    facts: factsHash(runs),
    options: tableOptions,
    partition: [...partition],
  };
  const stored = storedTables(plan, tableOptions.history);
  const present = await lookInto(options, stored, form);
  const { known, usable } = present;
  const lost = new Set(usable.filter((part) => hasAny(part, present.lost)));
  const same = isOfForm(known, form) ? known : undefined;
  const work = planExport(options, { old: usable, lost, partition }, same?.nextPart ?? 1);
  if (same !== undefined && isNothingNew(stored, present.lost, work)) {
    if (same.pending.length > 0) await writeManifest(files, dir, { ...same, pending: [] });
    return summarise(stored, same, runs, true);
  }
  await files.mkdir(temp, { recursive: true });
  const drafts = work.kinds.flatMap((kind) => kind.write);
  const { parts: written, dictionary } = await writeParts(options, { drafts, form, stored }, staging);
  const parts = [...work.kinds.flatMap((kind) => kind.keep), ...written].sort((a, b) => a.id - b.id);
  const head = { ...tablesHeader(), ...form, nextPart: work.nextPart };
  const manifest: TablesManifest = { ...head, parts, dictionary, pending: [] };
  options.signal?.throwIfAborted();
  // In another form every part is written, and runs are grouped anew.
  const moved = same === undefined ? (known?.parts ?? []) : work.kinds.flatMap((kind) => kind.moved);
  await publishTables(files, dir, { staging, before: known, after: manifest, moved });
  return summarise(stored, manifest, runs, false);
}

async function exportTidily(options: ExportOptions, staging: Staging): Promise<ExportResult> {
  try {
    return await exportLocked(options, staging);
  } finally {
    await staging.discard();
    await options.env.files.rm(options.temp, { recursive: true, force: true });
  }
}

/**
 * Writes the Parquet tables of a plan from the raw store: only the parts whose runs changed or whose files are missing,
 * all of them when the plan did. One export at a time: it holds a lock on the folder.
 *
 * Every new file is complete before the first replaces an old one, so an error or interruption before that leaves the
 * tables as they were. The files are then renamed one after the other: each is old or new at any time, but someone who
 * reads several of them at that moment may get some of either. An interruption there leaves such a mixture, and the
 * manifest says so in `pending`: the next export writes the files in question again and removes what is left over.
 * @throws StoreError `store/locked` when another export writes there, `tables/write` when the folder cannot be written,
 * `tables/manifest` when its manifest is damaged or was written by a newer version, `store/changed` when an import
 * replaced segments meanwhile; the signal's reason when it is aborted.
 */
export async function exportTables(options: ExportOptions): Promise<ExportResult> {
  const { dir, store } = options;
  const { files, machine, now, wait } = options.env;
  const staging = new Staging(files, dir);
  try {
    await files.mkdir(dir, { recursive: true });
    const unlock = await takeLock({ files, process: machine, now, wait }, join(dir, LOCK), `The tables folder ${dir}`);
    try {
      return await exportTidily(options, staging);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw explainDiskError(await explainStoreError(error, store, files), dir, staging.published);
  }
}
