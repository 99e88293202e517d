/** The long and the struct history give the rows of the wide one back, cell by cell, whatever is in them. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fieldsOf, writeRows } from "../../src/engines/duckdb/care.js";
import { fromDriver, readable } from "../../src/engines/duckdb/cells.js";
import { Session } from "../../src/engines/duckdb/session.js";
import { quoteIdentifier } from "../../src/engines/duckdb/types.js";
import type { Row } from "../../src/flatten/flatten.js";
import { wideRow } from "../../src/flatten/long-rows.js";
import type { Value } from "../../src/flatten/value.js";
import { formatTimestamp } from "../../src/json/timestamp.js";
import { type HistoryForm, metricColumns, type StoredTable, storedTables } from "../../src/plan/history-form.js";
import { type Column, LOGICAL_TYPES, type LogicalType, type Plan, type Table } from "../../src/plan/plan.js";
import { copyToParquet } from "../../src/sinks/parquet.js";
import { storedQuery } from "../../src/sinks/stored-query.js";
import { cellText } from "../end-to-end/tables.js";
import { temporaryFolder } from "../temporary-folder.js";

const CASES = Number(process.env["PROPERTY_CASES"] ?? 2000);
const BATCH = 20;

let session: Session;
beforeAll(async () => {
  session = await Session.open({ memory: 1e9, threads: 2, temp: tmpdir() });
});
afterAll(() => session.close());

const KEYS: readonly [string, LogicalType][] = [
  ["entity", "string"],
  ["project", "string"],
  ["run_id", "string"],
  ["step", "int64"],
  ["ordinal", "int64"],
  ["timestamp", "float64"],
  ["logged_at", "timestamp"],
];
/** Names that are words of the queries, and some that need quotes. */
const NAMES = ["metric", "value", "value_text", "c", "t", "cells$", "cell$", "rows$", "metrics", 'a "b"', "é", "'"];

function historyOf(metrics: readonly (readonly [string, LogicalType])[]): Table {
  const columns = [...KEYS, ...metrics].map(([name, type], i): Column => ({ id: i + 1, name, type, description: "" }));
  return {
    name: "history",
    kind: "history",
    description: "",
    key: ["entity", "project", "run_id", "step", "ordinal"],
    columns,
    residuals: [{ id: 1000, name: "history_residual", blob: "history" }],
    families: [],
  };
}

const EVERY = historyOf([
  ...LOGICAL_TYPES.map((type): [string, LogicalType] => [`of ${type}`, type]),
  ...NAMES.map((name, i): [string, LogicalType] => [name, i % 2 === 0 ? "float64" : "string"]),
]);

function stored(table: Table, form: HistoryForm): StoredTable {
  const plan: Plan = { format: 1, naming: "snake", tables: [table], serialized: [], retired: [] };
  return storedTables(plan, form)[0] as StoredTable;
}

const text = fc
  .oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "NULL", "true", "1", "\ufeffx", "a\0b", '"', "[1]", "null"))
  .filter((value) => value.isWellFormed());
const SCALARS: Record<string, fc.Arbitrary<Value>> = {
  boolean: fc.boolean(),
  int64: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(0n, 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 53n) - 1n, 2n ** 62n),
  ),
  decimal: fc.oneof(
    fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
    fc.constantFrom(0n, 2n ** 53n, 2n ** 53n + 1n),
  ),
  float64: fc.oneof(fc.double(), fc.constantFrom(-0, 0, 5e-324, 1e21, 0.1, Number.POSITIVE_INFINITY, Number.NaN)),
  string: text,
  json: fc.oneof(fc.json(), fc.constantFrom("NaN", '"\\ud800"', "1e999", " 1 ")),
  timestamp: fc.oneof(
    fc.bigInt({ min: -62135596800000000n, max: 253402300799999999n }),
    fc.constantFrom(0n, -1n, 1000n, 1_000_000n, -1_000_000n, 999_999n),
  ),
};

function cellsOf(type: LogicalType): fc.Arbitrary<Value> {
  const element = /^list<(.+)>$/.exec(type)?.[1];
  const scalar = SCALARS[element ?? type] ?? fc.constant(null);
  return element === undefined ? scalar : fc.array(fc.option(scalar, { freq: 4 }), { maxLength: 4 });
}

const wide: fc.Arbitrary<readonly (readonly [string, Value])[]> = fc.tuple(
  ...EVERY.columns
    .slice(KEYS.length)
    .map(({ name, type }) => fc.option(cellsOf(type), { freq: 3 }).map((cell): [string, Value] => [name, cell])),
  fc.option(fc.constantFrom('{"x":1}', "{}", "no JSON")).map((cell): [string, Value] => ["history_residual", cell]),
);

const lead = (i: number): [string, Value][] => [
  ["entity", "e\ufeff"],
  ["project", ""],
  ["run_id", `r${Math.floor(i / 7)}`],
  ["step", BigInt(i % 7)],
  ["ordinal", 0n],
  ["timestamp", i % 2 === 0 ? null : -0],
  ["logged_at", i % 2 === 0 ? null : BigInt(i)],
];

const line = (table: Table, row: Row): string[] =>
  fieldsOf(table).map(({ name, type }) => `${name}=${cellText(row.get(name) ?? null, type)}`);

