import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { columnComment, residualComment } from "../../src/codegen/ddl.js";
import { fieldsOf } from "../../src/engines/duckdb/care.js";
import { fromDriver, readable } from "../../src/engines/duckdb/cells.js";
import type { Session } from "../../src/engines/duckdb/session.js";
import { CELL_TYPES, quoteIdentifier, quoteLiteral } from "../../src/engines/duckdb/types.js";
import type { Row } from "../../src/flatten/flatten.js";
import { type DatabaseOptions, exportDatabase } from "../../src/pipelines/export-database.js";
import { type Project, planProject } from "../../src/pipelines/project.js";
import { DEFAULT_TABLE_OPTIONS } from "../../src/pipelines/table-options.js";
import { HISTORY_FORMS, type HistoryForm, type StoredTable, storedTables } from "../../src/plan/history-form.js";
import type { Plan } from "../../src/plan/plan.js";
import { environment, LIMITS } from "../end-to-end/project.js";
import { tableLines, withSession } from "../end-to-end/tables.js";
import { declare, exportProject, failure, load, openStoreOf, project, rowsOf, withFiles } from "./export-fixture.js";

const fileOf = (at: Project): string => join(at.root, "out", "all.duckdb");

async function exportTo(at: Project, changes: Partial<DatabaseOptions> = {}) {
  const { plan } = await planProject(at, environment, "snake");
  const store = changes.store ?? (await openStoreOf(at));
  return exportDatabase({ store, plan, file: fileOf(at), ...LIMITS, env: environment, ...changes });
}

/** What a database gives to someone who opens it read-only. */
function inDatabase<T>(file: string, act: (session: Session) => Promise<T>): Promise<T> {
  return withSession(async (session) => {
    await session.run(`ATTACH ${quoteLiteral(file)} AS db (READ_ONLY)`);
    await session.run("USE db");
    return act(session);
  });
}

const select = (at: Project, sql: string): Promise<unknown[][]> =>
  inDatabase(fileOf(at), (session) => session.rows(sql));

const history = (at: Project): Promise<unknown[][]> => select(at, "SELECT run_id, step::INT, x FROM history");

/** The rows of a relation in its order, members of a struct as columns. */
async function rowsIn(session: Session, table: StoredTable, from: string): Promise<Row[]> {
  const fields = fieldsOf(table.form === "struct" ? table.of : table);
  const relation = table.struct === undefined ? from : `(SELECT * EXCLUDE metrics, metrics.* FROM ${from} r)`;
  const rows = await session.rows(`SELECT ${fields.map(readable).join(", ")} FROM ${relation}`);
  return rows.map((cells): Row => new Map(fields.map(({ name }, i) => [name, fromDriver(cells[i] ?? null)])));
}

const lineOf = (table: StoredTable, rows: readonly Row[]): string[] =>
  tableLines(table.form === "struct" ? table.of : table, rows);

/** Every table of the database as lines, in the order of its rows. */
async function databaseLines(at: Project, plan: Plan, form: HistoryForm): Promise<Record<string, string[]>> {
  return inDatabase(fileOf(at), async (session) => {
    const found: Record<string, string[]> = {};
    for (const table of storedTables(plan, form)) {
      found[table.name] = lineOf(table, await rowsIn(session, table, quoteIdentifier(table.name)));
    }
    return found;
  });
}

/** The same of Parquet tables, sorted by key. */
async function parquetLines(at: Project, plan: Plan, form: HistoryForm): Promise<Record<string, string[]>> {
  const { tables } = await exportProject(at, { options: { ...DEFAULT_TABLE_OPTIONS, history: form } });
  return withSession(async (session) => {
    const found: Record<string, string[]> = {};
    for (const table of storedTables(plan, form)) {
      const files = tables.find(({ name }) => name === table.name)?.files ?? [];
      const list = files.map((file) => quoteLiteral(join(at.tables, file))).join(", ");
      const order = table.kind === "columns" ? "" : ` ORDER BY ${table.key.map(quoteIdentifier).join(", ")}`;
      const from = `(SELECT * FROM read_parquet([${list}], hive_partitioning = false)${order})`;
      found[table.name] = lineOf(table, await rowsIn(session, table, from));
    }
    return found;
  });
}

