import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { StoreError } from "../../src/errors.js";
import {
  declare,
  exportProject,
  failure,
  history,
  load,
  openStoreOf,
  project,
  rowsOf,
  select,
  tableFiles,
} from "./export-fixture.js";

describe("two exports at once", () => {
  it("do not mix: the second is told who is at work", async () => {
    const at = await project();
    await declare(at, "x");
    const store = await load(
      at,
      { rows: rowsOf(20_000) },
      { key: { run_id: "r2" }, state: "growing", rows: rowsOf(9) },
    );
    const temp = (name: string) => ({ store, temp: join(at.root, name) });
    const both = await Promise.allSettled([exportProject(at, temp("t1")), exportProject(at, temp("t2"))]);
    const refused = both.filter((item) => item.status === "rejected");
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toBeInstanceOf(StoreError);
    expect(refused[0]?.reason).toMatchObject({ code: "store/locked" });
    expect(String(refused[0]?.reason)).toContain(
      `The tables folder ${at.tables} is being written by process ${process.pid}`,
    );
    expect(await select(at, "SELECT count(*)::INT FROM read_parquet('tables/history/*.parquet')")).toEqual([[20_009]]);
    expect(await readdir(at.root)).not.toContain("t1");
    expect((await tableFiles(at)).filter((file) => !/parquet$|^manifest.json$/.test(file))).toEqual([]);
  });

  it("do not keep the lock of one that died, nor that of one that failed", async () => {
    const at = await project();
    await load(at, { rows: rowsOf(1) });
    await mkdir(at.tables);
    const lock = join(at.tables, ".lock");
    await writeFile(lock, JSON.stringify({ pid: 1234567, host: "here", since: "2020-01-01T00:00:00Z" }));
    expect(await failure(exportProject(at, { signal: AbortSignal.abort("enough") }))).toBe("enough");
    expect((await exportProject(at)).skipped).toBe(false);
    await writeFile(lock, JSON.stringify({ pid: 1, host: "elsewhere", since: "2020-01-01T00:00:00Z" }));
    expect(await failure(exportProject(at))).toMatchObject({
      message: expect.stringContaining("process 1 on elsewhere"),
    });
  });
});

describe("what has changed", () => {
  it("is seen by content: a raw store that begins again has the same ids", async () => {
    const at = await project();
    await declare(at, "x");
    await load(at, { rows: ['{"_step":0,"x":1}'] });
    await exportProject(at);
    await rm(at.raw, { recursive: true });
    await load(at, { rows: ['{"_step":0,"x":999}'] });
    expect((await exportProject(at)).skipped).toBe(false);
    expect(await history(at)).toEqual([[999]]);
  });

  it("is seen by run: two runs that change places", async () => {
    const at = await project();
    await declare(at, "x");
    const logs = (first: string, second: string) => [
      { key: { run_id: "a" }, rows: [first] },
      { key: { run_id: "b" }, rows: [second] },
    ];
    await load(at, ...logs('{"_step":0,"x":1}', '{"_step":0,"x":2}'));
    await exportProject(at);
    await load(at, ...logs('{"_step":0,"x":2}', '{"_step":0,"x":1}'));
    await exportProject(at);
    expect(await history(at)).toEqual([[2], [1]]);
  });

  it.each(["history/part-0001.parquet", "runs.parquet", "columns.parquet", "misfits/part-0000.parquet"])(
    "is %s when somebody removed it",
    async (file) => {
      const at = await project();
      await load(at, { rows: rowsOf(2) });
      await exportProject(at);
      const before = await tableFiles(at);
      expect(before).toContain(file);
      expect((await exportProject(at)).skipped).toBe(true);
      await rm(join(at.tables, file));
      expect((await exportProject(at)).skipped).toBe(false);
      expect(await tableFiles(at)).toEqual(before);
      expect((await exportProject(at)).skipped).toBe(true);
    },
  );
});

it("leaves no temporary folder when the engine does not start", async () => {
  const at = await project();
  await load(at, { rows: rowsOf(1) });
  expect(await failure(exportProject(at, { memory: Number.NaN }))).toBeInstanceOf(Error);
  expect(await readdir(at.tables)).toEqual([]);
});

