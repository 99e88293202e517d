/** Sources of every kind, imported twice an hour after they were written: the second time nothing of them is read. */
import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { importSources } from "../../src/pipelines/import.js";
import { openRaw, type Project } from "../../src/pipelines/project.js";
import { recogniseSources } from "../../src/pipelines/recognise.js";
import { DATA, environment, LIMITS, newProject, removeProject } from "./project.js";

const HOUR = 3_600_000;
const later = { ...environment, now: () => new Date(Date.now() + HOUR) };

let folder: string;
let project: Project;

beforeAll(async () => {
  folder = await files.mkdtemp(join(tmpdir(), "wandb-columns-sources-"));
  project = await newProject();
  await files.cp(join(DATA, "wandb_sdk_offline/numbers"), join(folder, "logs"), { recursive: true });
  await files.cp(join(DATA, "dr_wandb_export"), join(folder, "export"), { recursive: true });
  await files.writeFile(join(folder, "rows.jsonl"), '{"run_id":"a","_step":0,"loss":1}\n{"run_id":"b","_step":0}\n');
});
afterAll(async () => {
  await removeProject(project);
  await files.rm(folder, { recursive: true });
});

/** An import, and how many logs its sources began to hand over. */
async function attempt(name: string) {
  const { sources } = await recogniseSources([join(folder, name)], later);
  const store = await openRaw(project, later, LIMITS);
  const open = store.writer.bind(store);
  let begun = 0;
  store.writer = async () => {
    const writer = await open();
    const begin = writer.begin.bind(writer);
    writer.begin = (key) => {
      begun += 1;
      begin(key);
    };
    return writer;
  };
  const request = { sources, entity: "e", wandbProject: "p", limits: LIMITS, progress: () => undefined };
  const summary = await importSources(store, request, later);
  return { summary, begun };
}

it.each(["logs", "export", "rows.jsonl"])("%s", async (name) => {
  const first = await attempt(name);
  expect(first.begun).toBeGreaterThan(0);
  expect(first.summary.added.length).toBe(first.begun);
  const second = await attempt(name);
  expect(second.begun).toBe(0);
  expect(second.summary.added).toEqual([]);
  expect(second.summary.unchanged).toEqual(first.summary.added);
  expect(second.summary.findings).toEqual(first.summary.findings);
});
