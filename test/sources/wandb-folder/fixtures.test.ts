/** Every log written by a real SDK against what W&B's own protobuf classes read from it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type JsonNode, readJson } from "../../../src/json/read.js";
import { parseTimestamp } from "../../../src/json/timestamp.js";
import { nodeFiles } from "../../../src/sources/wandb-folder/files.js";
import { importWandbFolders } from "../../../src/sources/wandb-folder/import-folders.js";
import { blobText, Recorder } from "./recorder.js";

type Item = [string[], string];
interface Expected {
  records: Record<string, number>;
  incomplete_tail: { at: number; why: string } | null;
  header: Record<string, string>;
  run: Record<string, string | string[] | boolean | number | null>;
  exit: { exit_code: number; runtime: number } | null;
  preempting: boolean;
  config: Item[];
  summary: Item[];
  metrics: Record<string, unknown>[];
  environment: Record<string, unknown>;
  telemetry: Record<string, string | Record<string, boolean>>;
  stats: { timestamp: string; items: [string, string][] }[];
  history: { step: string | null; items: Item[] }[];
}

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "../../data");
const numbers = JSON.parse(readFileSync(join(here, "field-numbers.json"), "utf8")) as {
  telemetry: Record<string, { number: number; fields?: Record<string, number> }>;
  options: Record<string, number>;
  summary: Record<string, number>;
};

/** Run folders with the expectation that belongs to each. */
function fixtures(): { name: string; folder: string; expected: Expected }[] {
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Expected;
  const beside = ["wandb_sdk_online", "wandb_sdk_legacy"].flatMap((set) =>
    readdirSync(join(data, set))
      .filter((name) => name.endsWith(".expected.json"))
      .map((name) => ({
        name: `${set}/${name.replace(".expected.json", "")}`,
        folder: join(data, set, name.replace(".expected.json", "")),
        expected: read(join(data, set, name)),
      })),
  );
  const offline = join(data, "wandb_sdk_offline");
  const inside = readdirSync(offline)
    .filter((name) => !name.endsWith(".md"))
    .map((name) => {
      const run = readdirSync(join(offline, name)).find((entry) => entry.startsWith("offline-run-")) ?? "";
      return {
        name: `wandb_sdk_offline/${name}`,
        folder: join(offline, name, run),
        expected: read(join(offline, name, "expected.json")),
      };
    });
  return [...inside, ...beside];
}

/** The values of a JSON text as `[path, exact text]`, cut at the expected paths. */
function itemsOf(text: string, expected: readonly Item[]): Item[] {
  const stops = new Set(expected.map(([path]) => JSON.stringify(path)));
  const items: Item[] = [];
  const visit = (node: JsonNode, path: string[]): void => {
    const isItem = path.length > 0 && stops.has(JSON.stringify(path));
    if (isItem || node.kind !== "object" || node.members.length === 0) {
      if (path.length > 0) items.push([path, text.slice(node.start, node.end)]);
      return;
    }
    for (const member of node.members) visit(member.value, [...path, member.key]);
  };
  visit(readJson(text), []);
  return items;
}

/** A member of a text that may have bare NaN elsewhere. */
function memberOf(text: string, key: string): Record<string, unknown> {
  const root = readJson(text);
  const member = root.kind === "object" ? root.members.find((each) => each.key === key) : undefined;
  if (member === undefined) throw new Error(`no member ${key}`);
  return JSON.parse(text.slice(member.value.start, member.value.end));
}

const sorted = (items: readonly Item[]) => items.map((item) => JSON.stringify(item)).sort();
const user = (items: readonly Item[]) => items.filter(([path]) => path[0] !== "_wandb");
const isEmpty = (value: unknown) => value === "" || value === false || value === null || value === "0" || value === 0;

function expectedTelemetry(telemetry: Expected["telemetry"]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(telemetry).map(([name, value]) => {
      const field = numbers.telemetry[name];
      if (field === undefined) throw new Error(`unknown telemetry field ${name}`);
      if (typeof value === "string") return [field.number, value];
      return [
        field.number,
        Object.keys(value)
          .map((flag) => field.fields?.[flag])
          .sort((a, b) => Number(a) - Number(b)),
      ];
    }),
  );
}

/** Flags of older SDKs that the descriptors of 0.31 no longer have are in no expectation. */
function knownFlags(telemetry: Record<string, unknown>): Record<string, unknown> {
  const fields = new Map(Object.values(numbers.telemetry).map((field) => [String(field.number), field.fields]));
  return Object.fromEntries(
    Object.entries(telemetry).map(([number, value]) => {
      const known = Object.values(fields.get(number) ?? {});
      return [number, Array.isArray(value) ? value.filter((flag) => known.includes(flag)) : value];
    }),
  );
}

function expectedMetric(metric: Record<string, unknown>, all: readonly Record<string, unknown>[]): unknown {
  const flags = (value: unknown, table: Record<string, number>) =>
    Object.keys(value as object).map((flag) => table[flag]);
  const position = all.findIndex(({ name }) => name === metric["stepMetric"]);
  const encoded: Record<string, unknown> = {};
  if (metric["name"] !== undefined) encoded["1"] = metric["name"];
  if (metric["globName"] !== undefined) encoded["2"] = metric["globName"];
  if (metric["stepMetric"] !== undefined) {
    if (position < 0) encoded["4"] = metric["stepMetric"];
    else encoded["5"] = position + 1;
  }
  if (metric["options"] !== undefined) encoded["6"] = flags(metric["options"], numbers.options);
  if (metric["summary"] !== undefined) encoded["7"] = flags(metric["summary"], numbers.summary);
  if (metric["goal"] !== undefined) encoded["8"] = metric["goal"] === "GOAL_MINIMIZE" ? 1 : 2;
  if (metric["expandedFromGlob"] === true) encoded["10"] = true;
  return encoded;
}

