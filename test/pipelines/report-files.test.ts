/** The report of a sync is made anew when anything that it is made from has changed, and only then. */
import * as files from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Project } from "../../src/pipelines/project.js";
import { type SyncOptions, sync } from "../../src/pipelines/sync.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";
import { environment, LIMITS, newProject, removeProject } from "../end-to-end/project.js";

let project: Project;
let source: string;

beforeAll(async () => {
  project = await newProject();
  source = join(project.root, "rows.jsonl");
  await files.writeFile(source, '{"run_id":"a","_step":0,"loss":1}\n{"run_id":"b","_step":0,"loss":2,"acc":"NaN"}\n');
});
afterAll(() => removeProject(project));

const state = () => join(project.report, ".report");
const json = () => join(project.report, "report.json");

/** A sync, and whether it made the report. */
async function attempt(options: Partial<SyncOptions> = {}) {
  const before = await files.stat(json()).catch(() => undefined);
  const request = { paths: [source], entity: "e", wandbProject: "p", limits: LIMITS, ...options };
  const synced = await sync(project, request, environment);
  const { ino, mtimeMs } = await files.stat(json());
  return { synced, made: before === undefined || before.ino !== ino || before.mtimeMs !== mtimeMs };
}

it("keeps a report that would be the same, and gives the same result", async () => {
  const first = await attempt();
  expect(first.made).toBe(true);
  expect(first.synced.schemas.action).toBe("created");
  const again = await attempt();
  expect(again.made).toBe(false);
  expect(again.synced.schemas.action).toBe("kept");
  expect(again.synced.report).toEqual(first.synced.report);
  expect(again.synced.findings).toEqual(first.synced.findings);
  expect(again.synced.exported?.skipped).toBe(true);
});

it.each<[string, () => Promise<Partial<SyncOptions> | undefined>]>([
  ["another name of entity", async () => ({ entity: "other" })],
  ["other thresholds", async () => ({ thresholds: { ...DEFAULT_THRESHOLDS, maxColumns: 7 } })],
  ["other names of columns", async () => ({ naming: "verbatim" })],
  [
    "a new row",
    async () => {
      await files.appendFile(source, '{"run_id":"c","_step":0,"loss":3}\n');
      return undefined;
    },
  ],
  [
    "an edited schema",
    async () => {
      const names = (await files.readdir(project.schemas, { recursive: true })).filter((name) =>
        name.endsWith(".json"),
      );
      for (const name of names) await files.appendFile(join(project.schemas, name), "\n");
      return undefined;
    },
  ],
  [
    "an edited report",
    async () => {
      await files.appendFile(json(), " ");
      return undefined;
    },
  ],
  ["a lost report.md", async () => files.rm(join(project.report, "report.md")).then(() => undefined)],
  ["a lost state", async () => files.rm(state()).then(() => undefined)],
  ["a state that is no JSON", async () => files.writeFile(state(), "{").then(() => undefined)],
  ["a state of another shape", async () => files.writeFile(state(), '{"inputs":1}').then(() => undefined)],
])("makes it anew after %s", async (_, change) => {
  await attempt();
  expect((await attempt()).made).toBe(false);
  const options = (await change()) ?? {};
  expect((await attempt(options)).made).toBe(true);
  expect((await attempt(options)).made).toBe(false);
});

it("with paths that no schema declares, only --on-new add looks again", async () => {
  await attempt();
  await files.appendFile(source, '{"run_id":"d","_step":0,"novel":4}\n');
  expect((await attempt()).synced.report.totals.to_decide).toBe(1);
  const again = await attempt();
  expect(again.made).toBe(false);
  expect(again.synced.report.totals.to_decide).toBe(1);
  const stopped = await attempt({ onNew: "fail" });
  expect(stopped.synced.exported).toBeUndefined();
  expect(stopped.made).toBe(false);
  const added = await attempt({ onNew: "add" });
  expect(added.synced.schemas.action).toBe("extended");
  expect(added.synced.report.totals.to_decide).toBe(0);
  expect((await attempt({ onNew: "add" })).made).toBe(false);
});

it("checks schemas again that were edited since they were generated from", async () => {
  await attempt();
  const [name = expect.fail()] = (await files.readdir(project.schemas, { recursive: true })).filter(
    (path) => path.endsWith("history.schema.json") || path.endsWith("history-row.schema.json"),
  );
  const file = join(project.schemas, name);
  const before = await files.readFile(file, "utf8");
  await files.writeFile(file, before.replace("{", '{"propertees": {},'));
  await expect(attempt()).rejects.toMatchObject({ code: "schema/keyword" });
  await files.writeFile(file, before);
  expect((await attempt()).made).toBe(false);
});

it("keeps the report of the sync that has written schemas of several blobs", async () => {
  const other = await newProject();
  try {
    const runs = join(other.root, "runs.jsonl");
    await files.writeFile(
      runs,
      '{"id":"a","config":{"lr":1},"summary":{"acc":2},"state":"finished","history":[{"_step":0,"loss":1}]}\n',
    );
    const request = { paths: [runs], entity: "e", wandbProject: "p", limits: LIMITS };
    const first = await sync(other, request, environment);
    expect(first.schemas.files.length).toBe(3);
    const before = await files.stat(join(other.report, "report.json"));
    await sync(other, request, environment);
    expect((await files.stat(join(other.report, "report.json"))).ino).toBe(before.ino);
  } finally {
    await removeProject(other);
  }
});
