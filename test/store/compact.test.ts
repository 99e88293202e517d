import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Profiler } from "../../src/profile/profiler.js";
import { writeProfile } from "../../src/profile/serialize.js";
import { openStore, type RawStore } from "../../src/store/raw-store.js";
import { compareKeys } from "../../src/store/segment-key.js";
import { FULL_TIERING, mergeGroups, USUAL_TIERING } from "../../src/store/tiers.js";
import { contentOf, filesOf, namedBy } from "./store-content.js";
import { importLogs, liveRows, query, storeEnv, type TestLog, temporaryFolder } from "./store-fixture.js";

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

describe("which things are merged", () => {
  const fills = fc.array(fc.double({ min: 0, max: 1.5, noNaN: true }), { maxLength: 200 });

  it.each([
    ["usual", USUAL_TIERING, 15],
    ["full", FULL_TIERING, 1],
  ])("%s: few small ones are left, groups fit into one, nothing is merged twice", (_name, tiering, most) => {
    fc.assert(
      fc.property(fills, (items) => {
        const all = items.map((fill, id) => ({ id, fill }));
        const groups = mergeGroups(all, ({ fill }) => fill, tiering);
        const merged = groups.flat();
        expect(new Set(merged.map(({ id }) => id)).size).toBe(merged.length);
        for (const group of groups) {
          expect(group.length).toBeGreaterThan(1);
          expect(total(group.map(({ fill }) => fill))).toBeLessThanOrEqual(1 + 1e-9);
        }
        const alone = all.filter((item) => !merged.includes(item)).map(({ fill }) => fill);
        const after = [...alone, ...groups.map((group) => total(group.map(({ fill }) => fill)))];
        expect(after.filter((fill) => fill < 0.5).length).toBeLessThanOrEqual(most);
        expect(merged.every(({ fill }) => fill < 0.5)).toBe(true);
      }),
    );
  });

  it("what comes one by one is merged a few times only", () => {
    const written = new Map<number, number>();
    let piles: { readonly ids: number[]; readonly fill: number }[] = [];
    const one = 1 / 4000;
    for (let id = 0; id < 8000; id++) {
      piles.push({ ids: [id], fill: one });
      for (const group of mergeGroups(piles, ({ fill }) => fill, USUAL_TIERING)) {
        const ids = group.flatMap((pile) => pile.ids);
        for (const item of ids) written.set(item, (written.get(item) ?? 0) + 1);
        piles = [...piles.filter((pile) => !group.includes(pile)), { ids, fill: ids.length * one }];
      }
    }
    expect(piles.length).toBeLessThan(20);
    expect(Math.max(...written.values())).toBeLessThanOrEqual(8);
    expect(total([...written.values()]) / 8000).toBeLessThan(6);
  });
});

const run = (name: string, rows: readonly string[], changes: Partial<TestLog> = {}): TestLog => ({
  key: { run_id: name },
  rows,
  events: [`{"system.cpu":${rows.length}}`],
  blobs: { config: `{"name":"${name}"}` },
  ...changes,
});

const steps = (count: number, salt = ""): string[] =>
  Array.from({ length: count }, (_, step) => `{"_step":${step},"x":"${salt}${step}"}`);

async function storeOf(...commits: (readonly TestLog[])[]): Promise<RawStore> {
  const store = await openStore(await temporaryFolder(), storeEnv());
  for (const logs of commits) await importLogs(store, ...logs);
  return store;
}

