/** What must hold of the whole way from records to tables, whatever the records. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { Project } from "../../src/pipelines/project.js";
import type { Plan } from "../../src/plan/plan.js";
import { isMissing } from "../../src/store/store-env.js";
import { blobText, mildBatch } from "../flatten/hostile.js";
import { rebuiltRecords, recordDifferences } from "./differ.js";
import { importLines, type Loaded, load, newProject, rebuild, removeProject } from "./project.js";
import { type LogLines, readRecords } from "./records.js";
import { allLines } from "./tables.js";
import { lostRecords } from "./truth.js";

const CASES = Number(process.env["PROPERTY_CASES"] ?? 10_000);

const open: Project[] = [];
async function project(): Promise<Project> {
  const made = await newProject();
  open.push(made);
  return made;
}
async function removeAll(): Promise<void> {
  for (const made of open.splice(0)) await removeProject(made);
}
afterEach(removeAll);

/** Nothing to infer: no schema was written. */
function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

const linesOf = (at: Project, { planned, exported }: Loaded) => allLines(at.tables, planned.plan, exported);

/** Every file of a folder with what shows a rewrite. */
function stamps(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { ino, mtimeNs, size } = statSync(path, { bigint: true });
      return [path.slice(folder.length + 1), `${ino} ${mtimeNs} ${size}`];
    }),
  );
}

/** Six runs of two projects that differ in keys, types and shapes. */
const RECORDS = `
{"kind":"run","run_id":"a","config":{"lr":0.1,"opt":{"name":"adam"},"layers":[1,2]},"summary":{"loss":1}}
{"kind":"history","run_id":"a","row":{"_step":0,"loss":2,"Loss":1}}
{"kind":"history","run_id":"a","row":{"_step":1,"loss":1.5}}
{"kind":"history","run_id":"a","row":{"_step":2,"loss":"NaN","note":"x"}}
{"kind":"system_event","run_id":"a","row":{"_timestamp":1,"system.cpu":5}}
{"kind":"system_event","run_id":"a","row":{"_timestamp":2,"system.gpu.0.temp":50}}
{"kind":"run","run_id":"b","config":{"lr":1,"opt":null,"layers":[]},"summary":{}}
{"kind":"history","run_id":"b","row":{"_step":5,"acc":0.5,"g":{"norm":1}}}
{"kind":"history","run_id":"b","row":{"_step":3,"acc":9007199254740993}}
{"kind":"run","run_id":"c","config":{"lr":"auto","a.b":1,"a":{"b":2}}}
{"kind":"run","project":"other","run_id":"a","config":{"LR":3,"seed":9007199254740993},"summary":{"loss":-Infinity}}
{"kind":"history","project":"other","run_id":"a","row":{"_step":0,"g.norm":2}}
{"kind":"history","project":"other","run_id":"a","row":{"_step":-4,"loss":-0.0}}
{"kind":"run","project":"other","run_id":"d","config":{"lr":1,"lr":2},"summary":{"when":"2025-01-01T00:00:00Z"}}
{"kind":"run","project":"other","run_id":"e","run":{"state":"running"},"config":{},"state":"growing"}
{"kind":"history","project":"other","run_id":"e","row":{"_step":0,"loss":{"mean":1}}}
`;

