/** Each folder in test/cases with an `input` is a case: input to tables and back, every stage against a golden file. */
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Project } from "../src/pipelines/project.js";
import { planSchemas } from "../src/pipelines/project.js";
import { decisionsText, findingsText, planLines, rowsText } from "./end-to-end/case-text.js";
import { rebuiltRecords } from "./end-to-end/differ.js";
import { expectGolden } from "./end-to-end/golden.js";
import {
  importLines,
  importPaths,
  type Loaded,
  load,
  newProject,
  ROOT,
  rebuild,
  removeProject,
  reportOf,
} from "./end-to-end/project.js";
import { type LogLines, readRecords } from "./end-to-end/records.js";
import { readTables, repeatedKeys } from "./end-to-end/tables.js";
import { lostRecords } from "./end-to-end/truth.js";

const CASES = join(ROOT, "test/cases");
const names = readdirSync(CASES).filter((name) => existsSync(join(CASES, name, "input")));

const RECORDS = "records.jsonl";
const PATHS = "paths.txt";

/** What of an input folder is imported: the paths that it lists, else itself. */
function pathsOf(folder: string): string[] {
  if (!existsSync(join(folder, PATHS))) return [folder];
  const lines = readFileSync(join(folder, PATHS), "utf8").trim().split("\n");
  return lines.map((line) => join(folder, line));
}

/** Imports one input folder; gives the logs when it is in the textual form. */
async function importInput(project: Project, folder: string): Promise<LogLines[] | undefined> {
  const records = join(folder, RECORDS);
  if (!existsSync(records)) {
    await importPaths(project, pathsOf(folder));
    return undefined;
  }
  const logs = readRecords(readFileSync(records, "utf8"));
  await importLines(project, logs);
  return logs;
}

let project: Project | undefined;
afterEach(async () => {
  if (project !== undefined) await removeProject(project);
  project = undefined;
});

/** Loads `input`, then `input-2`, …: later ones as a second sync of the same project. */
async function run(folder: string, at: Project): Promise<{ loaded: Loaded; logs: LogLines[] | undefined }> {
  if (existsSync(join(folder, "schemas"))) cpSync(join(folder, "schemas"), at.schemas, { recursive: true });
  const inputs = readdirSync(folder).filter((name) => /^input(-\d+)?$/.test(name));
  const byLog = new Map<string, LogLines>();
  let textual = true;
  let loaded: Loaded | undefined;
  for (const input of inputs.sort()) {
    const logs = await importInput(at, join(folder, input));
    textual = textual && logs !== undefined;
    for (const log of logs ?? []) byLog.set(JSON.stringify(log.key), log);
    loaded = await load(at);
  }
  if (loaded === undefined) throw new Error(`${folder} has no input`);
  return { loaded, logs: textual ? [...byLog.values()] : undefined };
}

it("has cases", () => expect(names.length).toBeGreaterThanOrEqual(18));

describe.each(names)("%s", (name) => {
  it("gives what it gave", async () => {
    const folder = join(CASES, name);
    project = await newProject();
    const { loaded, logs } = await run(folder, project);
    const { planned, exported } = loaded;
    const builtIn = planSchemas({ ...planned.schemas, project: new Map() }, "snake").plan;
    const { report, findings } = await reportOf(loaded);
    const rebuilt = await rebuild(project, planned.plan);

    if (logs !== undefined) expect(lostRecords(logs, rebuiltRecords(rebuilt))).toEqual([]);
    const tables = await readTables(project.tables, planned.plan, exported);
    for (const table of planned.plan.tables) expect(repeatedKeys(table, tables.get(table.name) ?? [])).toEqual([]);
    expectGolden(folder, "plan.txt", planLines(planned.plan, builtIn));
    expectGolden(folder, "rows.txt", rowsText(planned.plan, tables));
    expectGolden(folder, "decisions.txt", decisionsText(report));
    expectGolden(folder, "findings.txt", findingsText(findings));
    expectGolden(folder, "rebuilt.jsonl", rebuilt.map((line) => `${line}\n`).join(""));
  });
});
