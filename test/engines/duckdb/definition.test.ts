import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BlobName, RecordKind } from "../../../src/blob.js";
import { fieldsOf, writeRows } from "../../../src/engines/duckdb/care.js";
import { fromDriver, readable } from "../../../src/engines/duckdb/cells.js";
import { dropTemporary, flattenWithDuckdb, prepareFacts } from "../../../src/engines/duckdb/flatten.js";
import { Session } from "../../../src/engines/duckdb/session.js";
import { flattenRecord, type RawRecord, type Row } from "../../../src/flatten/flatten.js";
import { type RecordShape, shapeRecord } from "../../../src/flatten/shape.js";
import type { Value } from "../../../src/flatten/value.js";
import { type Plan, type Table, tableOf } from "../../../src/plan/plan.js";
import { BOUNDS, type Bounds } from "../../../src/profile/bounds.js";
import { HAZARD, UNUSABLE } from "../../../src/profile/profile.js";
import { Profiler } from "../../../src/profile/profiler.js";
import { sameJson } from "../../flatten/equal.js";
import { blobText, mildBatch, plannedColumns, planOf, scalarText } from "../../flatten/hostile.js";

const CASES = Number(process.env["PROPERTY_CASES"] ?? 10_000);
const BATCH = 20;

let session: Session;
let temp: string;
let serial = 0;
const seen = { records: 0, care: 0 };

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), "definition-"));
  session = await Session.open({ memory: 1e9, threads: 2, temp });
});
afterAll(() => {
  session.close();
  rmSync(temp, { recursive: true });
});

const key = { entity: "e", project: "p\ufeff", run_id: "" };
const encoder = new TextEncoder();

/** Writes raw rows as the raw store does and gives the relation, with the profile of the rows. */
async function rawRows(
  shape: RecordShape,
  records: readonly RawRecord[],
  bounds: Bounds,
): Promise<{ source: string; profile: ReturnType<Profiler["finish"]> }> {
  const profiler = new Profiler(bounds);
  const rows = records.map((record): Row => {
    profiler.beginRun(record.key);
    const row: Row = new Map<string, Value>([
      ...Object.entries(record.key),
      ["step", record.step],
      ["ordinal", record.ordinal],
    ]);
    for (const { blob } of shape.blobs) {
      const text = record.blobs[blob];
      if (text === undefined) continue;
      const bytes = encoder.encode(text);
      let hazards = profiler.scan(blob, bytes, 0, bytes.length);
      if (blob === "history" && profiler.stepFrom >= 0) {
        const token = text.slice(profiler.stepFrom, profiler.stepTo);
        if (!profiler.stepIsInteger || token !== String(record.step) || record.step === -1n) hazards |= HAZARD.ODD_STEP;
      }
      if ((hazards & UNUSABLE) === 0 && !profiler.hasNull) hazards |= HAZARD.NO_NULLS;
      row.set(blob, text);
      row.set(`${blob}_hazards`, BigInt(hazards));
    }
    return row;
  });
  const name = `raw_${serial++}`;
  const keys = ["entity", "project", "run_id"].map((item) => ({ name: item, type: "string" as const }));
  const numbers = ["step", "ordinal"].map((item) => ({ name: item, type: "int64" as const }));
  const blobs = shape.blobs.flatMap(({ blob }) => [
    { name: blob as string, type: "string" as const },
    { name: `${blob}_hazards`, type: "int64" as const },
  ]);
  await writeRows(session, name, [...keys, ...numbers, ...blobs], rows);
  return { source: name, profile: profiler.finish() };
}

async function readTable(table: Table, query: string): Promise<Row[]> {
  const fields = fieldsOf(table);
  const sql = `SELECT ${fields.map(readable).join(", ")} FROM (${query})`;
  const rows = await session.rows(sql);
  return rows.map(
    (row) => new Map(fields.map((field, i): [string, Value] => [field.name, fromDriver(row[i] ?? null)])),
  );
}

function cellText(value: Value | undefined): string {
  if (typeof value === "number" && Object.is(value, -0)) return "-0.0";
  if (Array.isArray(value)) return `[${value.map(cellText).join()}]`;
  if (typeof value === "string") return JSON.stringify(value);
  return `${typeof value}:${String(value ?? null)}`;
}

