import { isAbsolute, join, relative, sep } from "node:path";
import type { GeneratedWrite } from "../codegen/folder.js";
import type { Finding } from "../finding.js";
import type { Naming } from "../plan/names.js";
import { DEFAULT_THRESHOLDS, type Thresholds } from "../profile/infer-rules.js";
import type { Report } from "../report/schema.js";
import type { RawStore } from "../store/raw-store.js";
import type { ImportSummary } from "../store/raw-store-writer.js";
import { isMissing } from "../store/store-env.js";
import { defaultLimits, type Environment, type Limits, type Progress } from "./environment.js";
import type { ExportResult } from "./export-result.js";
import { exportTo } from "./export-to.js";
import { generateIfNew } from "./generate.js";
import { importSources } from "./import.js";
import { proposeFrom, writeProposal } from "./infer.js";
import { openRaw, type PlannedProject, type Project, planProject } from "./project.js";
import { withProjectLock } from "./project-lock.js";
import { type Recognised, type RecognisedSource, recogniseSources } from "./recognise.js";
import { makeReport } from "./report.js";
import { findKnownReport, type KnownReport, reportPaths, writeReport } from "./report-files.js";
import type { SinkAddress } from "./sink-address.js";
import type { SourcePath } from "./source-paths.js";
import { DEFAULT_TABLE_OPTIONS, type TableOptions } from "./table-options.js";

/** What happens to paths that no schema declares. */
export type OnNew = "report" | "add" | "fail";

export interface SyncOptions {
  /** Paths to import, as texts or with what is to be known of them. */
  readonly paths: readonly (string | SourcePath)[];
  /** W&B entity and project of runs whose source does not say. Default: empty, with a finding. */
  readonly entity?: string | undefined;
  readonly wandbProject?: string | undefined;
  /** Default `report`. */
  readonly onNew?: OnNew;
  /** Default `snake`. */
  readonly naming?: Naming;
  /** Default `DEFAULT_THRESHOLDS`. */
  readonly thresholds?: Thresholds;
  /** Default `defaultLimits`. */
  readonly limits?: Limits;
  /** Where tables are written to. Default: Parquet in the folder of the project. */
  readonly sink?: SinkAddress;
  /** How the tables are kept. Default: `DEFAULT_TABLE_OPTIONS`. */
  readonly tableOptions?: TableOptions;
  readonly progress?: Progress;
}

type SyncRequest = Required<SyncOptions>;

function requestOf(options: SyncOptions, project: Project, env: Environment): SyncRequest {
  const defaults = {
    entity: undefined,
    wandbProject: undefined,
    onNew: "report",
    naming: "snake",
    thresholds: DEFAULT_THRESHOLDS,
    limits: defaultLimits(env.machine),
    sink: { kind: "parquet", dir: project.tables },
    tableOptions: DEFAULT_TABLE_OPTIONS,
    progress: () => {},
  } as const;
  return { ...defaults, ...options };
}

/** What became of the schemas: `created` in a folder that had none, `extended` by new paths, or `kept`. */
export type SchemaAction = "created" | "extended" | "kept";

/** What a sync did. Plain data. */
export interface Synced {
  readonly sources: readonly RecognisedSource[];
  readonly imported: ImportSummary;
  readonly schemas: { readonly action: SchemaAction; readonly files: readonly string[]; readonly gitignore: boolean };
  readonly generated: GeneratedWrite;
  /** Undefined when new paths stopped it: the tables are as they were. */
  readonly exported: ExportResult | undefined;
  readonly report: Report;
  readonly reportFiles: readonly string[];
  readonly findings: readonly Finding[];
}

const DATA_FOLDERS = ["raw/", "tables/", "report/"];

/** What of a project is data: its folders, and tables that a sink puts elsewhere inside of it. */
function dataOf(project: Project, sink: SinkAddress): string[] {
  const place = relative(project.root, sink.kind === "parquet" ? sink.dir : sink.file)
    .split(sep)
    .join("/");
  const isInside = place !== "" && !place.startsWith("..") && !isAbsolute(place);
  const own = isInside ? [`/${place.replace(/[*?[\\ ]/g, "\\$&")}${sink.kind === "parquet" ? "/" : ""}`] : [];
  return [...DATA_FOLDERS, ...own.filter((line) => !DATA_FOLDERS.includes(line.slice(1)))];
}