/** Two runs whose logs interleave, a growing one, misfits, leftovers, events and snapshots, in two imports. */
async function hostile(): Promise<Project> {
  const at = await project();
  await declare(at, "x", "loss");
  const events = ['{"_timestamp":1,"system.cpu":5,"odd":1}', '{"_timestamp":2,"system.gpu.0.temp":50}'];
  const blobs = { config: '{"lr":1,"none":null}', system_metrics: '{"system.cpu":7}', summary: '{"x":1}' };
  const row = (i: number) => `{"_step":${i},"x":${i % 4 === 1 ? '"misfit"' : i},"loss":${i / 3},"left":[${i}]}`;
  const rows = (from: number, count: number) => Array.from({ length: count }, (_, i) => row(from + i));
  const log = (run_id: string, start: string, from: number) => ({
    key: { run_id, start },
    rows: rows(from, 6),
    events,
    blobs,
  });
  await load(at, log("b", "1", 0), { ...log("d", "1", 2), state: "growing" }, { ...log("a", "1", 1), events: [] });
  await load(at, log("b", "2", 3), log("c", "1", 0), { key: { run_id: "e" }, rows: ['{"_step":0,"x":"NaN"}'] });
  return at;
}

describe.each(HISTORY_FORMS)("a database with the history as %s", (form) => {
  it("has the rows of the Parquet tables, in key order", async () => {
    const at = await hostile();
    const { plan } = await planProject(at, environment, "snake");
    await exportTo(at, { history: form });
    const want = await parquetLines(at, plan, form);
    expect(await databaseLines(at, plan, form)).toEqual(want);
    expect(Object.values(want).filter((lines) => lines.length > 0).length).toBe(5);
    await rm(fileOf(at));
    await exportTo(at, { history: form, window: { bytes: 1, rows: 1 } });
    expect(await databaseLines(at, plan, form)).toEqual(want);
  });

  it("has the types and comments of the plan", async () => {
    const at = await hostile();
    const { plan } = await planProject(at, environment, "snake");
    await exportTo(at, { history: form });
    const tables = storedTables(plan, form);
    expect(
      await select(
        at,
        "SELECT table_name, comment FROM duckdb_tables() WHERE database_name = 'db' AND schema_name = 'main' ORDER BY 1",
      ),
    ).toEqual(tables.map((table) => [table.name, table.description]).sort());
    for (const { name, columns, residuals, struct, key } of tables) {
      const found = await select(
        at,
        `SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns()
         WHERE database_name = 'db' AND table_name = ${quoteLiteral(name)} ORDER BY column_index`,
      );
      const members =
        struct?.columns.map((column) => `${quoteIdentifier(column.name)} ${CELL_TYPES[column.type]}`) ?? [];
      const type = `STRUCT(${members.join(", ")})`;
      expect(found.map(([column, data, ...rest]) => [column, String(data).replaceAll('"', ""), ...rest])).toEqual([
        ...columns.map((column) => [
          column.name,
          CELL_TYPES[column.type],
          !key.includes(column.name),
          columnComment(column) || null,
        ]),
        ...(struct === undefined
          ? []
          : [
              [
                struct.name,
                type.replaceAll('"', ""),
                true,
                `${struct.description} The table columns says what each is.`,
              ],
            ]),
        ...residuals.map((item) => [item.name, "VARCHAR", true, residualComment(item)]),
      ]);
    }
  });
});

const READER = `
const { DuckDBInstance } = await import("@duckdb/node-api");
const instance = await DuckDBInstance.create(process.argv[1], { access_mode: "READ_ONLY" });
const connection = await instance.connect();
const reader = await connection.runAndReadAll(process.argv[2]);
process.stdout.write(JSON.stringify(reader.getRowsJson()));
`;