describe("compaction", () => {
  const hostile = [
    '{"_step":3,"a":"\u{1f600}\\ud800"}',
    "not json",
    Buffer.from([0x7b, 0xff, 0x7d]),
    "\ufeff{}",
    "base64:e30=",
    { step: -5n, text: "{}" },
    { step: 2n ** 62n, text: '{"_step":1}' },
  ];

  it("merges what came in many commits into what one commit gives, to the byte", async () => {
    const logs = Array.from({ length: 9 }, (_, i) =>
      run(`r${(i * 7) % 9}`, i === 4 ? [] : steps(i), i === 3 ? { rows: hostile, key: { run_id: "\ufeffodd'r" } } : {}),
    );
    const many = await storeOf(...logs.map((log) => [log]));
    const once = await storeOf(logs);
    expect(many.manifest.segments.filter(({ kind }) => kind === "run").length).toBeLessThanOrEqual(3);
    expect(await contentOf(many)).toEqual(await contentOf(once));
    expect(many.runs().map(({ logs: of, ...rest }) => [rest, of.length])).toEqual(
      once.runs().map(({ logs: of, ...rest }) => [rest, of.length]),
    );
  });

  it("each new segment is sorted, with its ends, counts and the profile of its live rows", async () => {
    const store = await storeOf(...Array.from({ length: 4 }, (_, i) => [run(`r${3 - i}`, steps(5 - i))]));
    const [history, ...others] = store.liveSegments("history");
    expect(others).toEqual([]);
    const rows = await query(`SELECT run_id, log, step, ordinal FROM read_parquet('${history?.path}')`);
    const keys = rows.map((row) => ({
      ...{ entity: "team", project: "vision", run_id: String(row["run_id"]), log: String(row["log"]) },
      ...{ step: String(row["step"]), ordinal: Number(row["ordinal"]) },
    }));
    expect([...keys].sort(compareKeys)).toEqual(keys);
    expect(history?.keyRange).toEqual({ first: keys[0], last: keys.at(-1) });
    expect(history).toMatchObject({ rows: 14, liveRows: 14 });
    const [segment] = store.manifest.segments.filter(({ kind }) => kind === "history");
    expect(segment?.versions.map(({ id, rows: count }) => [id, count])).toEqual([
      [1, 5],
      [2, 4],
      [3, 3],
      [4, 2],
    ]);
    const text = total(steps(5).map((row) => row.length));
    expect(segment?.versions[0]?.text).toBe(text);
    expect(segment?.profile.versions).toEqual([1, 2, 3, 4]);
  });

  it("rows of the source that does not count stay, and those that were replaced go", async () => {
    const other = run("r1", steps(4, "api"), { key: { run_id: "r1", source: "wandb-api" } });
    const store = await storeOf(
      [other, run("r2", steps(2)), run("r1", steps(3))],
      [run("r3", steps(1)), run("r2", steps(6, "later"))],
      [run("r4", steps(1))],
      [run("r5", steps(1))],
    );
    const [segment, ...more] = store.manifest.segments.filter(({ kind }) => kind === "history");
    expect(more).toEqual([]);
    const known = store.manifest.versions.map(({ id }) => id);
    expect(segment?.versions.map(({ id }) => id)).toEqual(known);
    expect(segment?.rows).toBe(4 + 3 + 1 + 6 + 1 + 1);
    const live = new Set(segment?.profile.versions);
    expect(known.filter((id) => !live.has(id))).toHaveLength(1);
    const fresh = new Profiler();
    for (const row of await liveRows(store.directory, "history", "entity, project, run_id, history")) {
      fresh.beginRun({ entity: String(row["entity"]), project: "vision", run_id: String(row["run_id"]) });
      const bytes = Buffer.from(String(row["history"]));
      fresh.scan("history", bytes, 0, bytes.length);
    }
    expect(writeProfile(await store.profile(["history"]))).toBe(writeProfile(fresh.finish()));
  });

  it("a segment that is more than half garbage is written anew, one that is less is left", async () => {
    const store = await storeOf([run("a", steps(10)), run("b", steps(6))]);
    const fileOf = () => store.manifest.segments.find(({ kind }) => kind === "history")?.file;
    const before = fileOf();
    await importLogs(store, run("b", []));
    expect(fileOf()).toBe(before);
    await importLogs(store, run("a", steps(3)));
    const [row, ...rest] = store.manifest.segments.filter(({ kind }) => kind === "history");
    expect([row?.rows, rest]).toEqual([3, []]);
  });

  it("leaves only the files that the manifest names", async () => {
    const store = await storeOf(...Array.from({ length: 30 }, (_, i) => [run(`r${i}`, steps(1))]));
    expect(await filesOf(store.directory)).toEqual(namedBy(store.manifest));
    expect(store.manifest.segments.length).toBeLessThanOrEqual(3 * 15);
  });

  it("a reader that opened the store before finds what it names, or a file that is gone", async () => {
    const folder = await temporaryFolder();
    const writer = await openStore(folder, storeEnv());
    for (const name of ["a", "b", "c"]) await importLogs(writer, run(name, steps(1)));
    const reader = await openStore(folder, storeEnv());
    await importLogs(writer, run("d", steps(1)));
    const [first] = reader.liveSegments("history");
    await expect(query(`SELECT * FROM read_parquet('${first?.path}')`)).rejects.toThrow("No files found");
    expect(reader.manifest.revision).toBeLessThan(writer.manifest.revision);
  });

  it("tells of rows that are missing, and leaves the store as it was", async () => {
    const folder = await temporaryFolder();
    const store = await openStore(folder, storeEnv());
    for (const name of ["a", "b", "c"]) await importLogs(store, run(name, steps(2)));
    const [first, second] = store.manifest.segments.filter(({ kind }) => kind === "history");
    const path = (file: string | undefined) => join(folder, file ?? "");
    await query(`COPY (FROM read_parquet('${path(second?.file)}')) TO '${path(first?.file)}' (FORMAT parquet)`);
    await expect(importLogs(store, run("d", steps(2)))).rejects.toMatchObject({
      code: "store/compact",
      message: expect.stringContaining("rows of version 1; the manifest says 2"),
    });
    const after = await openStore(folder, storeEnv());
    expect(after.runs()).toHaveLength(4);
    expect(await filesOf(folder)).toEqual(namedBy(after.manifest));
  });
});