describe("a raw store that changes beside it", () => {
  it("is told, with the next step", async () => {
    const at = await project();
    const log = { key: { start: "2025-01-01T00:00:00Z" } };
    const reader = await load(at, { ...log, rows: rowsOf(1) });
    await load(at, { ...log, rows: rowsOf(2) });
    const error = await failure(exportProject(at, { store: reader }));
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ code: "store/changed", next: "Run the same command again." });
    expect((await exportProject(at)).skipped).toBe(false);
  });

  it.each([/\.parquet$/, /\.profile\.json$/])("is not confused with a file that was removed: %s", async (name) => {
    const at = await project();
    const store = await load(at, { rows: rowsOf(1) });
    const [file = ""] = (await readdir(join(at.raw, "history"))).filter((item) => name.test(item));
    await rm(join(at.raw, "history", file));
    const error = await failure(exportProject(at, { store }));
    expect(error).toMatchObject({ code: "store/segment", where: { file: join(at.raw, "history", file) } });
  });
});

describe("runs of several logs", () => {
  const LATER = { key: { start: "2025-01-01T00:00:00.500Z" } };
  const FIRST = { key: { start: "2025-01-01T00:00:00Z" } };

  it.each([
    ["in one import", [[FIRST, LATER]]],
    ["the later first", [[LATER], [FIRST]]],
  ])("have the order of time, not of text: %s", async (_name, imports) => {
    const at = await project();
    for (const logs of imports) {
      const told = (log: object) => (log === FIRST ? "old" : "new");
      await load(
        at,
        ...logs.map((log) => ({
          ...log,
          blobs: { config: `{"lr":"${told(log)}"}` },
          rows: [`{"_step":0,"v":"${told(log)}"}`],
          events: [`{"system.cpu":${log === FIRST ? 1 : 2}}`],
        })),
      );
    }
    await exportProject(at);
    expect(await select(at, "SELECT config_residual FROM 'tables/runs.parquet'")).toEqual([['{"lr":"new"}']]);
    const rows = "SELECT ordinal::INT, history_residual FROM 'tables/history/*.parquet' ORDER BY ordinal";
    expect(await select(at, rows)).toEqual([
      [0, '{"v":"old"}'],
      [1, '{"v":"new"}'],
    ]);
    const events = "SELECT ordinal::INT, value::INT FROM 'tables/system_metrics/*.parquet' ORDER BY ordinal";
    expect(await select(at, events)).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it("are merged each with its own, many of them, among runs of one log", async () => {
    const at = await project();
    const ids = Array.from({ length: 1500 }, (_, i) => `r${i}`);
    const logs = ids.flatMap((run_id, i) => {
      const log = (start: string, config: string) => ({ key: { run_id, start }, blobs: { config } });
      const first = log("2025-01-01T00:00:00Z", `{"a":"${run_id}","b":1}`);
      return i % 3 === 0 ? [first] : [log("2025-01-02T00:00:00Z", `{"b":"${run_id}"}`), first];
    });
    await load(at, ...logs);
    await exportProject(at);
    const wrong = `SELECT count(*)::INT, count(*) FILTER (json_extract_string(config_residual, '$.a') = run_id
      AND json_extract_string(config_residual, '$.b') = CASE WHEN substr(run_id, 2)::INT % 3 = 0 THEN '1' ELSE run_id END)::INT
      FROM 'tables/runs.parquet'`;
    expect(await select(at, wrong)).toEqual([[1500, 1500]]);
  });

  it("have misfits without step and ordinal, as runs of one log do", async () => {
    const at = await project();
    const blobs = { run: '{"createdAt":"no time"}' };
    await load(at, { ...FIRST, blobs }, { ...LATER, blobs }, { key: { run_id: "r2" }, blobs });
    await exportProject(at);
    const query = "SELECT run_id, step::INT, ordinal::INT FROM 'tables/misfits/*.parquet' ORDER BY run_id";
    expect(await select(at, query)).toEqual([
      ["r1", -1, -1],
      ["r2", -1, -1],
    ]);
  });
});

it("counts refused records instead of telling each", async () => {
  const at = await project();
  const refused = Array.from({ length: 3000 }, (_, i) => ({ step: BigInt(i), text: `{"a":${i},}` }));
  await load(at, { rows: refused }, { key: { run_id: "r2" }, rows: refused.slice(0, 1) });
  const { findings } = await exportProject(at);
  expect(findings.filter(({ code }) => code === "json/refused")).toMatchObject([
    { run: { run_id: "r1" }, blob: "history", count: 3000 },
    { run: { run_id: "r2" }, blob: "history" },
  ]);
  expect((await stat(join(at.tables, "manifest.json"))).size).toBeLessThan(20_000);
  const again = await exportProject(at, { store: await openStoreOf(at) });
  expect(again).toMatchObject({ skipped: true, findings });
});
