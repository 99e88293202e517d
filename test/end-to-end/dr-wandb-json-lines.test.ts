/** The same runs from dr_wandb's Parquet form and from its JSON Lines: what both forms hold must give equal tables. */
import { cpSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Row } from "../../src/flatten/flatten.js";
import { type JsonObject, readJson } from "../../src/json/read.js";
import type { Project } from "../../src/pipelines/project.js";
import { temporaryFolder } from "../temporary-folder.js";
import { differences, rebuiltRecords } from "./differ.js";
import { DATA, importPaths, type Loaded, load, newProject, rebuild, removeProject } from "./project.js";
import { allLines, readTables, tableLines } from "./tables.js";

const PARQUET = join(DATA, "dr_wandb_export");
const LINES = join(DATA, "dr_wandb_jsonl");

const projects: Project[] = [];
beforeAll(async () => {
  lines = await loaded(LINES);
});
afterAll(() => Promise.all(projects.map(removeProject)));

interface LoadedProject {
  readonly project: Project;
  readonly loaded: Loaded;
}
let lines: LoadedProject;

/** Loads a path, by the schemas of the JSON Lines once there are any. */
async function loaded(path: string): Promise<LoadedProject> {
  const project = await newProject();
  projects.push(project);
  if (path !== LINES) cpSync(lines.project.schemas, project.schemas, { recursive: true });
  await importPaths(project, [path]);
  return { project, loaded: await load(project) };
}

/** The texts of the members of an object, by key. */
function membersOf(text: string): Map<string, string> {
  const node = readJson(text) as JsonObject;
  return new Map(node.members.map(({ key, value }) => [key, text.slice(value.start, value.end)]));
}

async function linesOf(name: string): Promise<Map<string, string>[]> {
  const text = await readFile(join(LINES, name), "utf8");
  return text.trimEnd().split("\n").map(membersOf);
}

const COLUMNS = new Map([
  ["name", "run_name"],
  ["summary_metrics", "summary"],
  ["metadata", "wandb_metadata"],
]);

/** A Parquet export of what the JSON Lines say, written by DuckDB: every value of a run as JSON. */
async function writeTwin(folder: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const insert = async (table: string, columns: readonly string[], rows: readonly (string | null)[][]) => {
    const places = columns.map((_, i) => `$${i + 1}`).join(", ");
    for (const row of rows) await connection.run(`INSERT INTO ${table} VALUES (${places})`, row);
    await connection.run("SET VARIABLE target = $1", [join(folder, `${table}.parquet`)]);
    await connection.run(`COPY ${table} TO (getvariable('target')) (FORMAT parquet)`);
  };
  const snapshots = await linesOf("runs.jsonl");
  const runs = snapshots.map((snapshot) => membersOf(snapshot.get("run") ?? "{}"));
  const names = [...(runs[0]?.keys() ?? [])];
  const KEYS = new Set(["run_id", "entity", "project"]);
  const columns = [...names.map((name) => COLUMNS.get(name) ?? name), "exported_at"];
  const types = names.map((name) => (KEYS.has(name) ? "VARCHAR" : "JSON"));
  const defined = columns.map((name, i) => `"${name}" ${types[i] ?? "JSON"}`);
  await connection.run(`CREATE TABLE runs_metadata (${defined.join(", ")})`);
  await insert(
    "runs_metadata",
    columns,
    runs.map((run, i) => [
      ...names.map((name) => (KEYS.has(name) ? JSON.parse(run.get(name) ?? "null") : (run.get(name) ?? null))),
      snapshots[i]?.get("exported_at") ?? null,
    ]),
  );
  const rows = await linesOf("history.jsonl");
  await connection.run(
    "CREATE TABLE runs_history (run_id VARCHAR, step BIGINT, timestamp DOUBLE, runtime DOUBLE, metrics JSON)",
  );
  const cells = ["run_id", "step", "timestamp", "runtime", "metrics"];
  const text = (value: string | undefined) => value?.replace(/^"|"$/g, "") ?? null;
  await insert(
    "runs_history",
    cells,
    rows.map((row) => cells.map((name) => (name === "metrics" ? (row.get(name) ?? null) : text(row.get(name))))),
  );
  connection.closeSync();
  instance.closeSync();
}