function sameResidual(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return sameJson(a, b);
  } catch {
    return false;
  }
}

function compare(table: Table, got: readonly Row[], want: readonly Row[], info: string): void {
  const sortKey = (row: Row): string => JSON.stringify(table.key.map((name) => String(row.get(name))));
  const sorted = (rows: readonly Row[]): Row[] => [...rows].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const a = sorted(got);
  const b = sorted(want);
  expect(a.map(sortKey), `${table.name} keys ${info}`).toEqual(b.map(sortKey));
  const residuals = new Set(table.residuals.map((item) => item.name));
  for (const [i, row] of a.entries()) {
    const other = b[i] as Row;
    for (const field of fieldsOf(table)) {
      const x = row.get(field.name) ?? null;
      const y = other.get(field.name) ?? null;
      if (residuals.has(field.name) && typeof x === "string" && typeof y === "string" && sameResidual(x, y)) continue;
      expect(cellText(x), `${table.name}.${field.name} row ${i} ${info}`).toBe(cellText(y));
    }
  }
}

async function check(
  plan: Plan,
  kind: RecordKind,
  records: readonly RawRecord[],
  bounds: Bounds = BOUNDS,
): Promise<void> {
  const shape = shapeRecord(plan, kind);
  const misfits = tableOf(plan, "misfits");
  const { source, profile } = await rawRows(shape, records, bounds);
  const name = `t${serial++}_`;
  const computed = kind === "run" ? records.map((record) => ({ key: record.key, cells: record.computed })) : [];
  const facts = await prepareFacts(session, shape, computed, `${name}facts`);
  const job = { shape, misfits, source, profile, facts, extra: [], name, ordered: false };
  const result = await flattenWithDuckdb(session, job);
  const want = new Map<string, Row[]>();
  for (const record of records) {
    const flat = flattenRecord(shape, record);
    for (const [table, rows] of flat.rows) want.set(table, [...(want.get(table) ?? []), ...rows]);
    const rows = flat.misfits.map(
      (misfit): Row =>
        new Map<string, Value>([
          ...Object.entries(record.key),
          ["step", record.step],
          ["ordinal", record.ordinal],
          ...Object.entries(misfit),
        ]),
    );
    want.set("misfits", [...(want.get("misfits") ?? []), ...rows]);
  }
  const info = records.map((record) => JSON.stringify(record.blobs)).join("\n");
  for (const [table, query] of result.queries)
    compare(tableOf(plan, table), await readTable(tableOf(plan, table), query), want.get(table) ?? [], info);
  if (result.careRecords === records.length) expect([...result.queries.values()].join()).not.toMatch(/json_\w+\(/);
  await dropTemporary(session, name);
  await session.run(`DROP TABLE ${source}`);
  seen.care += result.careRecords;
  seen.records += records.length;
}

const family = fc.constantFrom("float64" as const, "int64" as const, "string" as const);
const plan = fc
  .tuple(plannedColumns, plannedColumns, family)
  .map(([config, history, type]) => planOf(config, history, type));

function record(kind: RecordKind, ordinal: number, blobs: Partial<Record<BlobName, string>>, step = -1n): RawRecord {
  const computed = new Map<string, Value>(kind === "run" ? [["history_rows", 7n]] : []);
  return { kind, key, step, ordinal: BigInt(ordinal), blobs, computed };
}

const withStep = fc
  .tuple(blobText, fc.constantFrom("", "", "7", "7.0", "-1", "null", '"7"', "8"))
  .map(([text, step]) => {
    if (!text.startsWith("{") || step === "" || text.includes("_step")) return { text, step: -1n };
    return { text: text === "{}" ? `{"_step":${step}}` : `{"_step":${step},${text.slice(1)}`, step: 7n };
  });

const mildStep = mildBatch.map((texts) =>
  texts.map((text) =>
    text.startsWith("{") && text !== "{}" ? { text: `{"_step":7,${text.slice(1)}`, step: 7n } : { text, step: -1n },
  ),
);
const histories = fc.oneof(
  { weight: 2, arbitrary: mildStep },
  { weight: 1, arbitrary: fc.array(withStep, { minLength: 1, maxLength: BATCH }) },
);
const optional = fc.option(blobText, { nil: undefined, freq: 1 });
const configs = fc.oneof(
  {
    weight: 2,
    arbitrary: mildBatch.map((texts) => texts.map((text): [string, string | undefined] => [text, undefined])),
  },
  { weight: 1, arbitrary: fc.array(fc.tuple(blobText, optional), { minLength: 1, maxLength: BATCH }) },
);

const metricName = fc.constantFrom(
  "gpu.0.temp",
  "gpu.00.temp",
  "cpu",
  "cpu.3.x",
  "disk./.used",
  "",
  "a..b",
  "gpu.1.",
  "x y",
);
const eventText = fc
  .uniqueArray(fc.tuple(metricName, scalarText), { maxLength: 6, selector: ([name]) => name })
  .map(
    (all) =>
      `{${['"_timestamp":1755615516.49', ...all.map(([name, text]) => `${JSON.stringify(`system.${name}`)}:${text}`)].join(",")}}`,
  );

const runs = { numRuns: Math.ceil(CASES / BATCH) };

/** Bounds that leave some paths of ordinary documents without a name. */
const bounds = fc.record({
  nameBytes: fc.constantFrom(5, 6, 1024),
  room: fc.constantFrom([4], [9, 2], [12, 4, 1], [1000, 3, 1], [1000, 1000]),
  keptNames: fc.constantFrom(0, 3, 1000),
  collected: fc.constantFrom(8, 1 << 17),
});

it("flattens hostile config blobs as the definition says", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(plan, configs, async (p, texts) => {
      const records = texts.map(([config, summary], i) => {
        const more = summary === undefined ? {} : { summary, system_metrics: summary };
        return { ...record("run", -1, { config, ...more }), key: { ...key, run_id: `run ${i}` } };
      });
      await check(p, "run", records);
    }),
    { ...runs, numRuns: Math.ceil(runs.numRuns / 4) },
  );
});

