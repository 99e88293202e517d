import type { RunKey } from "../blob.js";
import { StoreError, WandbColumnsError } from "../errors.js";
import type { Naming } from "../plan/names.js";
import type { Thresholds } from "../profile/infer-rules.js";
import { type Forgotten, forgetRuns, forgettingOf } from "../store/forget.js";
import { loadManifest } from "../store/hold-store.js";
import { runText } from "../store/live.js";
import { emptyManifest, type Manifest } from "../store/manifest.js";
import { openStore } from "../store/raw-store.js";
import { isMissing } from "../store/store-env.js";
import type { Environment, Limits, Progress } from "./environment.js";
import { exportTo } from "./export-to.js";
import { type NamedRuns, runsNamed } from "./named-runs.js";
import { type Project, planProject, storeEnv } from "./project.js";
import { withProjectLock } from "./project-lock.js";
import { makeReport } from "./report.js";
import { writeReport } from "./report-files.js";
import { type SinkAddress, sinkPath } from "./sink-address.js";
import { findTables, type WrittenTables } from "./written-tables.js";

export interface ForgetOptions {
  /** Runs or projects, as `runsNamed` reads them. */
  readonly names: readonly string[];
  /** The tables that they are removed from too. */
  readonly sink: SinkAddress;
  readonly dryRun: boolean;
  readonly naming: Naming;
  readonly thresholds: Thresholds;
  readonly limits: Limits;
  readonly progress: Progress;
}

/** What forgetting did, or would do. Plain data. */
export interface ForgetOutcome extends Forgotten {
  readonly targets: readonly NamedRuns[];
  readonly runs: readonly RunKey[];
  /** Files of the tables folder that had rows of the runs. */
  readonly tableFiles: readonly string[];
  /** The report, when there is one: it is written anew. */
  readonly reportFiles: readonly string[];
}

function keyOf(text: string): RunKey {
  const [entity, project, run_id] = JSON.parse(text) as [string, string, string];
  return { entity, project, run_id };
}

/** Every run that the raw store or the tables have. */
function knownRuns(raw: Manifest, tables: WrittenTables | undefined): Map<string, RunKey> {
  const texts = [...raw.versions.map((version) => runText(version.log)), ...(tables?.runs ?? [])];
  return new Map(texts.map((text) => [text, keyOf(text)]));
}

/** Without the raw store the other runs of the tables would be lost with those to forget. */
function refuseWithoutRaw(
  raw: Manifest,
  tables: WrittenTables | undefined,
  targets: ReadonlySet<string>,
  place: string,
) {
  const others = [...(tables?.runs ?? [])].filter((run) => !targets.has(run));
  if (raw.versions.length > 0 || others.length === 0) return;
  throw new StoreError(
    "forget/no-raw",
    `The raw store is empty: the tables in ${place} cannot be written without the run.`,
    {
      where: { file: place },
      next: "Import the sources of the runs that are to stay, or remove the tables.",
    },
  );
}

async function reportFiles(project: Project, env: Environment): Promise<string[]> {
  try {
    return (await env.files.readdir(project.report)).filter((name) => name.startsWith("report.")).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Report and tables are made anew from what the raw store has left. */
async function rewriteRest(project: Project, options: ForgetOptions, outcome: ForgetOutcome, env: Environment) {
  const { limits, thresholds, sink, progress } = options;
  const tables = await findTables(sink, env);
  if (tables === undefined && outcome.reportFiles.length === 0) return;
  const store = await openStore(project.raw, storeEnv(env, limits));
  const planned = await planProject(project, env, options.naming);
  if (outcome.reportFiles.length > 0) {
    const made = await makeReport(store, planned, { thresholds, limits }, env);
    await writeReport(made, { store, planned, thresholds, more: [] }, project, env);
  }
  // Last, since the same command finds the runs again in the tables when it was interrupted here.
  if (tables === undefined) return;
  await exportTo(store, planned.plan, { sink, tableOptions: tables.options, limits, progress }, env);
}

/** Says what is done and what is left, since the raw store has forgotten the runs by now. */
function halfDone(error: unknown): unknown {
  if (!(error instanceof WandbColumnsError)) return error;
  const message = `The raw store has forgotten them, but tables and report still have them: ${error.message}`;
  const next = `${error.next ?? ""} Then run the same command again.`.trim();
  return new StoreError(error.code, message, { where: error.where, next, cause: error });
}

async function forgetLocked(project: Project, options: ForgetOptions, env: Environment): Promise<ForgetOutcome> {
  const raw = (await loadManifest(env.files, project.raw)) ?? emptyManifest();
  const tables = await findTables(options.sink, env);
  const known = knownRuns(raw, tables);
  const targets = options.names.map((name) => runsNamed(name, [...known.values()]));
  const runs = new Map(targets.flatMap((target) => target.runs.map((run) => [runText(run), run] as const)));
  const names = new Set(runs.keys());
  refuseWithoutRaw(raw, tables, names, sinkPath(options.sink));
  const would = forgettingOf(raw, [...runs.values()]);
  const report = await reportFiles(project, env);
  const rest = { targets, runs: [...runs.values()], tableFiles: tables?.filesWith(names) ?? [], reportFiles: report };
  if (options.dryRun) return { ...would, ...rest };
  const forgotten = await forgetRuns(storeEnv(env, options.limits), project.raw, rest.runs);
  const outcome = { ...forgotten, ...rest };
  try {
    await rewriteRest(project, options, outcome, env);
  } catch (error) {
    throw halfDone(error);
  }
  return outcome;
}

/**
 * Removes runs from raw store, tables and report. The raw store forgets at once; if what follows fails or is interrupted,
 * the same command completes it. Schemas keep their columns, and an import of the same source brings the runs back.
 * @throws CliError `forget/…` when a name is unknown or ambiguous; StoreError `store/locked`, `forget/no-raw`, or what the
 * disk says; SchemaError when the schemas cannot be read, after the raw store has forgotten.
 */
export async function forgetNamed(project: Project, options: ForgetOptions, env: Environment): Promise<ForgetOutcome> {
  // First without the lock, whose file would be all that a mistyped name leaves in an empty folder.
  const would = await forgetLocked(project, { ...options, dryRun: true }, env);
  return options.dryRun ? would : withProjectLock(project, env, () => forgetLocked(project, options, env));
}
