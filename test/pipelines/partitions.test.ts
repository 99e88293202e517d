import { cp, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { openTables } from "../../src/explore/open-tables.js";
import { partitionFolder, partitionOf, partitionValues } from "../../src/pipelines/partitions.js";
import { type Project, planProject } from "../../src/pipelines/project.js";
import { DEFAULT_TABLE_OPTIONS, type TableOptions } from "../../src/pipelines/table-options.js";
import { environment, LIMITS, rebuild } from "../end-to-end/project.js";
import { withSession } from "../end-to-end/tables.js";
import { columnsOf, metadataOf } from "../sinks/readers.js";
import type { TestLog } from "../store/store-fixture.js";
import { declare, exportProject, failure, load, project, rowsOf, tableFiles, withFiles } from "./export-fixture.js";

const BY_PROJECT: TableOptions = { ...DEFAULT_TABLE_OPTIONS, partitionBy: "project" };
const divided = { options: BY_PROJECT };

const EVENTS = ['{"_timestamp":1,"system.cpu":5,"odd":1}'];
const run = (project: string, run_id: string, more: Partial<TestLog> = {}): TestLog => ({
  key: { project, run_id },
  rows: ['{"_step":0,"x":1,"left":2}', '{"_step":1,"x":"misfit"}'],
  events: EVENTS,
  blobs: { config: '{"lr":1}', system_metrics: '{"system.cpu":7}' },
  ...more,
});

const lines = async (at: Project) => rebuild(at, (await planProject(at, environment, "snake")).plan);

async function loaded(...logs: readonly TestLog[]): Promise<Project> {
  const at = await project();
  await declare(at, "x");
  await load(at, ...logs);
  return at;
}

/** Every table as Arquero objects, whatever the layout of its files. */
async function opened(at: Project): Promise<Record<string, unknown[]>> {
  const tables = await openTables(at.tables, { limits: LIMITS, env: environment });
  const all: Record<string, unknown[]> = {};
  for (const name of tables.names) {
    const { columns, key } = await tables.describe(name);
    const table = await tables.get(name);
    const rows = table.orderby(...key).objects();
    const cells = columns.map((column) => column.name).filter((column) => column !== "fetched_at");
    all[name] = rows.map((row) =>
      Object.fromEntries(cells.map((column) => [column, (row as Record<string, unknown>)[column]])),
    );
  }
  return all;
}

describe("tables by project", () => {
  it("are the same rows, from folders that say their project", async () => {
    const at = await loaded(run("p", "a"), run("q r", "b"), run("", "c"), run("p", "d", { state: "growing" }));
    await exportProject(at);
    const want = { lines: await lines(at), tables: await opened(at) };
    await exportProject(at, divided);
    const files = (await tableFiles(at)).filter((file) => file.includes("/"));
    expect(files).toEqual(
      [
        "history/project=/part-0001.parquet",
        "history/project=/part-0000.parquet",
        "history/project=p/part-0002.parquet",
        "history/project=p/part-0003.parquet",
        "history/project=q%20r/part-0004.parquet",
        ...files.filter((file) => !file.startsWith("history/")),
      ].sort(),
    );
    expect(files.filter((file) => file.startsWith("misfits/")).length).toBeGreaterThan(3);
    expect({ lines: await lines(at), tables: await opened(at) }).toEqual(want);
    await rm(join(at.tables, "manifest.json"));
    expect({ lines: await lines(at), tables: await opened(at) }).toEqual(want);
  });

  it("have one schema, without the columns of the path", async () => {
    const at = await loaded(run("p", "a"), run("q", "b"));
    const { tables } = await exportProject(at, divided);
    for (const { name, files } of tables) {
      const schemas = files.map((file) => columnsOf(metadataOf(join(at.tables, file))).map((column) => column.name));
      expect(new Set(schemas.map((schema) => JSON.stringify(schema))).size).toBe(1);
      expect([name, schemas[0]?.includes("project")]).toEqual([name, name !== "columns" && !files[0]?.includes("/")]);
      expect(schemas[0]?.includes("entity")).toBe(name !== "columns");
    }
  });

  it("are read by DuckDB as people do, project in its place", async () => {
    const missing = "__HIVE_DEFAULT_PARTITION__";
    const at = await loaded(
      ...[run("p", "a"), run("q+1 é%", "b"), run("null", "c"), run("2024", "d"), run(missing, "e"), run("", "f")],
    );
    await exportProject(at, divided);
    const read = (glob: string, more = "") =>
      withSession((session) =>
        session.rows(
          `SELECT run_id, project FROM read_parquet('${at.tables}/${glob}'${more}) WHERE x = 1 ORDER BY run_id`,
        ),
      );
    const want = [
      ["a", "p"],
      ["b", "q+1 é%"],
      ["c", "null"],
      ["d", "2024"],
      ["e", missing],
      ["f", ""],
    ];
    expect(await read("history/**/*.parquet")).toEqual(want);
    expect(await read("history/*/*.parquet", ", hive_types_autocast = 0")).toEqual(want);
  });

  it("have the entity in the path, too, as soon as there are several", async () => {
    const at = await loaded(run("p", "a"));
    await exportProject(at, divided);
    await load(at, { ...run("p", "b"), key: { entity: "other/team", project: "p", run_id: "b" } });
    expect((await exportProject(at, divided)).skipped).toBe(false);
    const files = await tableFiles(at);
    expect(files).toContain("history/entity=other%2Fteam/project=p/part-0001.parquet");
    expect(files.filter((file) => /^[^/]+\/project=/.test(file))).toEqual([]);
    expect(await readdir(join(at.tables, "history"))).toEqual(["entity=other%2Fteam", "entity=team"]);
    const want = { lines: await lines(at), tables: await opened(at) };
    await exportProject(at);
    expect({ lines: await lines(at), tables: await opened(at) }).toEqual(want);
    expect((await readdir(join(at.tables, "history"))).filter((name) => name.includes("="))).toEqual([]);
  });

  it("change only where runs do", async () => {
    const at = await loaded(run("p", "a"), run("q", "b"));
    await exportProject(at, divided);
    const before = await stat(join(at.tables, "history/project=p/part-0001.parquet"), { bigint: true });
    await load(at, run("q", "c"), run("r", "d"));
    expect((await exportProject(at, divided)).skipped).toBe(false);
    const after = await stat(join(at.tables, "history/project=p/part-0001.parquet"), { bigint: true });
    expect(after.mtimeNs).toBe(before.mtimeNs);
    expect((await tableFiles(at)).filter((file) => file.startsWith("history/"))).toEqual([
      "history/project=p/part-0000.parquet",
      "history/project=p/part-0001.parquet",
      "history/project=q/part-0002.parquet",
      "history/project=q/part-0005.parquet",
      "history/project=r/part-0006.parquet",
    ]);
    expect((await exportProject(at, divided)).skipped).toBe(true);
  });

  it("lose nothing with small windows", async () => {
    const logs = ["p", "q", "r"].flatMap((name) => [1, 2, 3].map((i) => run(name, `${name}${i}`, { rows: rowsOf(5) })));
    const at = await loaded(...logs);
    await exportProject(at);
    const want = { lines: await lines(at), tables: await opened(at) };
    await exportProject(at, { ...divided, window: { bytes: 1, rows: 1 } });
    expect({ lines: await lines(at), tables: await opened(at) }).toEqual(want);
  });

  it("of an empty store have one file each", async () => {
    const at = await project();
    await load(at, { key: { run_id: "only" } });
    const { tables } = await exportProject(at, divided);
    expect(tables.find(({ name }) => name === "history")).toEqual({
      name: "history",
      rows: 0,
      files: ["history/project=vision/part-0000.parquet"],
    });
    expect((await opened(at))["history"]).toEqual([]);
  });

  it("leave no folder behind when an export is interrupted or a project is gone", async () => {
    const at = await loaded(run("p", "a"));
    await exportProject(at, divided);
    const before = await tableFiles(at);
    const orphan = join(at.tables, "history/project=gone/part-0009.parquet");
    await cp(join(at.tables, "history/project=p/part-0001.parquet"), orphan);
    await cp(orphan, `${orphan}.writing`);
    expect((await exportProject(at, divided)).skipped).toBe(true);
    expect(await tableFiles(at)).toEqual(before);
    expect((await readdir(join(at.tables, "history"))).map((name) => basename(name))).toEqual(["project=p"]);
  });

  it("are refused where the file system takes two projects for one", async () => {
    const at = await loaded(run("P", "a"), run("p", "b"));
    await exportProject(at);
    const manifest = await readFile(join(at.tables, "manifest.json"), "utf8");
    const { files } = environment;
    const folders: string[] = [];
    const folded = async (path: string, options: { bigint: true }) => {
      const found = await files.stat(path, options);
      const name = path.toLowerCase();
      if (!folders.includes(name)) folders.push(name);
      return Object.assign(found, { ino: BigInt(folders.indexOf(name)) });
    };
    const error = await failure(
      exportProject(at, { ...divided, env: withFiles({ stat: folded as typeof files.stat }) }),
    );
    expect(error).toMatchObject({ code: "tables/partition", message: expect.stringMatching(/project=P.*project=p/) });
    expect(await readFile(join(at.tables, "manifest.json"), "utf8")).toBe(manifest);
    await exportProject(at, divided);
    expect((await opened(at))["history"]).toHaveLength(4);
  });
});

describe("the folder of a partition", () => {
  const key = (entity: string, name: string) => ({ entity, project: name, run_id: "" });

  test.each([
    ["mnist", "project=mnist"],
    ["", "project="],
    ["a b/c", "project=a%20b%2Fc"],
    ["100%=é+日本\u{1F600}", "project=100%25%3Dé%2B日本\u{1F600}"],
    ["..", "project=.."],
    ["NULL", "project=%4EULL"],
    ["__HIVE_DEFAULT_PARTITION__", "project=%5F_HIVE_DEFAULT_PARTITION__"],
    ["line\nend\0", "project=line%0Aend%00"],
  ])("of %j is %s", (name, folder) => {
    expect(partitionFolder(["project"], key("e", name))).toBe(folder);
  });

  it("gives the values back, whatever they are", () => {
    const value = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(value, value, (entity, name) => {
        const folder = partitionFolder(["entity", "project"], key(entity, name));
        expect([...partitionValues(`history/${folder}/part-0001.parquet`)]).toEqual([
          ["entity", entity],
          ["project", name],
        ]);
        expect(folder).toMatch(/^[^/\0]*\/[^/\0]*$/);
      }),
    );
  });

  it("is told when its name is longer than file systems allow", () => {
    expect(() => partitionFolder(["project"], key("e", "é".repeat(124)))).toThrow(/too long for the name of a folder/);
  });

  it("has the entity only when there are several", () => {
    const runs = [{ key: key("a", "p") }, { key: key("a", "q") }];
    expect(partitionOf("none", runs)).toEqual([]);
    expect(partitionOf("project", runs)).toEqual(["project"]);
    expect(partitionOf("project", [...runs, { key: key("b", "p") }])).toEqual(["entity", "project"]);
  });
});