/** What another process reads, which knows nothing of this program. */
function elsewhere(file: string, sql: string): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", READER, file, sql], {
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("the file", () => {
  it("is read by another process", async () => {
    const at = await hostile();
    await exportTo(at);
    expect(elsewhere(fileOf(at), "SELECT run_id, count(*) FROM history GROUP BY 1 ORDER BY 1")).toEqual([
      ["a", "6"],
      ["b", "12"],
      ["c", "6"],
      ["d", "6"],
      ["e", "1"],
    ]);
    expect(elsewhere(fileOf(at), "SELECT count(*) > 100 FROM columns")).toEqual([[true]]);
  });

  it("stays as it is when nothing is new", async () => {
    const at = await hostile();
    const first = await exportTo(at);
    expect(first.skipped).toBe(false);
    const before = await stat(fileOf(at), { bigint: true });
    const again = await exportTo(at);
    expect(again).toEqual({ ...first, skipped: true });
    const after = await stat(fileOf(at), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
    expect(await readdir(join(at.root, "out"))).toEqual(["all.duckdb"]);
  });

  it.each([
    ["a run", async (at: Project) => void (await load(at, { key: { run_id: "z" }, rows: rowsOf(1) }))],
    ["a log", async (at: Project) => void (await load(at, { key: { run_id: "e" }, rows: rowsOf(2) }))],
    ["the plan", (at: Project) => declare(at, "x", "loss", "left")],
  ])("is replaced when %s is new", async (_what, change) => {
    const at = await hostile();
    await exportTo(at);
    await change(at);
    expect((await exportTo(at)).skipped).toBe(false);
    expect((await exportTo(at)).skipped).toBe(true);
    const { plan } = await planProject(at, environment, "snake");
    expect(await databaseLines(at, plan, "wide")).toEqual(await parquetLines(at, plan, "wide"));
  });

  it("is replaced when the history is to be kept in another form", async () => {
    const at = await hostile();
    await exportTo(at);
    expect((await exportTo(at, { history: "long" })).skipped).toBe(false);
    const [names] = await select(at, "SELECT list(table_name) FROM duckdb_tables() WHERE table_name LIKE 'history%'");
    expect(JSON.stringify(names)).toBe('[{"items":["history_long"]}]');
  });

  it("is the one that a link leads to", async () => {
    const at = await hostile();
    await exportTo(at);
    const link = join(at.root, "link.duckdb");
    await symlink(fileOf(at), link);
    await load(at, { key: { run_id: "z" }, rows: rowsOf(1) });
    await exportTo(at, { file: link });
    expect(await history(at)).toContainEqual(["z", 0, 0]);
    expect((await readdir(at.root)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("of a store without runs has every table", async () => {
    const at = await project();
    await load(at, { key: { run_id: "only" } });
    const { tables } = await exportTo(at);
    expect(tables.find(({ name }) => name === "history")).toEqual({ name: "history", rows: 0, files: ["all.duckdb"] });
    expect(await select(at, "SELECT count(*)::INT FROM history")).toEqual([[0]]);
  });
});

describe("values that databases lose", () => {
  it("keep the sign of zero where other values are beside them", async () => {
    const at = await project();
    await declare(at, "x");
    const rows = ["-0.0", "0.0", "-0.0", "1", "1", "1", '"NaN"', "-0.0"].map((x, i) => `{"_step":${i},"x":${x}}`);
    await load(at, { rows });
    const { findings } = await exportTo(at);
    expect((await history(at)).map(([, , x]) => x)).toEqual([-0, 0, -0, 1, 1, 1, Number.NaN, -0]);
    expect(findings.filter(({ code }) => code === "value/zero-sign")).toEqual([]);
  });

  it("or say where they could not", async () => {
    const at = await project();
    await declare(at, "x");
    await load(at, { rows: ["0.0", "-0.0", "0.0"].map((x, i) => `{"_step":${i},"x":${x}}`) });
    const { findings } = await exportTo(at);
    expect((await history(at)).map(([, , x]) => Number(x) + 0)).toEqual([0, 0, 0]);
    const told = findings.filter(({ code }) => code === "value/zero-sign");
    expect(told).toMatchObject([{ count: 1, message: expect.stringContaining("history.x") }]);
    expect((await exportTo(at)).findings).toEqual(findings);
  });
});

describe("a file that is not ours", () => {
  async function refused(prepare: (file: string) => Promise<void>) {
    const at = await project();
    await declare(at, "x");
    await load(at, { rows: rowsOf(1) });
    await mkdir(join(at.root, "out"));
    const file = fileOf(at);
    await prepare(file);
    const error = await failure(exportTo(at));
    return { at, file, error };
  }

  const database = (sql: string) => (file: string) =>
    withSession(async (session) => {
      await session.run(`ATTACH ${quoteLiteral(file)} AS db`);
      await session.run(`USE db; ${sql}; CHECKPOINT db; USE memory; DETACH db`);
    });

  it.each([
    [
      "text",
      (file: string) => writeFile(file, "my notes, and a lot of them, more than a header"),
      /is no DuckDB database/,
    ],
    ["empty", (file: string) => writeFile(file, ""), /is no DuckDB database/],
    [
      "another database",
      database("CREATE TABLE mine AS SELECT 42 AS x"),
      /a DuckDB database that wandb-columns did not write/,
    ],
    [
      "a database with a manifest that is none",
      database("CREATE SCHEMA wandb_columns; CREATE TABLE wandb_columns.manifest (format INTEGER, manifest VARCHAR)"),
      /has no manifest of wandb-columns/,
    ],
  ])("is left alone: %s", async (_what, prepare, says) => {
    const { at, file, error } = await refused(prepare);
    const before = await readFile(file);
    expect(error).toMatchObject({ code: "tables/foreign", message: expect.stringMatching(says) });
    expect(String((error as { next?: string }).next)).toMatch(/Choose another FILE/);
    expect((await readFile(file)).equals(before)).toBe(true);
    expect(await readdir(join(at.root, "out"))).toEqual(["all.duckdb"]);
  });

  it("is left alone: a folder", async () => {
    const { error } = await refused((file) => mkdir(file).then(() => undefined));
    expect(error).toMatchObject({ code: "tables/foreign", message: expect.stringMatching(/is no file/) });
  });

  it("is left alone when somebody added tables and views to ours", async () => {
    const at = await hostile();
    await exportTo(at);
    const own = await readFile(fileOf(at));
    await database(
      "CREATE TABLE notes AS SELECT 1 AS n; CREATE VIEW best AS SELECT * FROM runs; CREATE MACRO f(x) AS x + 1",
    )(fileOf(at));
    const error = await failure(exportTo(at));
    expect(error).toMatchObject({
      code: "tables/foreign",
      message: expect.stringMatching(/would lose: table notes, view best, macro f/),
    });
    expect(await select(at, "SELECT n FROM notes")).toEqual([[1]]);
    await writeFile(fileOf(at), own);
    expect((await exportTo(at)).skipped).toBe(true);
  });

  it("is told when it was written by a newer version", async () => {
    const at = await hostile();
    await exportTo(at);
    await database("UPDATE wandb_columns.manifest SET format = 99")(fileOf(at));
    expect(await failure(exportTo(at))).toMatchObject({
      code: "tables/manifest",
      message: expect.stringMatching(/format 99/),
    });
  });

  const HOLDER = `
const { DuckDBInstance } = await import("@duckdb/node-api");
const instance = await DuckDBInstance.create(process.argv[1]);
const connection = await instance.connect();
await connection.run(process.argv[2]);
process.stdout.write("ready");
setInterval(() => {}, 1000);
`;
  async function holding(file: string, sql: string) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", HOLDER, file, sql]);
    await once(child.stdout, "data");
    return async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    };
  }

  it("is told when another program writes to it", async () => {
    const at = await hostile();
    await exportTo(at);
    await load(at, { key: { run_id: "z" }, rows: rowsOf(1) });
    const release = await holding(fileOf(at), "SELECT 1");
    const error = await failure(exportTo(at));
    await release();
    expect(error).toMatchObject({
      code: "tables/in-use",
      message: expect.stringMatching(/open for writing in .*\(PID \d+\)/),
    });
    expect((await exportTo(at)).skipped).toBe(false);
  });

  it("does not get the log of what was killed while it wrote to the old one", async () => {
    const at = await hostile();
    await exportTo(at);
    const release = await holding(fileOf(at), "DELETE FROM runs");
    await release();
    expect(await readdir(join(at.root, "out"))).toContain("all.duckdb.wal");
    await load(at, { key: { run_id: "z" }, rows: rowsOf(1) });
    expect((await exportTo(at)).skipped).toBe(false);
    expect(await readdir(join(at.root, "out"))).toEqual(["all.duckdb"]);
    expect(await select(at, "SELECT count(*)::INT FROM runs")).toEqual([[6]]);
  });
});

describe("an export that does not come to an end", () => {
  it("leaves the old file and nothing else, wherever it fails", async () => {
    const at = await hostile();
    await exportTo(at);
    const before = await readFile(fileOf(at));
    await load(at, { key: { run_id: "z" }, rows: rowsOf(1) });
    const { files } = environment;
    let calls = 0;
    let allowed = 0;
    const counted = <T extends (...args: never[]) => Promise<unknown>>(act: T): T =>
      ((...args: Parameters<T>) =>
        ++calls > allowed ? Promise.reject(Object.assign(new Error("EIO"), { code: "EIO" })) : act(...args)) as T;
    const env = withFiles({ rename: counted(files.rename), open: counted(files.open), stat: counted(files.stat) });
    for (allowed = 0; ; allowed++) {
      calls = 0;
      const error = await failure(exportTo(at, { env }));
      if (error === undefined) break;
      expect(allowed).toBeLessThan(40);
      const left = await readdir(join(at.root, "out"));
      expect([allowed, left]).toEqual([allowed, ["all.duckdb"]]);
      const now = await readFile(fileOf(at));
      // After the rename only the folder waits to be on the disk.
      if (!now.equals(before)) expect(await history(at)).toContainEqual(["z", 0, 0]);
    }
    expect(await history(at)).toContainEqual(["z", 0, 0]);
  }, 240_000);

  it("is cleaned up after when it was killed", async () => {
    const at = await hostile();
    await exportTo(at);
    const out = join(at.root, "out");
    await cp(fileOf(at), `${fileOf(at)}.writing`);
    await writeFile(`${fileOf(at)}.writing.wal`, "half");
    await mkdir(join(out, ".all.duckdb.engine"));
    await writeFile(join(out, ".all.duckdb.lock"), JSON.stringify({ pid: 1234567, host: "here", since: "2020-01-01" }));
    expect((await exportTo(at)).skipped).toBe(true);
    expect(await readdir(out)).toEqual(["all.duckdb"]);
  });

  it("stops when it is told to", async () => {
    const at = await hostile();
    const stop = new AbortController();
    const progress = () => stop.abort("enough");
    expect(await failure(exportTo(at, { progress, signal: stop.signal }))).toBe("enough");
    expect(await readdir(join(at.root, "out"))).toEqual([]);
  });

  it("does not mix with another one", async () => {
    const at = await hostile();
    const both = await Promise.allSettled([exportTo(at), exportTo(at)]);
    const [refused] = both.filter((item) => item.status === "rejected");
    expect(refused?.reason).toMatchObject({ code: "store/locked", message: expect.stringContaining("The database") });
    expect(both.filter((item) => item.status === "fulfilled")).toHaveLength(1);
    expect((await exportTo(at)).skipped).toBe(true);
  });
});

describe("a disk that refuses", () => {
  it.each(["EACCES", "EROFS", "ENOSPC"])("with %s is told, and the old file is as it was", async (code) => {
    const at = await hostile();
    await exportTo(at);
    const before = await readFile(fileOf(at));
    await load(at, { key: { run_id: "z" }, rows: rowsOf(1) });
    const rename = () => Promise.reject(Object.assign(new Error(code), { code }));
    const error = await failure(exportTo(at, { env: withFiles({ rename }) }));
    expect(error).toMatchObject({ code: "tables/write", message: expect.stringContaining("are unchanged") });
    expect((await readFile(fileOf(at))).equals(before)).toBe(true);
  });

  it.skipIf(process.getuid?.() === 0)("is told when the folder may not be written", async () => {
    const at = await hostile();
    await mkdir(join(at.root, "out"));
    await chmod(join(at.root, "out"), 0o500);
    expect(await failure(exportTo(at))).toMatchObject({ code: "tables/write" });
  });
});