it("flattens hostile history rows as the definition says", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(plan, histories, async (p, rows) => {
      await check(
        p,
        "history",
        rows.map(({ text, step }, i) => record("history", i, { history: text }, step)),
      );
    }),
    runs,
  );
});

it("flattens hostile system events as the definition says", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      plan,
      fc.array(fc.oneof({ weight: 9, arbitrary: eventText }, { weight: 1, arbitrary: blobText }), {
        minLength: 1,
        maxLength: BATCH,
      }),
      async (p, rows) => {
        await check(
          p,
          "system_event",
          rows.map((text, i) => record("system_event", i, { system_event: text })),
        );
      },
    ),
    { ...runs, numRuns: Math.ceil(runs.numRuns / 4) },
  );
});

it("flattens what the profile does not name as the definition says", { timeout: 600_000 }, async () => {
  const before = { ...seen };
  const rows = fc.oneof(
    mildStep.map((all) => all.map(({ text, step }, i) => record("history", i, { history: text }, step))),
    configs.map((all) =>
      all.map(([config], i) => ({ ...record("run", -1, { config }), key: { ...key, run_id: `run ${i}` } })),
    ),
    fc
      .array(eventText, { minLength: 1, maxLength: BATCH })
      .map((all) => all.map((text, i) => record("system_event", i, { system_event: text }))),
  );
  await fc.assert(
    fc.asyncProperty(plan, rows, bounds, async (p, records, narrow) => {
      await check(p, records[0]?.kind ?? "run", records, narrow);
    }),
    { numRuns: Math.ceil(runs.numRuns / 2) },
  );
  const care = (seen.care - before.care) / (seen.records - before.records);
  Object.assign(seen, before);
  expect(care).toBeGreaterThan(0.2);
  expect(care).toBeLessThan(0.9);
});

it("takes both ways often enough to say so", () => {
  expect(seen.records).toBeGreaterThan(0);
  expect(seen.care / seen.records).toBeGreaterThan(0.1);
  expect(seen.care / seen.records).toBeLessThan(0.8);
});
