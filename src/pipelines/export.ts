import { createHash } from "node:crypto";
import { join } from "node:path";
import { Session } from "../engines/duckdb/session.js";
import { type Finding, finding } from "../finding.js";
import { partFile } from "../plan/part-files.js";
import type { Plan } from "../plan/plan.js";
import { planText } from "../plan/plan-text.js";
import { takeLock } from "../store/lock.js";
import type { RawStore } from "../store/raw-store.js";
import type { Environment } from "./environment.js";
import { compactParts } from "./part-compaction.js";
import { isSame, type PartDraft, type PartPlan, planParts, runVersions, wholeRuns } from "./parts.js";
import { completenessFindings, runFacts } from "./run-facts.js";
import { explainDiskError, Staging } from "./staging.js";
import { explainStoreError } from "./store-changed.js";
import {
  findTablesManifest,
  hasAny,
  LOCK,
  lostFiles,
  publishTables,
  removeLeftovers,
  writeManifest,
} from "./tables-folder.js";
import type { Part, TablesManifest } from "./tables-manifest.js";
import type { WindowLimits } from "./windows.js";
import { writeDictionary, writePart } from "./write-part.js";

export interface ExportOptions {
  readonly store: RawStore;
  readonly plan: Plan;
  /** The tables folder; made when absent. */
  readonly dir: string;
  /** Bytes for DuckDB and our buffers together. */
  readonly memory: number;
  readonly threads: number;
  /** A folder for temporary files of this export alone; made and removed. */
  readonly temp: string;
  /** How much of a part is flattened at once. Default: 64 MB of text, less when memory is scarce. */
  readonly window?: WindowLimits | undefined;
  /** The file system, and who and when, for the lock. */
  readonly env: Pick<Environment, "files" | "machine" | "now" | "wait">;
  /** Called after each part, with parts done and parts in all. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportResult {
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly files: readonly string[] }[];
  readonly careRecords: number;
  readonly findings: readonly Finding[];
  /** Nothing was new: no table was touched. */
  readonly skipped: boolean;
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What an export will do: the parts of each kind. The run kind is one part, number 0. */
interface ExportPlan {
  readonly kinds: readonly PartPlan[];
  readonly nextPart: number;
}

function planExport({ store }: ExportOptions, old: readonly Part[], lost: ReadonlySet<Part>, next: number): ExportPlan {
  const runs = store.runs();
  const draft: PartDraft = { id: 0, kind: "run", runs: wholeRuns(store.manifest, runs) };
  const keep = old.filter((part) => part.kind === "run" && !lost.has(part) && isSame(part, draft));
  const kinds: PartPlan[] = [{ keep, write: keep.length > 0 ? [] : [draft], drop: [], moved: [], nextPart: next }];
  let nextPart = next;
  for (const kind of ["history", "system_event"] as const) {
    const parts = old.filter((part) => part.kind === kind);
    const ofKind = runVersions(store.manifest, runs, kind);
    const plan = compactParts(planParts(kind, parts, ofKind, nextPart, lost), parts, ofKind);
    kinds.push(plan);
    nextPart = plan.nextPart;
  }
  return { kinds, nextPart };
}

function misfitFindings(count: number): Finding[] {
  const message = "Values do not fit their column's type; the table misfits lists them, the residual keeps them.";
  return count === 0 ? [] : [finding("value/misfit", message, { count })];
}

function summarise(
  plan: Plan,
  manifest: TablesManifest,
  runs: ReturnType<RawStore["runs"]>,
  skipped: boolean,
): ExportResult {
  const tables = plan.tables.map((table) => {
    const files = manifest.parts.flatMap((part) => part.files.filter((file) => file.table === table.name));
    if (table.kind === "columns") return { name: table.name, rows: manifest.dictionary, files: [partFile(table, 0)] };
    return {
      name: table.name,
      rows: files.reduce((sum, file) => sum + file.rows, 0),
      files: files.map((file) => file.file),
    };
  });
  const misfits = tables.find((table) => table.name === "misfits")?.rows ?? 0;
  const findings = [
    ...manifest.parts.flatMap((part) => part.findings),
    ...runs.flatMap(completenessFindings),
    ...misfitFindings(misfits),
  ];
  const careRecords = manifest.parts.reduce((sum, part) => sum + part.careRecords, 0);
  return { tables, careRecords, findings, skipped };
}

/** What DuckDB is told it may use; its own peak is above that, and JavaScript needs the rest. */
const ENGINE_SHARE = 0.5;
/** A window may take this share of the memory as text; its rows and the row groups being written take several times that. */
const WINDOW_SHARE = 1 / 32;
const LARGEST_WINDOW = 64e6;
const SMALLEST_WINDOW = 8e6;
const WINDOW_ROWS = 122_880;
/**
 * Windows that are flattened at once: while one waits for JavaScript the other has the engine's threads. Of tables this
 * wide one alone, for the memory: every column takes some hundred kilobytes while a query runs.
 */
const LANES = 2;
const WIDE = 400;

function lanesFor(plan: Plan): number {
  return plan.tables.some((table) => table.columns.length > WIDE) ? 1 : LANES;
}

function windowLimits(memory: number): WindowLimits {
  return { bytes: Math.max(SMALLEST_WINDOW, Math.min(LARGEST_WINDOW, memory * WINDOW_SHARE)), rows: WINDOW_ROWS };
}

/** Writes the parts of a plan, and the data dictionary, into staged files. */
async function writeParts(
  options: ExportOptions,
  drafts: readonly PartDraft[],
  staging: Staging,
): Promise<{ parts: Part[]; dictionary: number }> {
  const { store, plan, memory, threads, temp, env, signal } = options;
  const session = await Session.open({ memory: memory * ENGINE_SHARE, threads, temp });
  const lanes: Session[] = [];
  try {
    while (lanes.length < lanesFor(plan)) lanes.push(await session.lane());
    const common = {
      store,
      plan,
      staging,
      temp,
      limits: options.window ?? windowLimits(memory),
      files: env.files,
      signal,
    };
    const parts: Part[] = [];
    for (const [i, draft] of drafts.entries()) {
      options.signal?.throwIfAborted();
      parts.push(await writePart(session, { lanes, ...common }, draft));
      options.progress?.(i + 1, drafts.length);
    }
    return { parts, dictionary: await writeDictionary(session, plan, staging) };
  } finally {
    for (const lane of lanes) lane.close();
    session.close();
  }
}

function factsHash(runs: ReturnType<RawStore["runs"]>): string {
  const cells = runs.map((run) => [...runFacts(run).cells].map(([name, value]) => [name, String(value)]));
  return hash(JSON.stringify(cells));
}

/** What an export has found in the tables folder. */
interface Present {
  readonly known: TablesManifest | undefined;
  /** Parts of the same plan and of the same computed cells. */
  readonly usable: readonly Part[];
  readonly lost: ReadonlySet<string>;
}

async function lookInto({ env: { files }, dir, plan }: ExportOptions, now: Pick<TablesManifest, "plan" | "facts">) {
  const known = await findTablesManifest(files, dir);
  await removeLeftovers(files, dir, plan, known);
  if (known === undefined || known.plan !== now.plan) return { known, usable: [], lost: new Set<string>() };
  const usable = known.parts.filter((part) => part.kind !== "run" || known.facts === now.facts);
  return { known, usable, lost: await lostFiles(files, dir, plan, known) };
}

function isNothingNew(plan: Plan, { known, lost }: Present, work: ExportPlan, planHash: string): boolean {
  if (known?.plan !== planHash) return false;
  const dictionary = plan.tables.find((table) => table.kind === "columns");
  if (dictionary !== undefined && lost.has(partFile(dictionary, 0))) return false;
  return work.kinds.every((kind) => kind.write.length === 0 && kind.drop.length === 0);
}

async function exportLocked(options: ExportOptions, staging: Staging): Promise<ExportResult> {
  const { dir, plan, temp } = options;
  const { files } = options.env;
  const runs = options.store.runs();
  const now = { plan: hash(planText(plan)), facts: factsHash(runs) };
  const present: Present = await lookInto(options, now);
  const { known, usable } = present;
  const lost = new Set(usable.filter((part) => hasAny(part, present.lost)));
  const same = known?.plan === now.plan ? known : undefined;
  const work = planExport(options, usable, lost, same?.nextPart ?? 1);
  if (known !== undefined && isNothingNew(plan, present, work, now.plan)) {
    if (known.pending.length > 0) await writeManifest(files, dir, { ...known, pending: [] });
    return summarise(plan, known, runs, true);
  }
  await files.mkdir(temp, { recursive: true });
  const drafts = work.kinds.flatMap((kind) => kind.write);
  const { parts: written, dictionary } = await writeParts(options, drafts, staging);
  const parts = [...work.kinds.flatMap((kind) => kind.keep), ...written].sort((a, b) => a.id - b.id);
  const head = { format: 1, ...now, nextPart: work.nextPart } as const;
  const manifest: TablesManifest = { ...head, parts, dictionary, pending: [] };
  options.signal?.throwIfAborted();
  // With another plan every part is written, and runs are grouped anew.
  const moved = same === undefined ? (known?.parts ?? []) : work.kinds.flatMap((kind) => kind.moved);
  await publishTables(files, dir, { staging, before: known, after: manifest, moved });
  return summarise(plan, manifest, runs, false);
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