/** Writes .gitignore when there is none. @returns whether it did. */
async function ignoreData(project: Project, sink: SinkAddress, env: Environment): Promise<boolean> {
  const file = join(project.root, ".gitignore");
  try {
    await env.files.stat(file);
    return false;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  await env.files.writeFile(
    file,
    dataOf(project, sink)
      .map((line) => `${line}\n`)
      .join(""),
  );
  return true;
}

interface Settled {
  readonly planned: PlannedProject;
  readonly schemas: Synced["schemas"];
  /** Paths that no schema declares. */
  readonly undecided: number;
}

/** Brings schemas and data together: what is proposed is written where there are no schemas yet, and where new paths are to be added. */
async function settleSchemas(
  planned: PlannedProject,
  project: Project,
  store: RawStore,
  request: SyncRequest,
  env: Environment,
): Promise<Settled> {
  const proposal = await proposeFrom(store, planned, request, env);
  const first = isFirst(planned);
  const files = [...proposal.applied.files.keys()];
  const gitignore = first && (await ignoreData(project, request.sink, env));
  if (files.length === 0 || !mayWrite(planned, request)) {
    const undecided = proposal.patch.decisions.length;
    return { planned, schemas: { action: "kept", files: [], gitignore }, undecided };
  }
  await writeProposal(proposal, project, env);
  const action = first ? "created" : "extended";
  return { planned: proposal.planned, schemas: { action, files, gitignore }, undecided: 0 };
}

const isFirst = ({ schemas }: PlannedProject): boolean => schemas.project.size === 0 && !schemas.isPackage;

const mayWrite = (planned: PlannedProject, { onNew }: SyncRequest): boolean => isFirst(planned) || onNew === "add";

/** What is the same as after the last sync: neither schemas nor report have to be looked at again. */
function settledBefore(planned: PlannedProject, { report }: KnownReport): Settled {
  const undecided = report.totals.to_decide;
  return { planned, schemas: { action: "kept", files: [], gitignore: false }, undecided };
}

/** A promise that others wait for, and what resolves it. */
function signalOnce(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = (): void => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

async function syncLocked(
  project: Project,
  request: SyncRequest,
  recognised: Recognised,
  env: Environment,
): Promise<Synced> {
  const store = await openRaw(project, env, request.limits);
  const imported = await importSources(store, { ...request, sources: recognised.sources }, env);
  const outside = imported.findings.filter((item) => item.run === undefined);
  const more = [...recognised.findings, ...outside];
  const before = await planProject(project, env, request.naming);
  const inputs = { store, thresholds: request.thresholds, more };
  const found = await findKnownReport({ ...inputs, planned: before }, project, env);
  const known = found?.open === true && mayWrite(before, request) ? undefined : found;
  const { planned, schemas, undecided } =
    known === undefined ? await settleSchemas(before, project, store, request, env) : settledBefore(before, known);
  const stopped = request.onNew === "fail" && undecided > 0;
  const engine = signalOnce();
  const exporting = async (): Promise<ExportResult | undefined> =>
    stopped ? undefined : exportTo(store, planned.plan, { ...request, onEngine: engine.give }, env);
  const works = [
    exporting().finally(engine.give),
    engine.given.then(() => generateIfNew(planned, project, env)),
    engine.given.then(() => known ?? makeReport(store, planned, { ...request, more }, env)),
  ] as const;
  await Promise.allSettled(works);
  const [exported, generated, made] = await Promise.all(works);
  if (known === undefined) await writeReport(made, { ...inputs, planned }, project, env);
  return {
    sources: recognised.sources,
    imported,
    schemas,
    generated,
    exported,
    report: made.report,
    reportFiles: reportPaths(project),
    findings: made.report.findings.flatMap((group) => group.findings),
  };
}

/**
 * The whole way: source -> raw store -> profile -> schemas -> generated/, tables and report. Each step leaves what the
 * ones before it finished; the last three do not depend on each other: JavaScript first prepares what the engine writes,
 * and does the other two while that is at work.
 * @throws SourceError when nothing can be read of any path, SchemaError, StoreError; the signal's reason on Ctrl-C.
 */
export async function sync(project: Project, options: SyncOptions, env: Environment): Promise<Synced> {
  const request = requestOf(options, project, env);
  const recognised = await recogniseSources(request.paths, env);
  return withProjectLock(project, env, () => syncLocked(project, request, recognised, env));
}