/** Name in the run blob of each fact of expected.json. */
const RUN_NAMES: Record<string, string> = {
  run_id: "name",
  display_name: "displayName",
  group: "group",
  job_type: "jobType",
  notes: "notes",
  sweep_id: "sweepName",
  host: "host",
  resumed: "resumed",
  resume: "resume",
  runtime: "startingRuntime",
};

const found = fixtures();
test("there are fixtures of every SDK generation", () => expect(found.length).toBe(16));

describe.each(found)("$name", ({ folder, expected }) => {
  const recorded = (async () => {
    const recorder = new Recorder();
    await importWandbFolders([folder], recorder, { entity: "team" }, nodeFiles);
    const [log] = recorder.logs;
    if (log === undefined || recorder.logs.length !== 1) throw new Error("one log expected");
    return { log, findings: recorder.findings };
  })();

  test("key and state", async () => {
    const { log } = await recorded;
    expect(log.key.run_id).toBe(expected.run["run_id"]);
    expect(log.key.project).toBe(expected.run["project"]);
    expect(log.key.entity).toBe(expected.run["entity"] || "team");
    expect(log.state).toBe(expected.exit === null ? "growing" : "complete");
    expect(Date.parse(log.key.start)).toBe(Date.parse(String(expected.run["start_time"])));
  });

  test("findings: only the cut tail", async () => {
    const { findings } = await recorded;
    const tail = expected.incomplete_tail;
    expect(findings.map(({ code, message }) => [code, message])).toEqual(
      tail === null ? [] : [["source/open-log", `The record at byte ${tail.at} is not whole: ${tail.why}`]],
    );
  });

  test("config", async () => {
    const { log } = await recorded;
    const items = itemsOf(blobText(log.blobs?.config), expected.config);
    expect(sorted(user(items))).toEqual(sorted(user(expected.config)));
  });

  test("config._wandb has telemetry and metrics", async () => {
    const { log } = await recorded;
    const internal = memberOf(blobText(log.blobs?.config), "_wandb");
    expect(internal["cli_version"]).toBe(expected.telemetry["cliVersion"]);
    expect(knownFlags(internal["t"] as Record<string, unknown>)).toEqual(expectedTelemetry(expected.telemetry));
    const metrics = expected.metrics.map((metric) => expectedMetric(metric, expected.metrics));
    expect(internal["m"] ?? []).toEqual(metrics);
  });

  test("summary", async () => {
    const { log } = await recorded;
    const text = log.blobs?.summary === undefined ? "{}" : blobText(log.blobs.summary);
    expect(sorted(itemsOf(text, expected.summary))).toEqual(sorted(expected.summary));
  });

  test("history rows, exact text", async () => {
    const { log } = await recorded;
    expect(log.history.length).toBe(expected.history.length);
    log.history.forEach((row, i) => {
      const wanted = expected.history[i];
      if (wanted === undefined) throw new Error("row missing");
      expect(row.step).toBe(wanted.step === null ? undefined : BigInt(wanted.step));
      expect(sorted(itemsOf(row.text, wanted.items))).toEqual(sorted(wanted.items));
    });
  });

  test("system events", async () => {
    const { log } = await recorded;
    expect(log.events.length).toBe(expected.stats.length);
    log.events.forEach((text, i) => {
      const wanted = expected.stats[i];
      if (wanted === undefined) throw new Error("event missing");
      const items = wanted.items.map(([key, value]): Item => [[`system.${key}`], value]);
      const got = itemsOf(text, items);
      expect(sorted(got.filter(([path]) => path[0]?.startsWith("system.")))).toEqual(sorted(items));
      const event = JSON.parse(text);
      const [seconds, nanos] = [Date.parse(`${wanted.timestamp.slice(0, 19)}Z`) / 1000, wanted.timestamp.slice(20, 29)];
      expect(event._timestamp).toBe(Number(`${seconds}.${nanos}`));
      if (nanos.endsWith("000")) expect(event._timestamp_nanos).toBeUndefined();
      else expect(event._timestamp_nanos).toBe(Number(nanos));
    });
  });

  test("system info", async () => {
    const { log } = await recorded;
    if (Object.keys(expected.environment).length > 0) {
      expect(JSON.parse(blobText(log.blobs?.system_info))).toEqual(expected.environment);
    } else {
      const file = readFileSync(join(folder, "files/wandb-metadata.json"), "utf8");
      expect(blobText(log.blobs?.system_info)).toBe(file);
    }
  });

  test("run and exit", async () => {
    const { log } = await recorded;
    const run = JSON.parse(blobText(log.blobs?.run));
    for (const [fact, name] of Object.entries(RUN_NAMES)) {
      expect([fact, run[name]]).toEqual([fact, isEmpty(expected.run[fact]) ? undefined : expected.run[fact]]);
    }
    const tags = expected.run["tags"] as string[];
    expect(run.tags ?? []).toEqual(tags);
    const start = parseTimestamp(`${String(expected.run["start_time"]).slice(0, 26)}Z`);
    expect(parseTimestamp(run.createdAt)).toEqual({ micros: start?.micros, zoned: true, canonical: true });
    expect(String(run.startingStep ?? 0)).toBe(expected.run["starting_step"]);
    expect([run.exitCode, run.runtime]).toEqual([expected.exit?.exit_code, expected.exit?.runtime]);
    expect(run.state).toBe(expected.exit === null ? "running" : "finished");
    expect(run.preempting ?? false).toBe(expected.preempting);
    expect(run.logRecords).toEqual(expected.records);
    expect([run.producer, run.minConsumer]).toEqual([expected.header["producer"], expected.header["minConsumer"]]);
  });
});