describe("order and split of the input", () => {
  it("change neither a byte of the plan nor a row", { timeout: 600_000 }, async () => {
    const logs = readRecords(RECORDS);
    const reference = await project();
    await importLines(reference, logs);
    const loaded = await load(reference);
    const want = await linesOf(reference, loaded);
    expect(want["runs"]?.length).toBe(6);
    const shuffledRows = fc.tuple(
      ...logs.map((log) => fc.shuffledSubarray([...log.history], { minLength: log.history.length })),
    );
    const order = fc.shuffledSubarray([...logs.keys()], { minLength: logs.length });
    const cuts = fc.array(fc.nat({ max: logs.length }), { maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(shuffledRows, order, cuts, async (rows, indices, ends) => {
        const at = await project();
        const all = indices.map((i): LogLines => ({ ...(logs[i] as LogLines), history: rows[i] ?? [] }));
        const bounds = [0, ...[...ends].sort((a, b) => a - b), all.length];
        for (const [i, end] of bounds.entries()) if (i > 0) await importLines(at, all.slice(bounds[i - 1], end));
        const other = await load(at);
        expect(other.planned.planText).toBe(loaded.planned.planText);
        expect(await linesOf(at, other)).toEqual(want);
        await removeProject(at);
      }),
      { numRuns: Math.max(3, Math.ceil(CASES / 2000)) },
    );
  });
});

describe("doing it again", () => {
  it("imports nothing new and exports nothing", async () => {
    const at = await project();
    const logs = readRecords(RECORDS);
    await importLines(at, logs);
    await load(at);
    const before = stamps(at.tables);
    const segments = [...stamps(at.raw)].filter(([name]) => name.endsWith(".parquet"));
    const again = await importLines(at, logs);
    expect(again.added).toEqual([]);
    expect(again.unchanged.length).toBe(logs.length);
    expect([...stamps(at.raw)].filter(([name]) => name.endsWith(".parquet"))).toEqual(segments);
    const loaded = await load(at);
    expect(loaded.exported.skipped).toBe(true);
    expect(stamps(at.tables)).toEqual(before);
  });

  it("gives the same bytes of every table from an empty folder", async () => {
    const results: string[][] = [];
    for (let i = 0; i < 2; i++) {
      const at = await project();
      await importLines(at, readRecords(RECORDS));
      await load(at);
      const hash = (name: string): string =>
        createHash("sha256")
          .update(readFileSync(join(at.tables, name)))
          .digest("hex");
      results.push([...stamps(at.tables).keys()].sort().map((name) => `${hash(name)} ${name}`));
    }
    expect(results[0]?.length).toBeGreaterThan(6);
    expect(results[1]).toEqual(results[0]);
  });
});

const history = (run: string, losses: readonly number[]): string =>
  losses.map((loss, i) => `{"kind":"history","run_id":"${run}","row":{"_step":${i},"loss":${loss}}}`).join("\n");
const growing = `{"kind":"run","run_id":"live","state":"growing"}\n${history("live", [3])}`;
const finished = `{"kind":"run","run_id":"done"}\n${history("done", [9, 8])}`;

describe("a growing run", () => {
  it("is replaced by its longer log, and the parts of finished runs stay", async () => {
    const at = await project();
    await importLines(at, readRecords(`${growing}\n${finished}`));
    await load(at);
    const before = stamps(at.tables);
    const longer = await importLines(at, readRecords(`{"kind":"run","run_id":"live"}\n${history("live", [3, 2, 1])}`));
    expect([longer.added.length, longer.replaced]).toEqual([1, 1]);
    const loaded = await load(at);
    const lines = await linesOf(at, loaded);
    expect(lines["history"]?.map((line) => line.replace(/^.*(run_id="\w+").*(loss=\d).*$/, "$1 $2"))).toEqual([
      'run_id="done" loss=9',
      'run_id="done" loss=8',
      'run_id="live" loss=3',
      'run_id="live" loss=2',
      'run_id="live" loss=1',
    ]);
    const after = stamps(at.tables);
    const kept = [...before].filter(([name, stamp]) => name.startsWith("history/") && after.get(name) === stamp);
    expect(kept.length).toBe(1);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  });
});

describe("a plan that changed", () => {
  it("rewrites every part", async () => {
    const at = await project();
    await importLines(at, readRecords(`${growing}\n${finished}`));
    await load(at);
    const before = stamps(at.tables);
    const acc = { description: "Accuracy.", type: "number" };
    await mkdir(at.schemas, { recursive: true });
    const file = join(at.schemas, "summary.schema.json");
    const allOf = [{ $ref: "https://wandb-columns.dev/schemas/summary.schema.json" }];
    writeFileSync(file, JSON.stringify({ allOf, properties: { acc } }));
    const loaded = await load(at);
    expect(loaded.exported.skipped).toBe(false);
    const after = stamps(at.tables);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    expect([...after].filter(([name, stamp]) => before.get(name) === stamp)).toEqual([]);
  });
});

const NAMES = [
  "r",
  "",
  "p\ufeff",
  "\ufeff",
  'it\'s "quoted"',
  "a/b",
  "[ab]*?",
  "é🚀",
  "__proto__",
  "k".repeat(200),
  "a\nb",
];
const name = fc.constantFrom(...NAMES);
const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const blob = fc.option(blobText, { nil: undefined }).map((text) => (text === undefined ? undefined : bytes(text)));
const step = fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined, freq: 4 });

