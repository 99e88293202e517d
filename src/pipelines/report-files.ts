import { join } from "node:path";
import type { Finding } from "../finding.js";
import { jsonText } from "../output/json.js";
import { reportMarkdown } from "../output/markdown.js";
import type { Thresholds } from "../profile/infer-rules.js";
import type { Report } from "../report/schema.js";
import type { RawStore } from "../store/raw-store.js";
import { writeDurably } from "../store/store-env.js";
import type { Environment } from "./environment.js";
import { hashText } from "./export-result.js";
import { type PlannedProject, type Project, schemaInputs, textOf } from "./project.js";

/** What the report was made from, beside it: the report folder is committed by nobody. */
const STATE_FILE = ".report";

/** All that decides a report; when it is made does not. */
interface ReportInputs {
  readonly store: RawStore;
  readonly planned: PlannedProject;
  readonly thresholds: Thresholds;
  /** Findings that the store does not keep. */
  readonly more: readonly Finding[];
}

/** A report that is on the disk and need not be made anew. */
export interface KnownReport {
  readonly report: Report;
  /** Whether inference has something to propose. */
  readonly open: boolean;
}

function inputsHash({ store, planned, thresholds, more }: ReportInputs, version: string): string {
  const schemas = schemaInputs(planned.schemas, planned.plan.naming, version);
  return hashText(JSON.stringify([schemas, thresholds, more, store.manifest]));
}

/** The text of the state: what the report was made from, and what of it stands in its files. */
function stateText(inputs: string, open: boolean, texts: readonly string[]): string {
  return `${JSON.stringify({ inputs, open, files: texts.map(hashText) })}\n`;
}

/** The report that the last sync wrote; undefined when what it was made from has changed, or one of its files. */
export async function findKnownReport(
  inputs: ReportInputs,
  project: Project,
  env: Environment,
): Promise<KnownReport | undefined> {
  const paths = [statePath(project), ...reportPaths(project)];
  const [state, json, markdown] = await Promise.all(paths.map((path) => textOf(path, env)));
  if (state === undefined || json === undefined || markdown === undefined) return undefined;
  const hash = inputsHash(inputs, env.version);
  const open = [false, true].find((value) => stateText(hash, value, [json, markdown]) === state);
  return open === undefined ? undefined : { report: JSON.parse(json) as Report, open };
}

const statePath = (project: Project): string => join(project.report, STATE_FILE);

/** Paths of the files of a report. */
export function reportPaths(project: Project): string[] {
  return ["report.json", "report.md"].map((name) => join(project.report, name));
}

/** Writes report.json and report.md, and beside them what they were made from. */
export async function writeReport(
  { report, open }: KnownReport,
  inputs: ReportInputs,
  project: Project,
  env: Environment,
): Promise<void> {
  const texts = [jsonText(report), reportMarkdown(report)];
  await env.files.mkdir(project.report, { recursive: true });
  for (const [i, path] of reportPaths(project).entries()) await writeDurably(env.files, path, texts[i] ?? "");
  await env.files.writeFile(statePath(project), stateText(inputsHash(inputs, env.version), open, texts));
}
