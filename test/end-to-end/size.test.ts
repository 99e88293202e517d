import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Project } from "../../src/pipelines/project.js";
import { importLines, type Loaded, load, newProject, rebuild, removeProject } from "./project.js";
import { readRecords } from "./records.js";

const RUNS = 3000;
const ROWS = 3000;

let project: Project;
let loaded: Loaded;

async function writeSchema(target: Project, name: string, body: object): Promise<void> {
  await mkdir(target.schemas, { recursive: true });
  const allOf = [{ $ref: `https://wandb-columns.dev/schemas/${name}.schema.json` }];
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", allOf, ...body };
  await writeFile(join(target.schemas, `${name}.schema.json`), JSON.stringify(schema));
}

const family = (table: string, pattern: string, keys: object) => ({
  patternProperties: { [pattern]: { type: "number", description: "A member.", "x-column": { table, keys } } },
});

function run(i: number): string {
  const config = `{"x":${i % 2 === 0 ? "-0" : "0.0"},"f.${i % 7}":${i}}`;
  return `{"kind":"run","run_id":"r${i}","run":{},"config":${config},"system_metrics":{"system.gpu.0.temp":${i}}}`;
}

const history = (i: number): string =>
  `{"kind":"history","run_id":"r0","row":{"_step":${i},"loss":${i % 2 === 0 ? "-0" : "0.0"},"layer.${i % 5}":${i}}}`;

beforeAll(async () => {
  project = await newProject();
  await writeSchema(project, "config", {
    properties: { x: { type: "number", description: "A double." } },
    ...family("config_f", "^f\\.(?<member>\\d+)$", { member: "int64" }),
  });
  await writeSchema(project, "history-row", {
    properties: { loss: { type: "number", description: "A double." } },
    ...family("layers", "^layer\\.(?<layer>\\d+)$", { layer: "int64" }),
  });
  const lines = [
    ...Array.from({ length: RUNS }, (_, i) => run(i)),
    ...Array.from({ length: ROWS }, (_, i) => history(i)),
  ];
  await importLines(project, readRecords(lines.join("\n")));
  loaded = await load(project);
}, 120_000);
afterAll(() => removeProject(project));

async function ask(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRows();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe("more rows than one chunk of the engine", () => {
  it("come back whole, runs and history rows beside their family rows", async () => {
    const lines = (await rebuild(project, loaded.planned.plan)).map((line) => JSON.parse(line));
    const runs = lines.filter((line) => line.kind === "run");
    expect(runs).toHaveLength(RUNS);
    for (const line of runs) {
      const i = Number(line.run_id.slice(1));
      expect([line.config[`f.${i % 7}`], line.system_metrics["system.gpu.0.temp"]]).toEqual([i, i]);
    }
    const rows = lines.filter((line) => line.kind === "history").map((line) => line.row);
    expect(rows.map((row) => row._step)).toEqual(Array.from({ length: ROWS }, (_, i) => i));
    expect(rows.every((row) => row[`layer.${row._step % 5}`] === row._step)).toBe(true);
  });

  it("keep the sign of zero in Parquet, also of the integer token -0", async () => {
    const negative = "count(*) FILTER (1 / x = '-Infinity'::DOUBLE OR x::VARCHAR = '-0.0')";
    const config = join(project.tables, "runs.parquet");
    const rows = join(project.tables, "history", "*.parquet");
    expect(await ask(`SELECT ${negative} FROM (SELECT config_x AS x FROM '${config}')`)).toEqual([[BigInt(RUNS / 2)]]);
    expect(await ask(`SELECT ${negative} FROM (SELECT loss AS x FROM '${rows}')`)).toEqual([[BigInt(ROWS / 2)]]);
  });

  it("give a family key its values, whatever it is called", async () => {
    const file = join(project.tables, "config_f.parquet");
    expect(await ask(`SELECT DISTINCT member FROM '${file}' ORDER BY 1`)).toEqual(
      [0n, 1n, 2n, 3n, 4n, 5n, 6n].map((key) => [key]),
    );
  });
});

describe("one large or deep value", () => {
  it.each([
    ["a list of 200,000 elements", `{"a":[${Array.from({ length: 200_000 }, () => "1").join()}]}`],
    ["5,000 levels", `{"a":${'{"b":'.repeat(5000)}1${"}".repeat(5000)}}`],
    ["5,000 levels of lists", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`],
    ["a text of 3 MB", `{"a":${JSON.stringify("x".repeat(3_000_000))}}`],
  ])("%s comes back", async (_name, config) => {
    const other = await newProject();
    try {
      await importLines(other, readRecords(`{"kind":"run","run":{},"config":${config}}`));
      const { planned } = await load(other);
      const [line] = await rebuild(other, planned.plan);
      expect(line?.includes(`"config":${config}`)).toBe(true);
    } finally {
      await removeProject(other);
    }
  });
});

it("tables of other schemas are not rebuilt with these", async () => {
  const { plan } = loaded.planned;
  const tables = plan.tables.map((table) =>
    table.name === "history" ? { ...table, columns: table.columns.filter((column) => column.name !== "loss") } : table,
  );
  await expect(rebuild(project, { ...plan, tables })).rejects.toMatchObject({ code: "tables/stale" });
});
