import { createHash } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Session } from "../engines/duckdb/session.js";
import type { Finding } from "../finding.js";
import type { Plan } from "../plan/plan.js";
import { planText } from "../plan/plan-text.js";
import type { RawStore } from "../store/raw-store.js";
import { partFile } from "./part-files.js";
import { type PartDraft, type PartPlan, planParts, runVersions, versionsOf } from "./parts.js";
import { wholeRuns } from "./raw-input.js";
import { completenessFindings, runFacts } from "./run-facts.js";
import { explainDiskError, Staging, sync } from "./staging.js";
import { type Part, readTablesManifest, TABLES_FORMAT, type TablesManifest } from "./tables-manifest.js";
import { writeDictionary, writePart } from "./write-part.js";

export interface ExportOptions {
  readonly store: RawStore;
  readonly plan: Plan;
  /** The tables folder; made when absent. */
  readonly dir: string;
  /** Bytes for DuckDB and our buffers together. */
  readonly memory: number;
  readonly threads: number;
  /** A folder for temporary files; made and removed. */
  readonly temp: string;
  /** Called after each part, with parts done and parts in all. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportResult {
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly files: readonly string[] }[];
  readonly careRecords: number;
  readonly findings: readonly Finding[];
  /** Nothing was new: no file was touched. */
  readonly skipped: boolean;
}

const MANIFEST = "manifest.json";
const KINDS = ["run", "history", "system_event"] as const;

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

async function readManifest(dir: string): Promise<TablesManifest | undefined> {
  const file = join(dir, MANIFEST);
  try {
    return readTablesManifest(await readFile(file, "utf8"), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** What an export will do: the parts of each kind. The run kind is one part, number 0. */
interface ExportPlan {
  readonly kinds: ReadonlyMap<Part["kind"], PartPlan>;
  readonly nextPart: number;
}

function planExport(options: ExportOptions, old: TablesManifest | undefined): ExportPlan {
  const { manifest } = options.store;
  const runs = options.store.runs();
  const kinds = new Map<Part["kind"], PartPlan>();
  const whole = wholeRuns(runs);
  const previous = old?.parts.find((part) => part.kind === "run");
  const first: PartDraft = { id: 0, kind: "run", runs: whole };
  const same = previous !== undefined && JSON.stringify(previous.versions) === JSON.stringify(versionsOf(first));
  kinds.set("run", { keep: same ? [previous] : [], write: same ? [] : [first], drop: [], nextPart: 1 });
  let nextPart = old?.nextPart ?? 1;
  for (const kind of ["history", "system_event"] as const) {
    const parts = (old?.parts ?? []).filter((part) => part.kind === kind);
    const plan = planParts(kind, parts, runVersions(manifest.versions, runs, kind), nextPart);
    kinds.set(kind, plan);
    nextPart = plan.nextPart;
  }
  return { kinds, nextPart };
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
  const findings = [...manifest.parts.flatMap((part) => part.findings), ...runs.flatMap(completenessFindings)];
  const careRecords = manifest.parts.reduce((sum, part) => sum + part.careRecords, 0);
  return { tables, careRecords, findings, skipped };
}

async function writeManifest(dir: string, manifest: TablesManifest, staging: Staging): Promise<void> {
  const place = await staging.place(MANIFEST);
  const handle = await open(place, "w");
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 1)}\n`);
  } finally {
    await handle.close();
  }
  await staging.publish();
  await sync(dir);
}

/** Removes files of the tables folder that the manifest no longer names. */
async function removeDropped(dir: string, old: TablesManifest | undefined, now: TablesManifest): Promise<void> {
  const present = new Set(now.parts.flatMap((part) => part.files.map((file) => file.file)));
  for (const part of old?.parts ?? []) {
    for (const { file } of part.files) if (!present.has(file)) await rm(join(dir, file), { force: true });
  }
}

async function writeParts(
  options: ExportOptions,
  work: ExportPlan,
  staging: Staging,
): Promise<{ parts: Part[]; dictionary: number }> {
  const { temp, threads } = options;
  await mkdir(temp, { recursive: true });
  const session = await Session.open({ memory: options.memory * 0.6, threads, temp });
  try {
    const drafts = KINDS.flatMap((kind) => work.kinds.get(kind)?.write ?? []);
    const parts: Part[] = [];
    for (const [i, draft] of drafts.entries()) {
      options.signal?.throwIfAborted();
      parts.push(await writePart(session, options.store, options.plan, draft, staging));
      options.progress?.(i + 1, drafts.length);
    }
    return { parts, dictionary: await writeDictionary(session, options.plan, staging) };
  } finally {
    session.close();
    await rm(temp, { recursive: true, force: true });
  }
}

/**
 * Writes the Parquet tables of a plan from the raw store: only the parts whose runs changed, all of them when the plan
 * did. New files replace old ones by rename after all are written, the manifest last; an interruption before that leaves
 * the tables as they were.
 * @throws StoreError when the folder cannot be written or was written by a newer version.
 */
export async function exportTables(options: ExportOptions): Promise<ExportResult> {
  const runs = options.store.runs();
  const plan = hash(planText(options.plan));
  const facts = hash(
    JSON.stringify(runs.map((run) => [...runFacts(run).cells].map(([name, value]) => [name, String(value)]))),
  );
  const known = await readManifest(options.dir);
  const old = known?.plan === plan ? known : undefined;
  const base =
    old === undefined || old.facts === facts ? old : { ...old, parts: old.parts.filter((part) => part.kind !== "run") };
  const work = planExport(options, base);
  const changes = [...work.kinds.values()].some((kind) => kind.write.length > 0 || kind.drop.length > 0);
  if (old !== undefined && base === old && !changes) return summarise(options.plan, old, runs, true);
  const staging = new Staging(options.dir);
  try {
    await mkdir(options.dir, { recursive: true });
    const { parts, dictionary } = await writeParts(options, work, staging);
    const kept = [...work.kinds.values()].flatMap((kind) => kind.keep);
    const all = [...kept, ...parts].sort((a, b) => a.id - b.id);
    const manifest: TablesManifest = {
      format: TABLES_FORMAT,
      plan,
      facts,
      nextPart: work.nextPart,
      parts: all,
      dictionary,
    };
    options.signal?.throwIfAborted();
    await staging.publish();
    await writeManifest(options.dir, manifest, staging);
    await removeDropped(options.dir, known, manifest);
    return summarise(options.plan, manifest, runs, false);
  } catch (error) {
    await staging.discard();
    throw explainDiskError(error, options.dir);
  }
}
