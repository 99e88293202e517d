import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment, Limits } from "../../src/pipelines/environment.js";
import { type ExportResult, exportTables } from "../../src/pipelines/export.js";
import { importSources } from "../../src/pipelines/import.js";
import { type Proposal, proposeFrom, writeProposal } from "../../src/pipelines/infer.js";
import { nodeEnvironment } from "../../src/pipelines/node-environment.js";
import { openRaw, type PlannedProject, type Project, planProject, projectAt } from "../../src/pipelines/project.js";
import { rebuildTables } from "../../src/pipelines/rebuild.js";
import { recogniseSources } from "../../src/pipelines/recognise.js";
import { type MadeReport, makeReport } from "../../src/pipelines/report.js";
import type { SourcePath } from "../../src/pipelines/source-paths.js";
import type { Plan } from "../../src/plan/plan.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";
import type { RawStore } from "../../src/store/raw-store.js";
import type { ImportSummary } from "../../src/store/raw-store-writer.js";
import { type LogLines, writeLogLines } from "./records.js";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const DATA = join(ROOT, "test/data");
export const LIMITS: Limits = { memory: 1e9, threads: 2 };

/** The real machine and file system, at a moment of our choosing. */
export const environment: Environment = {
  ...nodeEnvironment(),
  machine: {
    pid: process.pid,
    host: "here",
    memory: 4e9,
    threads: 2,
    temp: tmpdir(),
    isAlive: (pid) => pid === process.pid,
    startOf: () => undefined,
  },
  builtInSchemas: join(ROOT, "schemas"),
  builtInGenerated: join(ROOT, "generated"),
  signal: new AbortController().signal,
  version: "0.0.0-test",
  now: () => new Date("2026-01-02T03:04:05.678Z"),
};

/** A project in a folder of its own. */
export async function newProject(): Promise<Project> {
  return projectAt(await files.mkdtemp(join(tmpdir(), "wandb-columns-project-")));
}

export function removeProject(project: Project): Promise<void> {
  return files.rm(project.root, { recursive: true, force: true });
}

/** Imports what the importer recognises. */
export async function importPaths(
  project: Project,
  paths: readonly (string | SourcePath)[],
  place: { readonly entity?: string; readonly wandbProject?: string } = {},
): Promise<ImportSummary> {
  const { sources } = await recogniseSources(paths, environment);
  const store = await openRaw(project, environment, LIMITS);
  const request = { sources, entity: place.entity, wandbProject: place.wandbProject, limits: LIMITS };
  return importSources(store, { ...request, progress: () => undefined }, environment);
}

/** Imports records in their textual form, all logs in one commit. */
export async function importLines(project: Project, logs: readonly LogLines[]): Promise<ImportSummary> {
  const store = await openRaw(project, environment, LIMITS);
  const writer = await store.writer();
  for (const log of logs) await writeLogLines(writer, log);
  return writer.commit();
}

/** What the steps after the import gave. */
export interface Loaded {
  readonly store: RawStore;
  readonly proposal: Proposal;
  readonly planned: PlannedProject;
  readonly exported: ExportResult;
}

/** raw store -> profile -> schemas (inferred when there are none, or when `extend` is set) -> plan -> tables. */
export async function load(project: Project, extend = false): Promise<Loaded> {
  const store = await openRaw(project, environment, LIMITS);
  const before = await planProject(project, environment, "snake");
  const proposal = await proposeFrom(store, before, { thresholds: DEFAULT_THRESHOLDS, limits: LIMITS }, environment);
  const infers = extend || before.schemas.project.size === 0;
  if (infers) await writeProposal(proposal, project, environment);
  const planned = infers ? await planProject(project, environment, "snake") : before;
  return { store, proposal, planned, exported: await exportPlan(project, store, planned.plan) };
}

export function exportPlan(project: Project, store: RawStore, plan: Plan): Promise<ExportResult> {
  const temp = join(project.tables, ".engine");
  return exportTables({ store, plan, dir: project.tables, ...LIMITS, temp, env: environment });
}

export function reportOf({ store, planned }: Loaded): Promise<MadeReport> {
  return makeReport(store, planned, { thresholds: DEFAULT_THRESHOLDS, limits: LIMITS }, environment);
}

/** The lines that `rebuild` prints. @throws Error when one of them is more than a line. */
export async function rebuild(project: Project, plan: Plan): Promise<string[]> {
  const lines: string[] = [];
  const write = async (line: string): Promise<void> => {
    if (/[\n\r]/.test(line)) throw new Error(`A line end inside of a line: ${JSON.stringify(line)}`);
    lines.push(line);
  };
  await rebuildTables({ plan, dir: project.tables, write, ...LIMITS, temp: join(project.root, ".rebuild") });
  return lines;
}
