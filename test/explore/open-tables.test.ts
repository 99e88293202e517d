import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as aq from "arquero";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { fromDriver, readable } from "../../src/engines/duckdb/cells.js";
import { quoteLiteral } from "../../src/engines/duckdb/types.js";
import { type OpenedTables, openTables } from "../../src/explore/open-tables.js";
import { readTable } from "../../src/explore/read-table.js";
import type { Value } from "../../src/flatten/value.js";
import type { Project } from "../../src/pipelines/project.js";
import { DATA, importLines, importPaths, LIMITS, load, newProject, removeProject } from "../end-to-end/project.js";
import { readRecords } from "../end-to-end/records.js";
import { withSession } from "../end-to-end/tables.js";

const open: Project[] = [];
afterAll(async () => {
  for (const project of open) await removeProject(project);
});

const loaded = new Map<string, Promise<Project>>();

/** A project made from a source of test/data, once. */
function projectOf(source: string): Promise<Project> {
  const make = async (): Promise<Project> => {
    const project = await newProject();
    open.push(project);
    await importPaths(project, [join(DATA, source)]);
    await load(project);
    return project;
  };
  const known = loaded.get(source) ?? make();
  loaded.set(source, known);
  return known;
}

const limits = LIMITS;

const cellsOf = (table: aq.ColumnTable, column: string): unknown[] => [...(table.column(column) ?? [])];

/** A cell of either reader in one spelling that tells types and values apart. */
function spelled(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (Array.isArray(value)) return `[${value.map(spelled).join(", ")}]`;
  if (typeof value === "number" && Object.is(value, -0)) return "number -0";
  if (typeof value === "number" || typeof value === "bigint") return `number ${value}`;
  return `${typeof value} ${String(value)}`;
}

/** Cells as DuckDB's own driver gives them, row by row, in the order of the files. */
async function truth(tables: OpenedTables, name: string, files: readonly string[]): Promise<Map<string, string[]>> {
  const { columns } = await tables.describe(name);
  const list = files.map((file) => quoteLiteral(join(tables.dir, file))).join(", ");
  const rows = await withSession((session) =>
    session.rows(`SELECT ${columns.map(readable).join(", ")} FROM read_parquet([${list}], hive_partitioning = false)`),
  );
  return new Map(
    columns.map((column, i) => [
      column.name,
      rows.map((row): string => spelled(fromDriver(row[i] ?? null) satisfies Value)),
    ]),
  );
}

interface Manifest {
  readonly parts: readonly { readonly files: readonly { readonly table: string; readonly file: string }[] }[];
}

async function filesOf(tables: OpenedTables, name: string): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(tables.dir, "manifest.json"), "utf8")) as Manifest;
  const files = manifest.parts.flatMap((part) => part.files).filter(({ table }) => table === name);
  return name === "columns" ? ["columns.parquet"] : files.map(({ file }) => file);
}

async function expectEveryCell(dir: string): Promise<{ readonly cells: number; readonly nulls: number }> {
  const tables = await openTables(dir, { limits, timestamps: "micros" });
  let [cells, nulls] = [0, 0];
  for (const name of tables.names) {
    const table = await tables.get(name);
    const want = await truth(tables, name, await filesOf(tables, name));
    expect(table.columnNames()).toEqual([...want.keys()]);
    for (const [column, texts] of want) {
      const got = cellsOf(table, column).map(spelled);
      expect(got, `${name}.${column}`).toEqual(texts);
      cells += got.length;
      nulls += got.filter((text) => text === "NULL").length;
    }
  }
  return { cells, nulls };
}

