/** Every table of some hard projects, read back by three Parquet readers that have nothing in common. */
import { cpSync, existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fieldsOf } from "../../src/engines/duckdb/care.js";
import { quoteIdentifier, quoteLiteral } from "../../src/engines/duckdb/types.js";
import type { Project } from "../../src/pipelines/project.js";
import { type Table, tableOf } from "../../src/plan/plan.js";
import { importLines, type Loaded, load, newProject, ROOT, removeProject } from "../end-to-end/project.js";
import { readRecords } from "../end-to-end/records.js";
import { cellText, withSession } from "../end-to-end/tables.js";
import {
  type Cells,
  columnsOf,
  metadataOf,
  parquetjsFields,
  readByDuckdb,
  readByHyparquet,
  readByParquetjs,
} from "./readers.js";

const CASES = [
  "numbers-by-type",
  "others-by-type",
  "lists",
  "families",
  "timestamps",
  "system-metrics",
  "refused-text",
];

/** Runs of which one is growing, so that tables of history have several parts. */
const PARTS = `
{"kind":"run","run_id":"live","state":"growing","config":{"lr":1}}
{"kind":"history","run_id":"live","row":{"_step":0,"loss":3}}
{"kind":"run","run_id":"done","config":{}}
{"kind":"history","run_id":"done","row":{"_step":0,"acc":0.5}}
`;

interface Exported extends Loaded {
  readonly at: Project;
}

async function exportRecords(text: string, schemas?: string): Promise<Exported> {
  const at = await newProject();
  if (schemas !== undefined && existsSync(schemas)) cpSync(schemas, at.schemas, { recursive: true });
  await importLines(at, readRecords(text));
  return { at, ...(await load(at)) };
}

const projects = new Map<string, Exported>();
beforeAll(async () => {
  for (const name of CASES) {
    const folder = join(ROOT, "test/cases", name);
    const text = readFileSync(join(folder, "input/records.jsonl"), "utf8");
    projects.set(name, await exportRecords(text, join(folder, "schemas")));
  }
  projects.set("several parts", await exportRecords(PARTS));
});
afterAll(async () => {
  for (const { at } of projects.values()) await removeProject(at);
});

function projectOf(name: string): Exported {
  const found = projects.get(name);
  if (found === undefined) throw new Error(`There is no project ${name}`);
  return found;
}

/** Every file of every table. */
function filesOf({ at, planned, exported }: Exported): { table: Table; file: string }[] {
  return exported.tables.flatMap(({ name, files }) =>
    files.map((file) => ({ table: tableOf(planned.plan, name), file: join(at.tables, file) })),
  );
}

/** A copy that parquetjs-lite can read: it has no zstd, no decimals, and cuts timestamps to milliseconds. */
async function readCopyByParquetjs(table: Table, file: string, folder: string): Promise<Cells> {
  await mkdir(folder, { recursive: true });
  const copy = join(folder, "copy.parquet");
  const names = parquetjsFields(table).map(({ name }) => quoteIdentifier(name));
  const source = `SELECT ${names.join(", ")} FROM read_parquet(${quoteLiteral(file)}, hive_partitioning = false)`;
  const options = "FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 0";
  await withSession((session) => session.run(`COPY (${source}) TO ${quoteLiteral(copy)} (${options})`));
  return readByParquetjs(table, copy);
}

