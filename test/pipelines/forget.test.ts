import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import type { RunKey } from "../../src/blob.js";
import { type ForgetOptions, forgetNamed } from "../../src/pipelines/forget.js";
import { gcProject } from "../../src/pipelines/gc.js";
import { runsNamed } from "../../src/pipelines/named-runs.js";
import { type Project, planProject, readRaw } from "../../src/pipelines/project.js";
import { writeReport } from "../../src/pipelines/report-files.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";
import { environment, importLines, LIMITS, load, rebuild, reportOf } from "../end-to-end/project.js";
import { readRecords } from "../end-to-end/records.js";
import { allLines, withSession } from "../end-to-end/tables.js";
import { failure, project } from "./export-fixture.js";

const MARK = "s3cr3tm4rk";

const options = (at: Project, names: readonly string[], dryRun = false): ForgetOptions => ({
  names,
  sink: { kind: "parquet", dir: at.tables },
  dryRun,
  naming: "snake",
  thresholds: DEFAULT_THRESHOLDS,
  limits: LIMITS,
  progress: () => undefined,
});

/** Files below a folder, without those of some folders in it. */
async function filesBelow(folder: string, but: readonly string[] = []): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.filter((path) => !but.some((name) => path.startsWith(join(folder, name)))).sort();
}

/** Files that have a text in their bytes, or in a cell or the metadata of a Parquet file. */
async function filesWith(folder: string, text: string, but: readonly string[] = []): Promise<string[]> {
  return withSession(async (session) => {
    const found: string[] = [];
    for (const file of await filesBelow(folder, but)) {
      const parts = [(await readFile(file)).toString("latin1")];
      if (file.endsWith(".parquet")) {
        const queries = [
          `SELECT * FROM read_parquet('${file}')`,
          `SELECT decode(key), decode(value) FROM parquet_kv_metadata('${file}')`,
          `SELECT stats_min_value, stats_max_value FROM parquet_metadata('${file}')`,
        ];
        for (const query of queries) parts.push(String((await session.rows(query)).flat()));
      }
      if (parts.some((part) => part.includes(text))) found.push(file.slice(folder.length + 1));
    }
    return found;
  });
}

const run = (id: string, text: string, rows: number, more = ""): string =>
  [
    `{"kind":"run","run_id":"${id}","run":{"displayName":"${text} run"},"config":{"lr":0.1,"tag":"${text} config"${more}},"summary":{"x":1}}`,
    ...Array.from(
      { length: rows },
      (_, i) => `{"kind":"history","run_id":"${id}","row":{"_step":${i},"note":"${text} ${i}"}}`,
    ),
    `{"kind":"history","run_id":"${id}","row":{"_step":9,"note":{"odd":"${text} misfit"}}}`,
    `{"kind":"system_event","run_id":"${id}","row":{"_timestamp":1,"system.cpu":5,"odd":"${text} event"}}`,
  ].join("\n");

async function filled(...texts: readonly string[]): Promise<Project> {
  const at = await project();
  for (const text of texts) await importLines(at, readRecords(text));
  const loaded = await load(at);
  await writeReport(await reportOf(loaded), { ...loaded, thresholds: DEFAULT_THRESHOLDS, more: [] }, at, environment);
  return at;
}

async function contentOf(at: Project): Promise<unknown> {
  const loaded = await load(at);
  const lines = await allLines(at.tables, loaded.planned.plan, loaded.exported);
  return { lines, rebuilt: await rebuild(at, loaded.planned.plan), report: (await reportOf(loaded)).report };
}