describe("every cell is what DuckDB's driver reads", () => {
  test.each([
    ["dr_wandb_export"],
    ["wandb_sdk_offline/numbers"],
    ["wandb_sdk_offline/keys"],
    ["wandb_sdk_offline/crashed"],
  ])(
    "%s",
    async (source) => {
      const { cells, nulls } = await expectEveryCell((await projectOf(source)).tables);
      expect(cells).toBeGreaterThan(1000);
      expect(nulls).toBeGreaterThan(100);
    },
    240_000,
  );

  test("of many rows, chunk after chunk, with NULLs in all places", async () => {
    const project = await newProject();
    open.push(project);
    const rows = Array.from({ length: 9000 }, (_, i) => {
      const optional = i % 3 === 0 ? "" : `,"a":${i / 7},"flag":${i % 5 === 0},"n":${i},"t":"text ${i % 11}"`;
      return `{"kind":"history","run_id":"r${Math.floor(i / 777)}","row":{"_step":${i}${optional},"v":[${i},null]}}`;
    });
    const runs = Array.from({ length: 12 }, (_, i) => `{"kind":"run","run_id":"r${i}"}`);
    await importLines(project, readRecords([...runs, ...rows].join("\n")));
    await load(project);
    const { nulls } = await expectEveryCell(project.tables);
    expect(nulls).toBeGreaterThan(9000);
  });
});

const schema = (properties: object): string =>
  JSON.stringify({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Types",
    description: "A column of every type.",
    type: "object",
    allOf: [{ $ref: "https://wandb-columns.dev/schemas/history-row.schema.json" }],
    properties,
    patternProperties: {
      "^score/(?<task>.+)$": {
        description: "Score of a task.",
        type: "number",
        "x-column": { table: "scores", keys: { task: "string" } },
      },
    },
  });

const list = (items: object) => ({ description: "A list.", type: "array", items });
const one = (rest: object) => ({ description: "A value.", ...rest });

const TYPES = schema({
  flag: one({ type: "boolean" }),
  small: one({ type: "integer" }),
  large: one({ type: "integer" }),
  wide: one({ type: "integer", maximum: 1e30 }),
  number: one({ type: "number" }),
  text: one({ type: "string" }),
  at: one({ type: "string", format: "date-time" }),
  whatever: one({ type: "object", "x-column": { promote: true } }),
  smalls: list({ type: "integer" }),
  larges: list({ type: "integer" }),
  texts: list({ type: "string" }),
  times: list({ type: "string", format: "date-time" }),
});

const ROWS = [
  '{"_step":0,"flag":true,"small":9007199254740991,"large":9007199254740993,"wide":99999999999999999999999999,"number":0.1,"text":"\ufeffmarked","at":"2026-01-02T03:04:05.678901Z","whatever":{"b": 1},"smalls":[1,null,-3],"larges":[9223372036854775807],"texts":["\ufeffx",null,""],"times":["2026-01-02T03:04:05.678901Z",null],"score/\ufeffarc":0.5}',
  '{"_step":1,"flag":false,"small":-9007199254740991,"large":-9223372036854775808,"wide":-1,"number":"NaN","text":"","at":"9999-12-31T23:59:59.999999Z","smalls":[],"larges":[],"texts":[],"times":["0001-01-01T00:00:00Z"],"score/gsm":1}',
  '{"_step":2,"number":"-Infinity"}',
  '{"_step":3,"number":-0.0}',
];

let typed: Project;
beforeAll(async () => {
  typed = await newProject();
  open.push(typed);
  await mkdir(typed.schemas, { recursive: true });
  await writeFile(join(typed.schemas, "history-row.schema.json"), TYPES);
  const lines = ROWS.map((row) => `{"kind":"history","row":${row}}`);
  await importLines(typed, readRecords(['{"kind":"run"}', ...lines].join("\n")));
  await load(typed);
});

