/** Every run that a real SDK logged, imported, exported and rebuilt, against what W&B's own classes read from its log. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Project } from "../../src/pipelines/project.js";
import { differences, type PayloadRecord, rebuiltRecords } from "./differ.js";
import { byStep, FIXTURES, type Fixture, trueConfig, trueEvents, trueHistory, trueSystemInfo } from "./fixtures.js";
import { objectText, pick } from "./object-text.js";
import { importPaths, load, newProject, rebuild, removeProject } from "./project.js";

/** Sets of fixtures without a run id twice. */
const resumed = (item: Fixture): boolean => item.name === "steps_resumed";
const GROUPS: readonly (readonly [string, readonly Fixture[]])[] = [
  ["SDK 0.31.0, offline", FIXTURES.filter((item) => item.set === "wandb_sdk_offline" && !resumed(item))],
  ["SDK 0.31.0, offline, resumed", FIXTURES.filter(resumed)],
  ["SDK 0.31.0, online", FIXTURES.filter((item) => item.set === "wandb_sdk_online")],
  ["SDK 0.12.21 and 0.19.11", FIXTURES.filter((item) => item.set === "wandb_sdk_legacy")],
];

it("has every fixture in one group", () => {
  expect(GROUPS.flatMap(([, group]) => group).length).toBe(16);
  expect(FIXTURES.length).toBe(16);
});

describe.each(GROUPS)("%s", (_name, group) => {
  let project: Project;
  let records: PayloadRecord[];

  beforeAll(async () => {
    project = await newProject();
    await importPaths(
      project,
      group.map((item) => item.folder),
    );
    const { planned } = await load(project);
    records = rebuiltRecords(await rebuild(project, planned.plan));
  });
  afterAll(() => removeProject(project));

  const of = (kind: string, { expected }: Fixture): PayloadRecord[] =>
    records.filter((record) => record.kind === kind && record.run.endsWith(`/${expected.run.run_id}`));
  const rowsOf = (kind: string, item: Fixture): string[] =>
    of(kind, item).map((record) => record.payloads.get("row") ?? "");
  const blob = (name: string, item: Fixture): string => of("run", item)[0]?.payloads.get(name) ?? "{}";

  it("gives no other run", () => {
    expect(records.filter((record) => record.kind === "run").length).toBe(group.length);
  });

  describe.each(group)("$name", (item) => {
    it("config", () => {
      const got = pick(blob("config", item), (key) => key !== "_wandb");
      expect(differences(trueConfig(item.expected), got)).toEqual([]);
    });

    it("summary", () => {
      expect(differences(objectText(item.expected.summary), blob("summary", item))).toEqual([]);
    });

    it("system_info", () => {
      expect(differences(trueSystemInfo(item), blob("system_info", item))).toEqual([]);
    });

    it("history", () => {
      const want = byStep(trueHistory(item.expected));
      const got = rowsOf("history", item);
      expect(got.length).toBe(want.length);
      expect(want.flatMap(({ text }, i) => differences(text, got[i] ?? "null"))).toEqual([]);
    });

    it("system events", () => {
      const want = trueEvents(item.expected);
      const got = rowsOf("system_event", item);
      expect(got.length).toBe(want.length);
      const known = (key: string): boolean => key === "_timestamp" || key.startsWith("system.");
      const compared = want.flatMap((text, i) => differences(text, pick(got[i] ?? "{}", known)));
      expect(compared.filter((difference) => !difference.startsWith("/_timestamp:"))).toEqual([]);
      const time = (text: string): string =>
        pick(text, (key) => key === "_timestamp").slice('{"_timestamp":'.length, -1);
      expect(got.map((text) => Number(time(text)))).toEqual(want.map((text) => Number(time(text))));
    });
  });
});