describe("forget", () => {
  const kept = [run("a", "plain", 3), run("b", "other", 2)];

  it("leaves no byte of the run in any file, and the rest as if it had never been", async () => {
    const secret = `${MARK}-run`;
    const at = await filled(`${kept[0]}\n${run(secret, MARK, 2)}`, `${run(secret, MARK, 4)}\n${kept[1]}`);
    expect(await filesWith(at.root, MARK)).toEqual(
      expect.arrayContaining([
        "raw/manifest.json",
        "tables/runs.parquet",
        "tables/manifest.json",
        "report/report.json",
      ]),
    );
    const would = await forgetNamed(at, options(at, [secret], true), environment);
    expect(await filesWith(at.root, MARK)).toContain("tables/runs.parquet");
    const did = await forgetNamed(at, options(at, [secret]), environment);
    expect(did).toEqual(would);
    expect(did.tableFiles).toEqual(expect.arrayContaining(["runs.parquet", "history/part-0001.parquet"]));
    expect(await filesWith(at.root, MARK)).toEqual([]);
    const never = await filled(...kept);
    expect(await contentOf(at)).toEqual(await contentOf(never));
    expect(JSON.parse(await readFile(join(at.report, "report.json"), "utf8"))).toEqual(
      JSON.parse(await readFile(join(never.report, "report.json"), "utf8")),
    );
  });

  it("keeps the columns of the schemas, in which keys of the run stay", async () => {
    const at = await filled(...kept, run("gone", "gone", 1, `,"${MARK}":1`));
    const columns = (await planProject(at, environment, "snake")).plan.tables.flatMap((table) => table.columns);
    await forgetNamed(at, options(at, ["gone"]), environment);
    expect((await planProject(at, environment, "snake")).plan.tables.flatMap((table) => table.columns)).toEqual(
      columns,
    );
    expect(await filesWith(at.root, MARK, ["schemas", "generated", "tables", "report"])).toEqual([]);
  });

  it("a project goes with all its runs, and the last one leaves empty tables", async () => {
    const at = await filled(...kept);
    await forgetNamed(at, options(at, ["acme/vision"]), environment);
    expect(await readRaw(at, environment, LIMITS)).toBeUndefined();
    const loaded = await load(at);
    expect(loaded.exported.tables.filter(({ name, rows }) => name !== "columns" && rows > 0)).toEqual([]);
    expect(await filesWith(at.root, "plain")).toEqual([]);
  });

  it("what an interruption left half done is completed by the same command", async () => {
    const secret = `${MARK}-run`;
    const at = await filled(kept[0] ?? "", run(secret, MARK, 2));
    const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    const files = { ...environment.files, rename: renameButTables(at, full) };
    const error = await failure(forgetNamed(at, options(at, [secret]), { ...environment, files }));
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^The raw store has forgotten them, but tables and report still have them: .*disk is full/,
      ),
      next: expect.stringContaining("Then run the same command again."),
    });
    expect(await filesWith(at.root, MARK, ["tables"])).toEqual([]);
    expect(await filesWith(at.root, MARK)).toContain("tables/runs.parquet");
    expect(await forgetNamed(at, options(at, [secret]), environment)).toMatchObject({ logs: 0, rows: 0 });
    expect(await filesWith(at.root, MARK)).toEqual([]);
  });

  it("does not empty tables whose raw store is gone", async () => {
    const at = await filled(...kept);
    await rm(at.raw, { recursive: true });
    const error = await failure(forgetNamed(at, options(at, ["a"]), environment));
    expect(error).toMatchObject({ code: "forget/no-raw" });
    expect(await filesWith(at.tables, "other")).not.toEqual([]);
  });

  it("leaves nothing in a folder that has no such run", async () => {
    const at = await project();
    expect(await failure(forgetNamed(at, options(at, ["a"]), environment))).toMatchObject({ code: "forget/unknown" });
    expect(await readdir(at.root)).toEqual([]);
  });

  it("works before anything was exported", async () => {
    const at = await project();
    await importLines(at, readRecords(kept.join("\n")));
    await forgetNamed(at, options(at, ["a"]), environment);
    expect((await readRaw(at, environment, LIMITS))?.runs().map(({ key }) => key.run_id)).toEqual(["b"]);
    expect(await readdir(at.root)).toEqual(["raw"]);
  });
});

function renameButTables(at: Project, error: Error): typeof environment.files.rename {
  return (from, to) => (String(to).startsWith(at.tables) ? Promise.reject(error) : environment.files.rename(from, to));
}

describe("gc", () => {
  const limits = { naming: "snake", limits: LIMITS } as const;

  it("leaves tables as they are, to the byte, and removes leftovers", async () => {
    const at = await filled(run("a", "first", 3), run("a", "second", 2), run("b", "third", 4));
    const before = await filesBelow(at.tables);
    const { writeFile } = environment.files;
    await writeFile(join(at.tables, "history", "part-0099.parquet.writing"), "half");
    await writeFile(join(at.raw, "history", "000099.parquet.tmp"), "half");
    const would = await gcProject(
      at,
      { ...limits, sink: { kind: "parquet", dir: at.tables }, dryRun: true },
      environment,
    );
    const did = await gcProject(
      at,
      { ...limits, sink: { kind: "parquet", dir: at.tables }, dryRun: false },
      environment,
    );
    expect(did).toMatchObject({ rows: would.rows, segmentsBefore: 6, segmentsAfter: 3 });
    expect(did.freed.map(({ before: was, after }) => was.files > after.files && was.bytes > after.bytes)).toEqual([
      true,
      true,
    ]);
    expect(await filesBelow(at.tables)).toEqual(before);
    expect((await load(at)).exported.skipped).toBe(true);
  });

  test.each([true, false])("without data it says so (dry run: %s)", async (dryRun) => {
    const at = await project();
    const error = await failure(
      gcProject(at, { ...limits, sink: { kind: "parquet", dir: at.tables }, dryRun }, environment),
    );
    expect(error).toMatchObject({ code: "project/no-data" });
  });
});

describe("what a name stands for", () => {
  const key = (entity: string, name: string, run_id: string): RunKey => ({ entity, project: name, run_id });
  const runs = [
    key("lab", "mnist", "r1"),
    key("lab", "mnist", "r2"),
    key("lab", "cifar", "r1"),
    key("", "", "x"),
    key("", "mnist", "cifar"),
  ];

  test.each([
    ["lab/mnist/r1", "run", ["r1"]],
    ["lab/mnist", "project", ["r1", "r2"]],
    ["r2", "run", ["r2"]],
    ["//x", "run", ["x"]],
    ["/", "project", ["x"]],
    ["/mnist", "project", ["cifar"]],
  ])("%s", (name, kind, ids) => {
    const found = runsNamed(name, runs);
    expect([found.kind, found.runs.map(({ run_id }) => run_id)]).toEqual([kind, ids]);
  });

  test.each([
    ["r1", "forget/ambiguous", "run lab/mnist/r1, run lab/cifar/r1"],
    ["mnist", "forget/ambiguous", "project lab/mnist, project /mnist"],
    ["cifar", "forget/ambiguous", "run /mnist/cifar, project lab/cifar"],
    ["r", "forget/unknown", '"r"'],
    ["lab", "forget/unknown", '"lab"'],
    ["lab/mnist/", "forget/unknown", '"lab/mnist/"'],
    ["lab/mnist/r3", "forget/unknown", '"lab/mnist/r3"'],
    ["", "forget/unknown", '""'],
  ])("%s is refused", (name, code, says) => {
    expect(() => runsNamed(name, runs)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(says) }),
    );
  });
});