describe("the types of cells", () => {
  const column = async (name: string, options = {}): Promise<unknown[]> => {
    const tables = await openTables(typed.tables, { limits });
    const table = await tables.get("history", { columns: [name], ...options });
    return cellsOf(table, name);
  };

  it.each([
    ["flag", [true, false, null, null]],
    ["small", [9007199254740991, -9007199254740991, null, null]],
    ["large", [9007199254740993n, -9223372036854775808n, null, null]],
    ["wide", [99999999999999999999999999n, -1n, null, null]],
    ["number", [0.1, Number.NaN, Number.NEGATIVE_INFINITY, -0]],
    ["text", ["\ufeffmarked", "", null, null]],
    ["at", [new Date("2026-01-02T03:04:05.678Z"), new Date("9999-12-31T23:59:59.999Z"), null, null]],
    ["whatever", ['{"b": 1}', null, null, null]],
    ["smalls", [[1, null, -3], [], null, null]],
    ["larges", [[9223372036854775807n], [], null, null]],
    ["texts", [["\ufeffx", null, ""], [], null, null]],
    ["times", [[new Date("2026-01-02T03:04:05.678Z"), null], [new Date("0001-01-01T00:00:00Z")], null, null]],
  ])("%s", async (name, cells) => {
    expect(await column(name)).toEqual(cells);
  });

  it("timestamps are exact as microseconds", async () => {
    const micros = { timestamps: "micros" };
    const first = BigInt(Date.parse("2026-01-02T03:04:05Z")) * 1000n + 678901n;
    expect((await column("at", micros)).slice(0, 1)).toEqual([first]);
    expect((await column("times", micros))[0]).toEqual([first, null]);
  });

  it("integers are bigints throughout when that is asked", async () => {
    const bigint = { integers: "bigint" };
    expect(await column("small", bigint)).toEqual([9007199254740991n, -9007199254740991n, null, null]);
    expect((await column("smalls", bigint))[0]).toEqual([1n, null, -3n]);
    expect(await column("step", bigint)).toEqual([0n, 1n, 2n, 3n]);
  });

  it("keys of families are texts", async () => {
    const scores = await (await openTables(typed.tables, { limits })).get("scores");
    expect(scores.select("step", "task", "value").objects()).toEqual([
      { step: 0, task: "\ufeffarc", value: 0.5 },
      { step: 1, task: "gsm", value: 1 },
    ]);
  });
});

describe("a folder of tables", () => {
  it("lists its tables in the order of the plan, with and without its manifest", async () => {
    const names = ["runs", "history", "system_metrics", "sweeps", "scores", "misfits", "columns"];
    expect((await openTables(typed.tables)).names).toEqual(names);
    const copy = join(typed.root, "copy [a]?*");
    await cp(typed.tables, copy, { recursive: true });
    await rm(join(copy, "manifest.json"));
    await writeFile(join(copy, "notes.txt"), "mine");
    const copied = await openTables(copy, { limits });
    expect(copied.names).toEqual(names);
    expect((await copied.get("history")).numRows()).toBe(4);
  });

  it("describes tables and columns", async () => {
    const tables = await openTables(typed.tables, { limits });
    const history = await tables.describe("history");
    expect(history.key).toEqual(["entity", "project", "run_id", "step", "ordinal"]);
    expect(history.columns.find(({ name }) => name === "number")).toMatchObject({
      type: "float64",
      blob: "history",
      path: "/number",
      description: "A value.",
    });
    expect(history.columns.map(({ name }) => name)).toEqual((await tables.get("history")).columnNames());
  });

  it("gives only the columns that are asked for, in that order", async () => {
    const tables = await openTables(typed.tables, { limits });
    const table = await tables.get("history", { columns: ["number", "step", "number"] });
    expect(table.columnNames()).toEqual(["number", "step"]);
    expect((await tables.get("history", { columns: [] })).numCols()).toBe(0);
  });

  it("gives empty tables their columns", async () => {
    const sweeps = await (await openTables(typed.tables, { limits })).get("sweeps");
    expect([sweeps.numRows(), sweeps.columnNames().includes("sweep_id")]).toEqual([0, true]);
  });

  it("serves Arquero's verbs, and Arrow", async () => {
    const tables = await openTables((await projectOf("dr_wandb_export")).tables, { limits });
    const history = await tables.get("history", { columns: ["entity", "project", "run_id", "step"] });
    const runs = await tables.get("runs", { columns: ["entity", "project", "run_id", "state", "history_rows"] });
    const counted = history
      .groupby("entity", "project", "run_id")
      .rollup({ rows: aq.op.count(), last: aq.op.max("step") });
    const joined = counted.join(runs);
    expect(joined.numRows()).toBe(runs.filter((run: { history_rows: number }) => run.history_rows > 0).numRows());
    expect(joined.numRows()).toBeGreaterThan(1);
    for (const row of joined.objects() as { rows: number; history_rows: number }[]) {
      expect(row.rows).toBe(row.history_rows);
    }
    const back = aq.fromArrow(history.toArrowIPC() ?? new Uint8Array());
    expect(back.array("run_id")).toEqual(history.array("run_id"));
  });
});

