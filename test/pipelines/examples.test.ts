import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BlobName } from "../../src/blob.js";
import { findExamples } from "../../src/pipelines/examples.js";
import { nodeEnvironment } from "../../src/pipelines/node-environment.js";
import { openRaw, projectAt } from "../../src/pipelines/project.js";
import { readRunFacts, withSession } from "../../src/pipelines/run-records.js";

const env = nodeEnvironment();
const limits = { memory: 400e6, threads: 1 };
let root: string;

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

/** A store with two runs; the second has an odd state, history of many rows, and a rare path in its last row. */
async function store() {
  const raw = await openRaw(projectAt(root), env, limits);
  if (raw.runs().length > 0) return raw;
  const writer = await raw.writer();
  const log = { entity: "e", project: "p", source: "wandb-log", start: "" } as const;
  writer.begin({ ...log, run_id: "a" });
  const first = bytes('{"_step":0,"loss":null}');
  writer.history(0n, first, 0, first.length);
  await writer.end({ run: bytes('{"state":"finished","createdAt":"2025-01-01T00:00:00Z"}') }, "complete", 1);
  writer.begin({ ...log, run_id: "b" });
  for (let step = 0; step < 3000; step++) {
    const rare = step === 2999 ? ',"rare":{"deep":[1,2]}' : "";
    const row = bytes(`{"_step":${step},"loss":${step}.50${rare}}`);
    writer.history(BigInt(step), row, 0, row.length);
  }
  const config = bytes(`{"long":"${"x".repeat(500)}","a/b":"\\ud800","big":123456789012345678901234567890}`);
  await writer.end({ run: bytes('{"state":"failed","notes":"\\ud800"}'), config }, "growing", 5000);
  await writer.commit();
  return raw;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "wandb-columns-test-"));
  await mkdir(join(root, "raw"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("an example is the first value that is not null, as it is spelled, wherever it stands", async () => {
  const raw = await store();
  const paths: { blob: BlobName; path: string }[] = [
    { blob: "history", path: "/loss" },
    { blob: "history", path: "/rare/deep" },
    { blob: "history", path: "/never" },
    { blob: "config", path: "/big" },
    { blob: "config", path: "/a~1b" },
    { blob: "config", path: "/long" },
    { blob: "run", path: "/state" },
  ];
  const found = await withSession(env, limits, (session) => findExamples(session, raw, paths, env));
  expect(Object.fromEntries(found)).toEqual({
    "history/loss": "0.50",
    "history/rare/deep": "[1,2]",
    "config/big": "123456789012345678901234567890",
    "config/a~1b": '"\\ud800"',
    "config/long": `"${"x".repeat(118)}…`,
    "run/state": '"finished"',
  });
});

test("facts of runs come from their blobs, also where DuckDB cannot parse the text", async () => {
  const raw = await store();
  const facts = await withSession(env, limits, (session) => readRunFacts(session, raw, true));
  expect(facts).toMatchObject([
    { run_id: "a", state: "finished", started: "2025-01-01T00:00:00Z", history_rows: 1, history_status: "complete" },
    { run_id: "b", state: "failed", history_rows: 3000, history_rows_expected: 5000, history_status: "growing" },
  ]);
  expect(facts[0]?.bytes).toBe(23 + 55);
  expect(facts[1]?.started).toBeUndefined();
});