/** Rows of a relation with these columns, in its order. */
async function read(fields: readonly { readonly name: string; readonly type: LogicalType }[], from: string) {
  const rows = await session.rows(`SELECT ${fields.map(readable).join(", ")} FROM ${from}`);
  return rows.map((cells): Row => new Map(fields.map(({ name }, i) => [name, fromDriver(cells[i] ?? null)])));
}

let serial = 0;

/** The rows as a table of the engine, and the rows of a form of it, from a Parquet file. */
async function kept(
  table: Table,
  form: HistoryForm,
  rows: readonly Row[],
): Promise<{ from: string; table: StoredTable }> {
  const name = `wide_${serial++}`;
  await writeRows(session, name, fieldsOf(table), rows);
  const order = table.key.map(quoteIdentifier).join(", ");
  const names = fieldsOf(table).map((field) => quoteIdentifier(field.name));
  const file = join(await temporaryFolder(), "kept.parquet");
  const target = stored(table, form);
  const query = storedQuery(target, `SELECT ${names.join(", ")} FROM ${name} ORDER BY ${order}`);
  await session.run(copyToParquet(target, query, file, { compression: "zstd", keepNegativeZero: true }));
  await session.run(`DROP TABLE ${name}`);
  return { from: `read_parquet('${file}')`, table: target };
}

function longGroups(rows: readonly Row[]): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${String(row.get("run_id"))} ${String(row.get("step"))}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

/** What the long history has for a cell, as its documentation says it. */
function wantedCell(value: Value, type: LogicalType): { value: Value; text: Value } | undefined {
  if (value === null) return undefined;
  if (typeof value === "number") return { value, text: null };
  if (type === "timestamp" && typeof value === "bigint") return { value: null, text: formatTimestamp(value) };
  if (typeof value === "bigint") {
    const safe = value >= -(2n ** 53n) && value <= 2n ** 53n;
    return safe ? { value: Number(value), text: null } : { value: null, text: String(value) };
  }
  return { value: null, text: Array.isArray(value) ? "list" : String(value) };
}

function wantedLong(table: Table, row: Row): string[] {
  const bytes = (a: Column, b: Column): number => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
  const cells = [...metricColumns(table)].sort(bytes).flatMap(({ name, type }) => {
    const cell = wantedCell(row.get(name) ?? null, type);
    return cell === undefined ? [] : [JSON.stringify([name, cellText(cell.value, "float64"), cell.text, null])];
  });
  const left = row.get("history_residual") ?? null;
  return left === null && cells.length > 0 ? cells : [JSON.stringify(["", "NULL", null, left]), ...cells];
}

const foundLong = (row: Row): string => {
  const metric = String(row.get("metric"));
  const isList = EVERY.columns.some(({ name, type }) => name === metric && type.startsWith("list<"));
  const said = isList ? "list" : row.get("value_text");
  return JSON.stringify([metric, cellText(row.get("value") ?? null, "float64"), said, row.get("history_residual")]);
};

async function check(table: Table, rows: readonly Row[]): Promise<void> {
  const want = rows.map((row) => line(table, row));
  const long = await kept(table, "long", rows);
  const found = await read(fieldsOf(long.table), long.from);
  expect(longGroups(found).map((group) => line(table, wideRow(long.table, group)))).toEqual(want);
  expect(found.map(foundLong)).toEqual(rows.flatMap((row) => wantedLong(table, row)));
  const struct = await kept(table, "struct", rows);
  const from =
    struct.table.struct === undefined ? struct.from : `(SELECT * EXCLUDE metrics, metrics.* FROM ${struct.from} r)`;
  expect((await read(fieldsOf(table), from)).map((row) => line(table, row))).toEqual(want);
}

const rowsOf = (cells: readonly (readonly (readonly [string, Value])[])[]): Row[] =>
  cells.map((row, i): Row => new Map([...lead(i), ...row]));

describe("the forms of the history", () => {
  it("hold the same rows as the plan's, and in its order", { timeout: 600_000 }, async () => {
    const batch = fc.array(wide, { minLength: 1, maxLength: BATCH });
    const property = fc.asyncProperty(batch, (cells) => check(EVERY, rowsOf(cells)));
    await fc.assert(property, { numRuns: Math.ceil(CASES / BATCH) });
  });

  it("of rows without metrics, and of a history without any", async () => {
    const none = historyOf([]);
    const empty = [["history_residual", null]] as const;
    await check(none, rowsOf([empty, [["history_residual", '{"a":1}']], empty]));
    await check(EVERY, rowsOf([empty, empty]));
    await check(EVERY, []);
  });

  it("of more metrics than are put beside each other at once", async () => {
    const metrics = Array.from({ length: 700 }, (_, i): [string, LogicalType] => [`m${i}`, "float64"]);
    const cells = (row: number) => metrics.map(([name], i): [string, Value] => [name, (i + row) % 3 === 0 ? i : null]);
    await check(historyOf(metrics), rowsOf([cells(0), cells(1), cells(2)]));
  });

  it("keep the ids of the plan's columns, and their own apart from them", () => {
    for (const form of ["long", "struct"] as const) {
      const { columns, struct, residuals } = stored(EVERY, form);
      const ids = [...columns, ...(struct === undefined ? [] : [struct, ...struct.columns]), ...residuals];
      expect(new Set(ids.map(({ id }) => id)).size).toBe(ids.length);
      for (const { name, id } of EVERY.columns) {
        const same = [...columns, ...(struct?.columns ?? [])].find((column) => column.id === id);
        if (form === "struct") expect(same?.name).toBe(name);
      }
    }
  });
});
