import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { forgetRuns, forgettingOf } from "../../src/store/forget.js";
import { SOURCES } from "../../src/store/raw-record.js";
import { openStore } from "../../src/store/raw-store.js";
import { contentOf, filesOf, namedBy } from "./store-content.js";
import { importLogs, logKey, query, storeEnv, type TestLog, temporaryFolder } from "./store-fixture.js";

const runKey = (run_id: string) => ({ entity: "team", project: "vision", run_id });

/** Every text in the files of a store: bytes as they are, and cells of Parquet files. */
async function everything(directory: string): Promise<string> {
  const texts: string[] = [];
  for (const name of await filesOf(directory)) {
    const file = join(directory, name);
    texts.push(name, (await readFile(file)).toString("latin1"));
    if (!name.endsWith(".parquet")) continue;
    const cells = await query(`SELECT * FROM read_parquet('${file}')`);
    const metadata = await query(`SELECT stats_min_value, stats_max_value FROM parquet_metadata('${file}')`);
    for (const row of [...cells, ...metadata]) texts.push(Object.values(row).join(" "));
  }
  return texts.join("\n");
}

const marked = (name: string, version: number, state: TestLog["state"] = "complete"): TestLog => ({
  key: { run_id: name },
  rows: [`{"_step":0,"x":"${name}-history-${version}","${name}-key":1}`, `{"_step":1}`],
  events: [`{"system.cpu":"${name}-event"}`],
  blobs: { run: `{"name":"${name}-run"}`, config: `{"a":"${name}-config"}`, summary: '{"b":1}' },
  state,
});

it("no file has a byte of a forgotten run, and the others are as they were", async () => {
  const folder = await temporaryFolder();
  const store = await openStore(folder, storeEnv());
  await importLogs(store, marked("keep1", 1), marked("secret", 1, "growing"), marked("keep2", 1, "growing"));
  await importLogs(store, marked("secret", 2), marked("keep2", 2), {
    ...marked("secret", 3),
    key: { run_id: "secret", source: "dr-wandb" },
  });
  expect(await everything(folder)).toContain("secret");
  const secret = [runKey("secret")];
  const would = forgettingOf(store.manifest, secret);
  const did = await forgetRuns(storeEnv(), folder, secret);
  expect(did).toEqual(would);
  expect(did).toMatchObject({ logs: 2, rows: 8 });
  const after = await openStore(folder, storeEnv());
  expect(await everything(folder)).not.toContain("secret");
  expect(await filesOf(folder)).toEqual(namedBy(after.manifest));
  const without = await openStore(await temporaryFolder(), storeEnv());
  await importLogs(without, marked("keep1", 1), marked("keep2", 2));
  expect(await contentOf(after)).toEqual(await contentOf(without));
  expect(await forgetRuns(storeEnv(), folder, secret)).toEqual({ logs: 0, rows: 0, segments: 0 });
});

it("a forgotten run comes back when its source is imported again", async () => {
  const store = await openStore(await temporaryFolder(), storeEnv());
  await importLogs(store, marked("a", 1), marked("b", 1));
  const before = await contentOf(store);
  await forgetRuns(storeEnv(), store.directory, [runKey("a")]);
  const later = await openStore(store.directory, storeEnv());
  const summary = await importLogs(later, marked("a", 1), marked("b", 1));
  expect([summary.added.length, summary.unchanged.length]).toEqual([1, 1]);
  expect(await contentOf(later)).toEqual(before);
});

it("forgets every run", async () => {
  const store = await openStore(await temporaryFolder(), storeEnv());
  await importLogs(store, marked("a", 1), marked("b", 1));
  await forgetRuns(storeEnv(), store.directory, [runKey("b"), runKey("a")]);
  const after = await openStore(store.directory, storeEnv());
  expect([after.runs(), after.manifest.segments]).toEqual([[], []]);
  expect(await filesOf(store.directory)).toEqual(["manifest.json"]);
});

const anyLog: fc.Arbitrary<TestLog> = fc.record({
  key: fc.record({ run_id: fc.constantFrom("r1", "secret", "r3"), source: fc.constantFrom(...SOURCES) }),
  rows: fc.array(fc.constantFrom('{"_step":0,"a":1}', "bad", '{"_step":1,"b":"x"}'), { maxLength: 3 }),
});

it("whatever was imported in whatever commits, what is left is as if the run had never been", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(anyLog, { maxLength: 4 }), { minLength: 1, maxLength: 5 }), async (commits) => {
      const store = await openStore(await temporaryFolder(), storeEnv());
      const never = await openStore(await temporaryFolder(), storeEnv());
      for (const logs of commits) {
        await importLogs(store, ...logs);
        await importLogs(never, ...logs.filter((log) => log.key?.run_id !== "secret"));
      }
      await forgetRuns(storeEnv(), store.directory, [logKey({ run_id: "secret" })]);
      const after = await openStore(store.directory, storeEnv());
      expect(await contentOf(after)).toEqual(await contentOf(never));
      expect(await filesOf(store.directory)).toEqual(namedBy(after.manifest));
      expect(await everything(store.directory)).not.toContain("secret");
    }),
    { numRuns: 20 },
  );
});