/** A log of hostile blobs, as an importer would hand it over. */
const hostileLog = fc.record({
  key: fc.record({
    entity: name,
    project: name,
    run_id: name,
    source: fc.constant("wandb-log" as const),
    start: fc.constantFrom("", "2026-01-01T00:00:00Z"),
  }),
  state: fc.constantFrom("complete" as const, "growing" as const, "damaged" as const),
  expectedRows: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
  blobs: fc.record({
    run: blobText.map(bytes),
    config: blob,
    summary: blob,
    system_info: blob,
    system_metrics: blob,
  }),
  history: fc
    .oneof(mildBatch, fc.array(blobText, { maxLength: 6 }))
    .chain((rows) => fc.tuple(...rows.map((text) => step.map((given) => ({ step: given, bytes: bytes(text) }))))),
  events: fc.array(blobText.map(bytes), { maxLength: 3 }),
});
const hostileLogs = fc.uniqueArray(hostileLog, {
  minLength: 1,
  maxLength: 4,
  selector: (log) => JSON.stringify(log.key),
});

/** The records that rebuild printed, to be imported again; a row whose step is -1 has none. */
function again(lines: readonly string[]): LogLines[] {
  return readRecords(lines.join("\n")).map((log) => ({
    ...log,
    history: log.history.map((row) => (row.step === -1n ? { ...row, step: undefined } : row)),
  }));
}

/** Columns that say how a run was imported, and texts of objects: their members have no order, their tokens any space. */
function notCompared(plan: Plan): ReadonlySet<string> {
  const residuals = plan.tables.flatMap((table) => table.residuals.map((item) => item.name));
  return new Set(["fetched_at", "history_status", "history_rows_expected", "value_text", ...residuals]);
}

describe("hostile records", () => {
  it("come back as they were, and make the same tables again", { timeout: 1_200_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(hostileLogs, async (logs) => {
        const at = await project();
        await importLines(at, logs);
        const { planned, exported } = await load(at);
        const lines = await rebuild(at, planned.plan);
        expect(lostRecords(logs, rebuiltRecords(lines))).toEqual([]);

        const other = await project();
        await cp(at.schemas, other.schemas, { recursive: true, force: true }).catch(ignoreMissing);
        await importLines(other, again(lines));
        const loaded = await load(other);
        expect(recordDifferences(rebuiltRecords(lines), rebuiltRecords(await rebuild(other, planned.plan)))).toEqual(
          [],
        );
        const skip = notCompared(planned.plan);
        const [first, second] = [
          await allLines(at.tables, planned.plan, exported, skip),
          await allLines(other.tables, loaded.planned.plan, loaded.exported, skip),
        ];
        expect(second).toEqual(first);
        await removeAll();
      }),
      // One case is a whole project: to shrink a failure would take minutes; its seed gives it again.
      { numRuns: Math.max(5, Math.ceil(CASES / 1000)), endOnFailure: true },
    );
  });

  it("give the same plan and the same rows in any order and split", { timeout: 1_200_000 }, async () => {
    const shuffled = hostileLogs.chain((logs) =>
      fc.record({
        logs: fc.constant(logs),
        order: fc.shuffledSubarray(logs, { minLength: logs.length }),
        cut: fc.nat({ max: logs.length }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ({ logs, order, cut }) => {
        const [at, other] = [await project(), await project()];
        await importLines(at, logs);
        for (const part of [order.slice(0, cut), order.slice(cut)]) await importLines(other, part);
        const [first, second] = [await load(at), await load(other)];
        expect(second.planned.planText).toBe(first.planned.planText);
        const { plan } = first.planned;
        const skip = notCompared(plan);
        const want = await allLines(at.tables, plan, first.exported, skip);
        expect(await allLines(other.tables, plan, second.exported, skip)).toEqual(want);
        const [lines, others] = [await rebuild(at, plan), await rebuild(other, plan)];
        expect(recordDifferences(rebuiltRecords(lines), rebuiltRecords(others))).toEqual([]);
        await removeAll();
      }),
      { numRuns: Math.max(5, Math.ceil(CASES / 2000)), endOnFailure: true },
    );
  });
});