describe("what cannot be opened", () => {
  const told = (code: string, text: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(text), next: expect.stringMatching(/\.$/) });

  it("is a folder that is not there, or has no tables", async () => {
    await expect(openTables(join(typed.root, "nowhere"))).rejects.toEqual(told("tables/missing", /is not there/));
    await expect(openTables(typed.root)).rejects.toEqual(told("tables/missing", /has no tables/));
    await expect(openTables(typed.config.replace("wandb-columns.json", "schemas"))).rejects.toEqual(
      told("tables/missing", /has no tables/),
    );
  });

  it("is a table or column that is not there: the nearest one is named", async () => {
    const tables = await openTables(typed.tables, { limits });
    await expect(tables.get("histroy")).rejects.toEqual(told("tables/table", /Did you mean "history"/));
    await expect(tables.get("history", { columns: ["numbr"] })).rejects.toEqual(
      told("tables/column", /Did you mean "number"/),
    );
  });

  it("is a damaged manifest, a file that went missing, a file of someone else", async () => {
    const copy = join(typed.root, "damaged");
    await cp(typed.tables, copy, { recursive: true });
    const tables = await openTables(copy, { limits });
    for (const name of await readdir(join(copy, "history"))) await rm(join(copy, "history", name));
    await expect(tables.get("history")).rejects.toEqual(told("engine/missing-file", /missing/));
    await writeFile(join(copy, "runs.parquet"), "not Parquet");
    await expect(tables.get("runs")).rejects.toEqual(told("tables/damaged", /runs cannot be read/));
    await withSession((session) =>
      session.run(`COPY (SELECT 1 AS a) TO ${quoteLiteral(join(copy, "sweeps.parquet"))}`),
    );
    await expect(tables.get("sweeps")).rejects.toEqual(told("tables/foreign", /does not say what its columns are/));
    await writeFile(join(copy, "manifest.json"), "{");
    await expect(openTables(copy)).rejects.toEqual(told("tables/manifest", /not JSON/));
  });

  it("is a table that an export replaces meanwhile", async () => {
    const file = join(typed.root, "replaced.parquet");
    await withSession(async (session) => {
      const write = (rows: number) =>
        session.run(`COPY (SELECT range::DOUBLE AS number FROM range(${rows})) TO ${quoteLiteral(file)}`);
      const column = { name: "number", id: 1, type: "float64", description: "" } as const;
      const table = { name: "history", description: "", key: [], columns: [column] };
      const source = `read_parquet(${quoteLiteral(file)})`;
      const request = { table, columns: [column], source, integers: "auto", timestamps: "date" } as const;
      for (const rows of [2, 9]) {
        await write(5);
        const engine = {
          run: (sql: string) => session.run(sql),
          chunks: (sql: string) => session.chunks(sql),
          rows: async (sql: string) => {
            const found = await session.rows(sql);
            await write(rows);
            return found;
          },
        };
        await expect(readTable(engine, request)).rejects.toEqual(
          told("tables/changed", new RegExp(`5 rows .*${rows}`)),
        );
      }
    });
  });
});
