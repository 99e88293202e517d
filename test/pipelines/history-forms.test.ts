import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTables } from "../../src/explore/open-tables.js";
import { type Project, planProject } from "../../src/pipelines/project.js";
import { DEFAULT_TABLE_OPTIONS } from "../../src/pipelines/table-options.js";
import type { HistoryForm } from "../../src/plan/history-form.js";
import { environment, LIMITS, rebuild } from "../end-to-end/project.js";
import { declare, exportProject, failure, load, project, select, tableFiles } from "./export-fixture.js";

const as = (history: HistoryForm) => ({ options: { ...DEFAULT_TABLE_OPTIONS, history } });
const lines = async (at: Project) => rebuild(at, (await planProject(at, environment, "snake")).plan);

async function hostile(): Promise<Project> {
  const at = await project();
  await declare(at, "x", "loss", "never");
  const rows = [
    '{"_step":0,"_timestamp":1.5,"x":-0.0,"loss":1}',
    '{"_step":1,"x":"NaN","loss":null,"left":{"a":[1]}}',
    '{"_step":1,"loss":9007199254740993}',
    '{"_step":2}',
    '{"_step":3,"_runtime":7,"x":"misfit"}',
    "no JSON",
    '{"_step":"odd","x":1}',
  ];
  const more = { events: ['{"_timestamp":1,"system.cpu":5}'], blobs: { config: '{"lr":1}' } };
  await load(at, { rows, ...more }, { key: { run_id: "r2" }, state: "growing", rows: ['{"_step":5,"x":0.1}'] });
  await load(at, { key: { run_id: "r2", start: "2" }, rows: ['{"_step":4,"x":3}', '{"_step":6,"loss":0}'] });
  return at;
}

describe.each(["long", "struct"] as const)("the history as %s", (form) => {
  it("stands in place of the wide one, and rebuild gives the same payloads", async () => {
    const at = await hostile();
    await exportProject(at);
    const want = await lines(at);
    const { tables } = await exportProject(at, as(form));
    expect(tables.map(({ name }) => name)[1]).toBe(`history_${form}`);
    expect((await tableFiles(at)).filter((file) => file.startsWith("history/"))).toEqual([]);
    expect(await lines(at)).toEqual(want);
    await rm(join(at.tables, "manifest.json"));
    expect(await lines(at)).toEqual(want);
  });

  it("is the same with small windows, and by project", async () => {
    const at = await hostile();
    await exportProject(at);
    const want = await lines(at);
    const options = { ...DEFAULT_TABLE_OPTIONS, history: form, partitionBy: "project" } as const;
    await exportProject(at, { options, window: { bytes: 1, rows: 1 } });
    expect(await lines(at)).toEqual(want);
  });

  it("that lost rows is told by rebuild", async () => {
    const at = await hostile();
    await exportProject(at, as(form));
    const folder = `tables/history_${form}/part-0001.parquet`;
    await select(at, `COPY (SELECT * FROM '${folder}' LIMIT 2) TO '${folder}' (FORMAT parquet)`);
    expect(await failure(lines(at))).toMatchObject({ code: "tables/damaged" });
  });
});

it("long rows are what a metric is looked up in", async () => {
  const at = await hostile();
  await exportProject(at, as("long"));
  const history = "read_parquet('tables/history_long/*.parquet')";
  expect(
    await select(at, `SELECT run_id, step::INT, value FROM ${history} WHERE metric = 'loss' ORDER BY ALL`),
  ).toEqual([
    ["r1", 0, 1],
    ["r2", 6, 0],
  ]);
  expect(await select(at, `SELECT DISTINCT metric FROM ${history} ORDER BY 1`)).toEqual([[""], ["loss"], ["x"]]);
  const means = `SELECT "column", description FROM 'tables/columns.parquet' WHERE "table" = 'history' AND "column" = 'x'`;
  expect(await select(at, means)).toEqual([["x", "A number."]]);
  const own = `SELECT "column", type FROM 'tables/columns.parquet' WHERE "table" = 'history_long'`;
  expect((await select(at, own)).slice(-4)).toEqual([
    ["metric", "string"],
    ["value", "float64"],
    ["value_text", "string"],
    ["history_residual", "string"],
  ]);
});

it("openTables shows the members of the struct as columns", async () => {
  const at = await hostile();
  const cells = async (name: string) => {
    const tables = await openTables(at.tables, { limits: LIMITS, env: environment });
    const { columns } = await tables.describe(name);
    return { columns: columns.map((column) => [column.name, column.type]), rows: (await tables.get(name)).objects() };
  };
  await exportProject(at);
  const want = await cells("history");
  await exportProject(at, as("struct"));
  expect(await cells("history_struct")).toEqual(want);
  const [first] = await select(
    at,
    "SELECT metrics.x, metrics.loss FROM read_parquet('tables/history_struct/*.parquet') WHERE step = 0",
  );
  expect(first).toEqual([-0, 1]);
});
