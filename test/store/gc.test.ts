import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { forgetRuns } from "../../src/store/forget.js";
import { collectGarbage, garbageOf } from "../../src/store/gc.js";
import { openStore, type RawStore } from "../../src/store/raw-store.js";
import { contentOf, filesOf, namedBy } from "./store-content.js";
import { importLogs, query, storeEnv, type TestLog, temporaryFolder } from "./store-fixture.js";

const rows = (count: number, key = "x"): string[] =>
  Array.from({ length: count }, (_, i) => `{"_step":${i},"${key}":${i}}`);

const own: TestLog = { key: { run_id: "a" }, rows: rows(3), events: ["{}"], blobs: { config: '{"own":1}' } };
const api: TestLog = {
  key: { run_id: "a", source: "wandb-api" },
  rows: rows(9, "api"),
  expectedRows: 9,
  blobs: { config: '{"api":1}' },
};
const other: TestLog = { key: { run_id: "b" }, rows: rows(5) };

const reopened = (store: RawStore): Promise<RawStore> => openStore(store.directory, storeEnv());

async function filled(): Promise<RawStore> {
  const store = await openStore(await temporaryFolder(), storeEnv());
  await importLogs(store, other, api, own);
  await importLogs(store, { ...other, rows: rows(6) });
  await importLogs(store, { key: { run_id: "c" }, rows: rows(1) });
  return store;
}

it("gc drops what does not count, merges what is left, and changes nothing that counts", async () => {
  const store = await filled();
  const before = await contentOf(store);
  await writeFile(join(store.directory, "history", "000099.parquet.tmp"), "left over");
  const would = garbageOf(store.manifest);
  const did = await collectGarbage(storeEnv(), store.directory);
  expect(did).toEqual(would);
  const replaced = 1 + 5;
  const superseded = 1 + 9;
  expect(did).toEqual({ rows: replaced + superseded, segmentsBefore: 7, segmentsAfter: 3 });
  const after = await reopened(store);
  expect(await contentOf(after)).toEqual(before);
  expect(after.runs()).toEqual(store.runs());
  expect(after.manifest.versions.map(({ dropped }) => dropped)).toEqual([
    ["run", "history"],
    undefined,
    undefined,
    undefined,
  ]);
  expect(await filesOf(store.directory)).toEqual(namedBy(after.manifest));
  const [history] = after.liveSegments("history");
  const [count] = await query(`SELECT count(*) AS n FROM read_parquet('${history?.path}')`);
  expect(count?.["n"]).toBe(3n + 6n + 1n);
  expect(await collectGarbage(storeEnv(), store.directory)).toEqual({ rows: 0, segmentsBefore: 3, segmentsAfter: 3 });
  expect((await reopened(store)).manifest.revision).toBe(after.manifest.revision);
});

it("what gc dropped of a superseded source is not imported again as long as it does not count", async () => {
  const store = await filled();
  await collectGarbage(storeEnv(), store.directory);
  const same = await importLogs(await reopened(store), api, own);
  expect([same.added.length, same.unchanged.length]).toEqual([0, 2]);
});

it("but it is as soon as it would count", async () => {
  const store = await filled();
  await collectGarbage(storeEnv(), store.directory);
  const later = await reopened(store);
  await importLogs(later, { ...own, rows: [] });
  expect(later.runs()[0]).toMatchObject({ history_rows: 0, expected: 9 });
  const again = await importLogs(later, api);
  expect([again.added.length, again.unchanged.length]).toEqual([1, 0]);
  expect(later.runs()[0]).toMatchObject({ history_rows: 9, expected: 9 });
  const history = later.liveSegments("history").flatMap((segment) => segment.versions.live);
  expect(history).toContain(again.added[0]?.id);
});

it("nor is a copy that another file had, until that file has something else", async () => {
  const copy = (start: string, count: number): TestLog => ({
    key: { run_id: "a", source: "json-lines", start },
    rows: rows(count),
  });
  const store = await openStore(await temporaryFolder(), storeEnv());
  await importLogs(store, copy("one.jsonl", 2), copy("two.jsonl", 2));
  expect(store.runs()[0]?.history_rows).toBe(2);
  expect(await collectGarbage(storeEnv(), store.directory)).toMatchObject({ rows: 1 + 2 });
  const later = await reopened(store);
  expect((await importLogs(later, copy("two.jsonl", 2))).unchanged).toHaveLength(1);
  await importLogs(later, copy("one.jsonl", 3));
  expect((await importLogs(later, copy("two.jsonl", 2))).added).toHaveLength(1);
  expect(later.runs()[0]?.history_rows).toBe(5);
});

it("forgetting after gc takes the run with all its sources", async () => {
  const store = await filled();
  await collectGarbage(storeEnv(), store.directory);
  await forgetRuns(storeEnv(), store.directory, [{ entity: "team", project: "vision", run_id: "a" }]);
  expect((await reopened(store)).runs().map(({ key }) => key.run_id)).toEqual(["b", "c"]);
});

it("gc waits for nobody who writes", async () => {
  const store = await filled();
  const writer = await store.writer();
  await expect(collectGarbage(storeEnv(), store.directory)).rejects.toMatchObject({ code: "store/locked" });
  await writer.abort();
});
