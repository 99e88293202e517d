import * as nodeFiles from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Profiler } from "../../src/profile/profiler.js";
import { writeProfile } from "../../src/profile/serialize.js";
import { SOURCES } from "../../src/store/raw-record.js";
import { openStore } from "../../src/store/raw-store.js";
import { compareKeys } from "../../src/store/segment-key.js";
import type { StoreEnv, StoreFiles } from "../../src/store/store-env.js";
import { importLogs, liveRows, logKey, storeEnv, type TestLog, temporaryFolder, writeLog } from "./store-fixture.js";

const row = fc.constantFrom(
  '{"_step":0,"a":1}',
  '{"_step":1,"b":"x"}',
  '{"_step":-3}',
  "{}",
  "bad",
  '{"_step":0,"c":null}',
);
const anyLog: fc.Arbitrary<TestLog> = fc.record({
  key: fc.record({
    run_id: fc.constantFrom("r1", "r2", "r3"),
    source: fc.constantFrom(...SOURCES),
    start: fc.constantFrom("", "2"),
  }),
  rows: fc.array(row, { maxLength: 4 }),
  blobs: fc.record({ config: fc.constantFrom("{}", '{"x":1}', "nope") }),
});

interface Kept {
  readonly log: TestLog;
  readonly id: number;
}

const contentOf = ({ log }: Kept): string => JSON.stringify([log.rows, log.blobs]);

/** Logs of JSON Lines are named after their file: of equal ones of a run the first that was imported counts. */
function withoutCopies(logs: readonly Kept[]): Kept[] {
  const isCopy = (item: Kept): boolean =>
    item.log.key?.source === "json-lines" &&
    logs.some((other) => other.id < item.id && contentOf(other) === contentOf(item));
  return logs.filter((item) => !isCopy(item));
}

/** What must count: for each run the last import of each log of the first source that has rows. */
function expectedRows(commits: readonly (readonly TestLog[])[]): string[] {
  const logs = new Map<string, Kept>();
  for (const [id, log] of commits.flat().entries()) {
    const key = logKey(log.key);
    const name = JSON.stringify([key.run_id, key.source, key.start]);
    const known = logs.get(name);
    if (known === undefined || contentOf(known) !== contentOf({ log, id })) logs.set(name, { log, id });
  }
  const live: string[] = [];
  for (const run of ["r1", "r2", "r3"]) {
    const having = [...logs.values()].filter(({ log }) => log.key?.run_id === run && (log.rows ?? []).length > 0);
    const source = SOURCES.find((name) => having.some(({ log }) => log.key?.source === name));
    for (const { log } of withoutCopies(having.filter((item) => item.log.key?.source === source))) {
      live.push(...(log.rows ?? []).map((text) => JSON.stringify([run, source, log.key?.start, text])));
    }
  }
  return live.sort();
}

describe("whatever is imported in whatever commits", () => {
  it("the live rows are those of the last versions of the winning sources, and the profile is exactly theirs", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyLog, { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        async (commits) => {
          const folder = await temporaryFolder();
          const store = await openStore(folder, storeEnv());
          for (const logs of commits) await importLogs(store, ...logs);
          const rows = await liveRows(folder, "history", "run_id, source, log, history");
          const found = rows.map((item) =>
            JSON.stringify([item["run_id"], item["source"], item["log"], item["history"]]),
          );
          expect(found.sort()).toEqual(expectedRows(commits));
          const fresh = new Profiler();
          for (const item of rows) {
            fresh.beginRun(logKey({ run_id: String(item["run_id"]) }));
            const text = Buffer.from(String(item["history"]));
            fresh.scan("history", text, 0, text.length);
          }
          expect(writeProfile(await store.profile(["history"]))).toBe(writeProfile(fresh.finish()));
          await nodeFiles.rm(folder, { recursive: true });
        },
      ),
      {
        numRuns: 25,
        examples: [
          [
            [
              [
                { key: { run_id: "r2", source: "json-lines", start: "" }, rows: ['{"a":1}'], blobs: { config: "{}" } },
                { key: { run_id: "r2", source: "json-lines", start: "2" }, rows: ['{"a":1}'], blobs: { config: "{}" } },
              ],
            ],
          ],
        ],
      },
    );
  });
});

class Crash extends Error {}

/** Files that stop working for good at the n-th operation, as a process that is killed there. */
function dyingFiles(after: number): { files: StoreFiles; count: () => number } {
  let count = 0;
  const guard = <T extends (...args: never[]) => unknown>(operation: T): T =>
    ((...args: never[]) => {
      count += 1;
      return count > after ? Promise.reject(new Crash(`operation ${count}`)) : operation(...args);
    }) as T;
  const { link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } = nodeFiles;
  const files = {
    link: guard(link),
    mkdir: guard(mkdir),
    open: guard(open),
    readdir: guard(readdir),
    readFile: guard(readFile),
    rename: guard(rename),
    rm: guard(rm),
    stat: guard(stat),
    writeFile: guard(writeFile),
  };
  return { files, count: () => count };
}