describe("a Parquet export with the same content", () => {
  it("gives equal tables, cell by cell", async () => {
    const folder = await temporaryFolder();
    await writeTwin(folder);
    const twin = await loaded(folder);
    const tablesOf = ({ project, loaded: { planned, exported } }: LoadedProject) =>
      allLines(project.tables, planned.plan, exported);
    const [want, got] = [await tablesOf(twin), await tablesOf(lines)];
    expect(want["runs"]?.length).toBe(3);
    expect(want["history"]?.length).toBe(151);
    expect(got).toEqual(want);
  });
});

describe("the real Parquet export of the same runs", () => {
  let tables: readonly [Map<string, Row[]>, Map<string, Row[]>];

  beforeAll(async () => {
    const read = ({ project, loaded: { planned, exported } }: LoadedProject) =>
      readTables(project.tables, planned.plan, exported);
    tables = [await read(await loaded(PARQUET)), await read(lines)];
  });

  const ids = () => new Set((tables[1].get("runs") ?? []).map((row) => row.get("run_id")));
  const shared = (name: string): Row[] =>
    (tables[0].get(name) ?? []).filter((row) => ids().has(row.get("run_id") ?? null));

  it("gives equal tables beside runs", () => {
    const { plan } = lines.loaded.planned;
    const own = plan.tables.filter((table) => !["runs", "columns", "misfits"].includes(table.name));
    expect(own.map((table) => table.name)).toEqual(expect.arrayContaining(["history", "system_metrics"]));
    for (const table of own) {
      const want = tableLines(table, shared(table.name));
      expect([table.name, tableLines(table, tables[1].get(table.name) ?? [])]).toEqual([table.name, want]);
    }
  });

  it("gives equal runs but for what v3 does not export", () => {
    const table = lines.loaded.planned.plan.tables.find((item) => item.name === "runs");
    const sources = new Map(table?.columns.map((column) => [column.name, `${column.blob}${column.path}`]));
    const LACKS = /^(run\/(projectId|commit|description|notes|historyLineCount|user)|config\/_wandb)\b/;
    const isSkipped = (name: string) => name.endsWith("_residual") || name === "fetched_at";
    const wanted = shared("runs");
    expect(wanted.length).toBe(3);
    let compared = 0;
    for (const [i, row] of (tables[1].get("runs") ?? []).entries()) {
      for (const [name, value] of wanted[i] ?? []) {
        if (isSkipped(name) || value === null) continue;
        if (LACKS.test(sources.get(name) ?? "")) expect([name, row.get(name)]).toEqual([name, null]);
        else {
          expect([name, row.get(name)]).toEqual([name, value]);
          compared += 1;
        }
      }
    }
    expect(compared).toBeGreaterThan(2000);
  });
});

it("gives every value of the lines back", async () => {
  const { project, loaded: result } = lines;
  const records = rebuiltRecords(await rebuild(project, result.planned.plan));
  const runs = records.filter((record) => record.kind === "run");
  for (const snapshot of await linesOf("runs.jsonl")) {
    const run = membersOf(snapshot.get("run") ?? "{}");
    const record = runs.find((item) => item.run.endsWith(`/${JSON.parse(run.get("run_id") ?? "")}`));
    const blobs = { config: "config", summary: "summary_metrics", system_info: "metadata" };
    for (const [blob, member] of Object.entries({ ...blobs, system_metrics: "system_metrics" })) {
      expect([member, differences(run.get(member) ?? "", record?.payloads.get(blob) ?? "{}")]).toEqual([member, []]);
    }
  }
  const history = records.filter((record) => record.kind === "history");
  const rows = await linesOf("history.jsonl");
  expect(history.length).toBe(rows.length);
  for (const [i, row] of rows.entries()) {
    const found = history[i];
    expect(found?.run.endsWith(`/${JSON.parse(row.get("run_id") ?? "")}`)).toBe(true);
    const members = [`"_step":${row.get("step")}`, `"_timestamp":${JSON.parse(row.get("timestamp") ?? "")}`];
    const metrics = (row.get("metrics") ?? "").slice(1, -1);
    const want = `{${[...members, `"_runtime":${row.get("runtime")}`, metrics].join(",")}}`;
    expect(differences(want, found?.payloads.get("row") ?? "{}")).toEqual([]);
  }
});

it("a single file is enough", async () => {
  const project = await newProject();
  projects.push(project);
  const { added, findings } = await importPaths(project, [join(LINES, "history.jsonl")]);
  expect(added.map((version) => [version.log.entity, version.rows.history])).toEqual([
    ["ml-moe", 141],
    ["ml-moe", 10],
  ]);
  expect(findings).toEqual([]);
});
