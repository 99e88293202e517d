import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Finding } from "../finding.js";
import { jsonText } from "../output/json.js";
import { reportMarkdown } from "../output/markdown.js";
import type { Thresholds } from "../profile/infer-rules.js";
import type { Report } from "../report/schema.js";
import type { RawStore } from "../store/raw-store.js";
import { isMissing, writeDurably } from "../store/store-env.js";
import type { Environment } from "./environment.js";
import { type PlannedProject, type Project, schemaInputs } from "./project.js";

const JSON_FILE = "report.json";
const MARKDOWN_FILE = "report.md";
/** What the report was made from, beside it: the report folder is committed by nobody. */
const STATE_FILE = ".report";

const StateSchema = Type.Object(
  {
    inputs: Type.String({ description: "SHA-256 of all that the report is made from." }),
    open: Type.Boolean({ description: "Whether inference had something to propose." }),
    files: Type.Array(Type.String(), { description: "SHA-256 of report.json and report.md." }),
  },
  { additionalProperties: false },
);
type State = Static<typeof StateSchema>;

/** What decides a report, beside the clock: nothing of it depends on when it is made. */
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

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

function inputsHash({ store, planned, thresholds, more }: ReportInputs, version: string): string {
  const schemas = schemaInputs(planned.schemas, planned.plan.naming, version);
  return sha256(JSON.stringify([schemas, thresholds, more, store.manifest]));
}

async function readFiles(project: Project, env: Environment): Promise<[string, string, string] | undefined> {
  const read = (name: string): Promise<string> => env.files.readFile(join(project.report, name), "utf8");
  try {
    return await Promise.all([read(STATE_FILE), read(JSON_FILE), read(MARKDOWN_FILE)]);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The state in a text; undefined when someone else wrote it. */
function stateIn(text: string): State | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(StateSchema, value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The report that the last sync wrote; undefined when what it was made from has changed, or one of its files. */
export async function findKnownReport(
  inputs: ReportInputs,
  project: Project,
  env: Environment,
): Promise<KnownReport | undefined> {
  const texts = await readFiles(project, env);
  if (texts === undefined) return undefined;
  const [stateText, ...files] = texts;
  const state = stateIn(stateText);
  if (state === undefined || state.inputs !== inputsHash(inputs, env.version)) return undefined;
  if (JSON.stringify(files.map(sha256)) !== JSON.stringify(state.files)) return undefined;
  return { report: JSON.parse(files[0]) as Report, open: state.open };
}

/** Paths of the files of a report. */
export function reportFiles(project: Project): string[] {
  return [JSON_FILE, MARKDOWN_FILE].map((name) => join(project.report, name));
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
  for (const [i, file] of reportFiles(project).entries()) await writeDurably(env.files, file, texts[i] ?? "");
  const state: State = { inputs: inputsHash(inputs, env.version), open, files: texts.map(sha256) };
  await env.files.writeFile(join(project.report, STATE_FILE), `${JSON.stringify(state)}\n`);
}