describe("a writer that dies at any file operation", () => {
  const first: TestLog = { rows: ['{"_step":0,"a":1}'] };
  const other: TestLog = { key: { run_id: "r2" }, rows: ['{"_step":0}'] };
  const second: TestLog = { rows: ['{"_step":0,"a":2}', '{"_step":1,"a":3}'] };
  const dead = (pid: number): StoreEnv["process"] => ({
    pid,
    host: "here",
    isAlive: (asked) => asked === process.pid,
    startOf: () => undefined,
  });

  async function attempt(folder: string, after: number): Promise<{ failed: boolean; operations: number }> {
    const { files, count } = dyingFiles(after);
    try {
      const store = await openStore(folder, storeEnv({ files, process: dead(999_999) }));
      const writer = await store.writer();
      await writeLog(writer, second);
      await writer.commit();
      return { failed: false, operations: count() };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return { failed: true, operations: count() };
    }
  }

  it("leaves the old content or the new one, and the next writer cleans up", async () => {
    let deaths = 0;
    const before = await temporaryFolder();
    await importLogs(await openStore(before, storeEnv()), first, other);
    for (let after = 0; ; after++) {
      const folder = await temporaryFolder();
      await nodeFiles.cp(before, folder, { recursive: true });
      const { failed } = await attempt(folder, after);
      const rows = await liveRows(folder, "history", "run_id, history");
      const own = rows.filter((item) => item["run_id"] === "r1").map((item) => item["history"]);
      expect([first.rows, second.rows]).toContainEqual(own);
      expect(rows.filter((item) => item["run_id"] === "r2")).toHaveLength(1);
      const store = await openStore(folder, storeEnv());
      const writer = await store.writer();
      await writeLog(writer, second);
      await writer.commit();
      const named = store.manifest.segments.flatMap((segment) => [segment.file, segment.profile.file]);
      const there = (await nodeFiles.readdir(folder, { recursive: true })).filter((name) => name.includes("/"));
      expect(there.sort()).toEqual(named.sort());
      expect(await liveRows(folder, "history", "history")).toHaveLength(3);
      await nodeFiles.rm(folder, { recursive: true });
      if (!failed) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(20);
  });
});

describe("a large log", () => {
  const text = (step: number): string => `{"_step":${step},"loss":${1 / (step + 1)}}`;
  const rows = (count: number): string[] => Array.from({ length: count }, (_, i) => text(i ^ 1));

  it("closes a segment at 100,000 rows, each sorted and with its range", async () => {
    const folder = await temporaryFolder();
    const store = await openStore(folder, storeEnv());
    await importLogs(
      store,
      { key: { run_id: "small" }, rows: ["{}"] },
      { rows: rows(200_001) },
      { key: { run_id: "z" }, rows: ["{}"] },
    );
    const segments = store.liveSegments("history");
    expect(segments.map((segment) => segment.rows).sort()).toEqual([1, 100_000, 100_000, 2]);
    for (const segment of segments) {
      expect(compareKeys(segment.keyRange.first, segment.keyRange.last)).toBeLessThanOrEqual(0);
    }
    const all = await liveRows(
      folder,
      "history",
      "count(*) AS rows, count(DISTINCT position) AS positions, max(ordinal) AS ordinal, bool_and(step = (position # 1)) AS placed".replace(
        "(position # 1)",
        "xor(position, 1)",
      ),
    );
    expect(
      all
        .filter((item) => item["rows"] === 100_000n)
        .map((item) => [item["positions"], item["ordinal"], item["placed"]]),
    ).toEqual([
      [100_000n, 0n, true],
      [100_000n, 0n, true],
    ]);
    expect((await store.profile()).blobs.history?.records).toBe(200_003);
  });

  it("that did not change leaves no segment behind", async () => {
    const folder = await temporaryFolder();
    const store = await openStore(folder, storeEnv());
    const log = { rows: rows(100_001) };
    await importLogs(store, log);
    const before = (await nodeFiles.readdir(join(folder, "history"))).sort();
    const again = await importLogs(store, log);
    expect([again.added.length, again.unchanged.length]).toEqual([0, 1]);
    expect((await nodeFiles.readdir(join(folder, "history"))).sort()).toEqual(before);
  });

  it("closes a segment at 16 MB of text, and holds a text that is larger", async () => {
    const folder = await temporaryFolder();
    const store = await openStore(folder, storeEnv());
    const wide = (mb: number): string => `{"a":"${"x".repeat(mb * 1024 * 1024)}"}`;
    await importLogs(
      store,
      { rows: [wide(9), wide(9), wide(1)], blobs: { config: wide(20) } },
      { key: { run_id: "r2" }, blobs: { config: wide(1) } },
    );
    expect(store.liveSegments("history").map((segment) => segment.rows)).toEqual([2, 1]);
    expect(store.liveSegments("run").map((segment) => segment.rows)).toEqual([1, 1]);
    expect((await liveRows(folder, "run", "length(config) AS size")).map((item) => item["size"])).toEqual([
      20971528n,
      1048584n,
    ]);
  });
});
