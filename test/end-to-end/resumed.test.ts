/** A run that was resumed: two logs, imported at once or one after the other, in either order. */
import { cp, rm } from "node:fs/promises";
import { afterEach, expect, it } from "vitest";
import type { Project } from "../../src/pipelines/project.js";
import { differences, rebuiltRecords } from "./differ.js";
import { byStep, fixture, trueConfig, trueEvents, trueHistory } from "./fixtures.js";
import { pick } from "./object-text.js";
import { importPaths, type Loaded, load, newProject, rebuild, removeProject } from "./project.js";
import { allLines } from "./tables.js";

const FIRST = fixture("wandb_sdk_offline", "steps");
const SECOND = fixture("wandb_sdk_offline", "steps_resumed");

const open: Project[] = [];
async function project(): Promise<Project> {
  const made = await newProject();
  open.push(made);
  return made;
}
afterEach(async () => {
  for (const made of open.splice(0)) await removeProject(made);
});

const linesOf = (at: Project, { planned, exported }: Loaded) => allLines(at.tables, planned.plan, exported);

it("has the same tables whatever the order of the imports", async () => {
  const together = await project();
  await importPaths(together, [FIRST.folder, SECOND.folder]);
  const loaded = await load(together);
  const want = await linesOf(together, loaded);
  expect(want["history"]?.length).toBe(9);
  for (const order of [
    [FIRST.folder, SECOND.folder],
    [SECOND.folder, FIRST.folder],
  ]) {
    const apart = await project();
    for (const folder of order) await importPaths(apart, [folder]);
    const other = await load(apart);
    expect(other.planned.planText).toBe(loaded.planned.planText);
    expect(await linesOf(apart, other)).toEqual(want);

    const step = await project();
    await cp(together.schemas, step.schemas, { recursive: true });
    for (const folder of order) {
      await importPaths(step, [folder]);
      await load(step);
    }
    const last = await load(step);
    expect(last.exported.skipped).toBe(true);
    expect(await linesOf(step, last)).toEqual(want);
    await rm(step.raw, { recursive: true });
  }
});

it("gives the rows and events of both logs, and the config of the last", async () => {
  const at = await project();
  await importPaths(at, [SECOND.folder, FIRST.folder]);
  const { planned } = await load(at);
  const records = rebuiltRecords(await rebuild(at, planned.plan));
  const texts = (kind: string) =>
    records.filter((record) => record.kind === kind).map((record) => record.payloads.get("row") ?? "null");
  const rows = byStep([FIRST, SECOND].flatMap((item) => trueHistory(item.expected)));
  expect(texts("history").length).toBe(rows.length);
  expect(texts("history").flatMap((text, i) => differences(rows[i]?.text ?? "null", text))).toEqual([]);
  const events = [FIRST, SECOND].flatMap((item) => trueEvents(item.expected));
  const metrics = (text: string): string => pick(text, (key) => key.startsWith("system."));
  expect(
    texts("system_event")
      .map(metrics)
      .flatMap((text, i) => differences(metrics(events[i] ?? "{}"), text)),
  ).toEqual([]);
  const config = records.find((record) => record.kind === "run")?.payloads.get("config") ?? "{}";
  expect(
    differences(
      trueConfig(SECOND.expected),
      pick(config, (key) => key !== "_wandb"),
    ),
  ).toEqual([]);
});