describe.each([...CASES, "several parts"])("%s", (name) => {
  it("reads the same by DuckDB, hyparquet and parquetjs-lite", async () => {
    const project = projectOf(name);
    for (const { table, file } of filesOf(project)) {
      const want = await withSession((session) => readByDuckdb(session, table, file));
      expect([file, await readByHyparquet(table, file)]).toEqual([file, want]);
      const positions = parquetjsFields(table).map((field) =>
        fieldsOf(table).findIndex((item) => item.name === field.name),
      );
      const some = want.map((row) => positions.map((i) => row[i]));
      expect([file, await readCopyByParquetjs(table, file, join(project.at.root, "copies"))]).toEqual([file, some]);
    }
  });

  it("has the plan's columns in the plan's order, with their ids", () => {
    for (const { table, file } of filesOf(projectOf(name))) {
      const want = [...table.columns, ...table.residuals].map((item) => [item.name, item.id]);
      expect(columnsOf(metadataOf(file)).map((element) => [element.name, element.field_id])).toEqual(want);
    }
  });

  it("says what its columns are, to people and to pandas", () => {
    for (const { table, file } of filesOf(projectOf(name))) {
      const pairs = metadataOf(file).key_value_metadata ?? [];
      const value = (key: string): unknown => JSON.parse(pairs.find((pair) => pair.key === key)?.value ?? "null");
      const own = value("wandb_columns") as { table: string; key: string[]; columns: Record<string, { id: number }> };
      expect([own.table, own.key]).toEqual([table.name, table.key]);
      const ids = [...table.columns, ...table.residuals].map((item) => [item.name, item.id]);
      expect(Object.entries(own.columns).map(([column, about]) => [column, about.id])).toEqual(ids);
      for (const column of table.columns) expect(own.columns[column.name]).toMatchObject({ type: column.type });
      const pandas = value("pandas") as { columns: { name: string; numpy_type: string }[] };
      const nullable = table.columns.filter(({ type }) => type === "int64" || type === "boolean");
      expect(pandas.columns.map((item) => [item.name, item.numpy_type])).toEqual(
        nullable.map(({ name: column, type }) => [column, type === "int64" ? "Int64" : "boolean"]),
      );
    }
  });

  it("has one schema in all parts of a table", () => {
    const schemas = new Map<string, string>();
    for (const { table, file } of filesOf(projectOf(name))) {
      const schema = JSON.stringify(metadataOf(file).schema);
      expect(schemas.get(table.name) ?? schema).toBe(schema);
      schemas.set(table.name, schema);
    }
    expect(schemas.size).toBe(projectOf(name).planned.plan.tables.length);
  });
});

/** The cells of one column, in the order of the rows. */
async function column(name: string, tableName: string, columnName: string): Promise<string[]> {
  const project = projectOf(name);
  const table = tableOf(project.planned.plan, tableName);
  const index = fieldsOf(table).findIndex((field) => field.name === columnName);
  const files = filesOf(project).filter((item) => item.table === table);
  const cells = await Promise.all(files.map(({ file }) => readByHyparquet(table, file)));
  return cells.flat().map((row) => row[index] ?? "");
}

describe("values that writers lose", () => {
  it("non-finite numbers and the sign of zero", async () => {
    const cells = await column("numbers-by-type", "history", "f");
    expect(cells.slice(6, 8)).toEqual(["-0.0", "-0.0"]);
    expect(cells.slice(-4)).toEqual(["5e-324", "NaN", "Infinity", "-Infinity"]);
  });

  it("integers beyond 2^53", async () => {
    expect(await column("numbers-by-type", "history", "i")).toContain("9007199254740993");
    expect(await column("numbers-by-type", "history", "i")).toContain("9223372036854775807");
  });

  it("decimals of 38 digits, which hyparquet rounds and DuckDB has whole", async () => {
    const { at, planned, exported } = projectOf("numbers-by-type");
    const files = exported.tables.find((item) => item.name === "history")?.files ?? [];
    const rows = await withSession((session) =>
      session.rows(
        `SELECT d::VARCHAR FROM read_parquet([${files.map((file) => quoteLiteral(join(at.tables, file))).join(", ")}])`,
      ),
    );
    expect(rows.flat()).toContain("9".repeat(38));
    expect(tableOf(planned.plan, "history").columns.find((item) => item.name === "d")?.type).toBe("decimal");
  });

  it("lists with nulls, and empty ones apart from absent ones", async () => {
    const cells = await column("lists", "history", "numbers");
    expect(cells.slice(0, 4)).toEqual(["[]", "[1, 2]", "[1, NULL, 3]", "[NULL]"]);
    expect(cells.at(-1)).toBe(cellText(null, "list<float64>"));
  });

  it("tables without rows", async () => {
    const project = projectOf("lists");
    const { rows, files } = project.exported.tables.find((item) => item.name === "sweeps") ?? { rows: -1, files: [] };
    expect([rows, files.length]).toEqual([0, 1]);
    const table = tableOf(project.planned.plan, "sweeps");
    expect(await readByHyparquet(table, join(project.at.tables, files[0] ?? ""))).toEqual([]);
  });
});
