import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { StoreError } from "../../src/errors.js";
import { type Project, planProject } from "../../src/pipelines/project.js";
import { DEFAULT_TABLE_OPTIONS } from "../../src/pipelines/table-options.js";
import { environment, rebuild } from "../end-to-end/project.js";
import {
  declare,
  dying,
  exportProject,
  failure,
  history,
  load,
  project,
  rowsOf,
  tableFiles,
  withFiles,
} from "./export-fixture.js";

const diskError = (code: string): Error => Object.assign(new Error(code), { code });

it("removes parts that the manifest does not name and unfinished files, and nothing else", async () => {
  const at = await project();
  await load(at, { rows: rowsOf(3) });
  await exportProject(at);
  const before = await tableFiles(at);
  const stays = [
    "history_long/part-0001.parquet",
    "notes.txt",
    "history/notes.parquet",
    "mine/part-0001.parquet",
    "mine.parquet",
  ];
  const goes = [
    "history/part-0007.parquet",
    "history/part-0001.parquet.writing",
    "runs.parquet.writing",
    "manifest.json.writing",
    "history_struct/project=p/part-0001.parquet.writing",
  ];
  for (const folder of ["mine", "history_long", "history_struct/project=p"]) {
    await mkdir(join(at.tables, folder), { recursive: true });
  }
  for (const file of [...stays, ...goes]) await cp(join(at.tables, "history/part-0001.parquet"), join(at.tables, file));
  expect((await exportProject(at)).skipped).toBe(true);
  expect(await tableFiles(at)).toEqual([...before, ...stays].sort());
  expect(await readdir(at.tables)).not.toContain("history_struct");
});

describe("an export that is killed", () => {
  const lines = async (at: Project) => rebuild(at, (await planProject(at, environment, "snake")).plan);

  it("leaves what the next export repairs, also when the plan is the old one again", async () => {
    const at = await project();
    await declare(at, "x");
    const kept = { key: { run_id: "kept" }, rows: rowsOf(2) };
    await load(
      at,
      kept,
      { key: { run_id: "a" }, state: "growing", rows: rowsOf(2) },
      { key: { run_id: "b" }, state: "growing", rows: rowsOf(2) },
    );
    await exportProject(at);
    await load(at, { key: { run_id: "a" }, rows: rowsOf(3) }, { key: { run_id: "b" }, rows: rowsOf(3) });
    const was = join(at.root, "was");
    const schema = join(at.schemas, "history-row.schema.json");
    const old = await readFile(schema);

    const results = async () => ({ lines: await lines(at), rows: await history(at) });
    await exportProject(at);
    const want = await results();
    await cp(at.tables, was, { recursive: true });
    await declare(at, "x", "y");
    const wider = await readFile(schema);
    await exportProject(at);
    const wantWider = await results();

    let alive = false;
    for (let changes = 0; !alive; changes++) {
      expect(changes).toBeLessThan(60);
      for (const again of [old, wider]) {
        await rm(at.tables, { recursive: true });
        await cp(was, at.tables, { recursive: true });
        await writeFile(schema, wider);
        const { env, died } = dying(changes);
        await failure(exportProject(at, { env }));
        alive = !died();
        await writeFile(schema, again);
        await exportProject(at);
        expect({ changes, ...(await results()) }).toEqual({ changes, ...(again === old ? want : wantWider) });
        const { skipped, tables } = await exportProject(at);
        expect(skipped).toBe(true);
        expect(await tableFiles(at)).toEqual([...tables.flatMap((table) => table.files), "manifest.json"].sort());
      }
    }
  }, 600_000);
});

describe("a disk that refuses", () => {
  async function changed(): Promise<{ at: Project; before: unknown }> {
    const at = await project();
    await declare(at, "x");
    await load(at, { rows: rowsOf(1) });
    await exportProject(at);
    const before = await history(at);
    await load(at, { rows: rowsOf(2) });
    return { at, before };
  }

  it("says that the tables are unchanged when they are", async () => {
    const { at, before } = await changed();
    const env = withFiles({ rename: () => Promise.reject(diskError("EACCES")) });
    const error = await failure(exportProject(at, { env }));
    expect(error).toMatchObject({ code: "tables/write", message: expect.stringContaining("are unchanged") });
    expect(await history(at)).toEqual(before);
    expect((await tableFiles(at)).filter((file) => file.endsWith(".writing"))).toEqual(["manifest.json.writing"]);
    await exportProject(at);
    expect(await history(at)).toEqual([[0], [1]]);
  });

  it("leaves no folder that was made for nothing", async () => {
    const { at, before } = await changed();
    const folders = async () =>
      (await readdir(at.tables, { recursive: true })).filter((name) => !/\./.test(name)).sort();
    const there = await folders();
    const env = withFiles({ rename: () => Promise.reject(diskError("ENOSPC")) });
    const options = { ...DEFAULT_TABLE_OPTIONS, history: "long", partitionBy: "project" } as const;
    expect(await failure(exportProject(at, { env, options }))).toMatchObject({ code: "tables/write" });
    expect(await folders()).toEqual(there);
    expect(await history(at)).toEqual(before);
  });

  it("does not say so when some are new", async () => {
    const { at } = await changed();
    let left = 2;
    const rename: typeof environment.files.rename = (from, to) =>
      left-- > 0 ? environment.files.rename(from, to) : Promise.reject(diskError("ENOSPC"));
    const error = await failure(exportProject(at, { env: withFiles({ rename }) }));
    expect(error).toMatchObject({ code: "tables/write", message: expect.stringContaining("disk is full") });
    expect(String(error)).not.toContain("unchanged");
    expect((await exportProject(at)).skipped).toBe(false);
    expect(await history(at)).toEqual([[0], [1]]);
  });

  it.each([
    ["tables", ""],
    ["a table's folder", "/history"],
  ])("is told when %s is a file", async (_name, path) => {
    const at = await project();
    await load(at, { rows: rowsOf(1) });
    if (path !== "") await mkdir(at.tables);
    await writeFile(at.tables + path, "mine");
    const error = await failure(exportProject(at));
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ code: "tables/write", message: expect.stringContaining("a file stands where") });
    expect(await readFile(at.tables + path, "utf8")).toBe("mine");
  });

  it("has the folders of new parts on it before the manifest names them", async () => {
    const at = await project();
    await load(at, { rows: rowsOf(1) });
    const { files } = environment;
    const log: string[] = [];
    const short = (path: unknown) => String(path).slice(at.tables.length + 1);
    const env = withFiles({
      open: (path, ...more) => {
        log.push(`open ${short(path)}`);
        return files.open(path, ...more);
      },
      rename: (from, to) => {
        log.push(`rename ${short(to)}`);
        return files.rename(from, to);
      },
    });
    await exportProject(at, { env });
    const last = log.lastIndexOf("rename manifest.json");
    const part = log.indexOf("rename history/part-0001.parquet");
    expect(log.slice(part, last)).toContain("open history");
    expect(log.slice(part, last)).toContain("open misfits");
    expect(log.slice(part, last)).toContain("open ");
  });
});
