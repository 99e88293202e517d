import * as files from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { finding } from "../../src/finding.js";
import { forgetRuns } from "../../src/store/forget.js";
import type { ImportUnit } from "../../src/store/raw-record.js";
import { openStore } from "../../src/store/raw-store.js";
import type { ImportSummary } from "../../src/store/raw-store-writer.js";
import { storeEnv, temporaryFolder, writeLog } from "./store-fixture.js";

const HOUR = 3_600_000;
const root = await temporaryFolder();
afterAll(() => files.rm(root, { recursive: true }));

let count = 0;
let raw: string;
let source: string;
let unit: ImportUnit;
const missing = (): string => join(root, `missing-${count}`);

beforeEach(async () => {
  count += 1;
  raw = join(root, `raw-${count}`);
  source = join(root, `source-${count}`);
  await files.writeFile(source, "one");
  unit = { name: ["a", "b"], files: [source, missing()] };
});

interface Attempt extends ImportSummary {
  readonly reads: number;
}

/** Imports the unit, an hour after its files were written. */
async function attempt(options: { unit?: ImportUnit; now?: Date; code?: "source/unreadable" } = {}): Promise<Attempt> {
  const now = options.now ?? new Date(Date.now() + HOUR);
  const store = await openStore(raw, storeEnv({ now: () => now }));
  const writer = await store.writer();
  let reads = 0;
  await writer.unit(options.unit ?? unit, async () => {
    reads += 1;
    await writeLog(writer, {
      rows: [`{"text":${JSON.stringify(await files.readFile(source, "utf8"))}}`],
      state: "growing",
    });
    writer.finding(finding(options.code ?? "source/partial", "outside"));
  });
  return { ...(await writer.commit()), reads };
}

describe("a unit", () => {
  it("is read once, and counts as unchanged with the findings it gave", async () => {
    const first = await attempt();
    expect(first).toMatchObject({ reads: 1, added: [{ id: 1 }], unchanged: [] });
    const second = await attempt();
    expect(second).toMatchObject({ reads: 0, added: [], unchanged: [{ id: 1 }] });
    expect(second.findings).toEqual(first.findings);
    expect(first.findings.map(({ code }) => code).sort()).toEqual(["run/growing", "source/partial", "step/missing"]);
  });

  it("that another version has read is read again, and takes the place of the older one", async () => {
    await attempt();
    const newer = { ...unit, name: ["z", "b"] };
    expect((await attempt({ unit: newer })).reads).toBe(1);
    expect((await attempt({ unit: newer })).reads).toBe(0);
    const { units } = JSON.parse(await files.readFile(join(raw, "sources.json"), "utf8")) as { units: ImportUnit[] };
    expect(units.map(({ name }) => name)).toEqual([["z", "b"]]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["has grown", () => files.appendFile(source, " more")],
    ["was touched", () => files.utimes(source, new Date(), new Date())],
    [
      "was replaced by one of the same size and time",
      async () => {
        const { atime, mtime } = await files.stat(source);
        await files.writeFile(`${source}.new`, "two");
        await files.utimes(`${source}.new`, atime, mtime);
        await files.rename(`${source}.new`, source);
      },
    ],
    ["was joined by a file that was missing", () => files.writeFile(missing(), "")],
    [
      "was forgotten in the store",
      () => forgetRuns(storeEnv(), raw, [{ entity: "team", project: "vision", run_id: "r1" }]),
    ],
    [
      "is remembered beside a store that was begun anew",
      async () => {
        const kept = await files.readFile(join(raw, "sources.json"));
        await files.rm(raw, { recursive: true });
        const store = await openStore(raw, storeEnv());
        const writer = await store.writer();
        await writeLog(writer, { key: { run_id: "other" } });
        await writer.commit();
        await files.writeFile(join(raw, "sources.json"), kept);
      },
    ],
    ["is remembered in a damaged file", () => files.writeFile(join(raw, "sources.json"), '{"format":1,"units":[{}]}')],
    ["is remembered in a file that is cut", () => files.truncate(join(raw, "sources.json"), 50)],
  ])("is read again when it %s", async (_what, change) => {
    await attempt();
    await change();
    expect(await attempt()).toMatchObject({ reads: 1 });
    expect(await attempt()).toMatchObject({ reads: 0 });
  });

  it("is read again under another name", async () => {
    await attempt();
    expect(await attempt({ unit: { ...unit, name: ["a", "c"] } })).toMatchObject({ reads: 1, unchanged: [{ id: 1 }] });
  });

  it("is not vouched for while its files may change within one tick of the clock", async () => {
    const now = new Date();
    await attempt({ now });
    expect(await attempt({ now })).toMatchObject({ reads: 1 });
  });

  it("is read again when some of it could not be read", async () => {
    await attempt({ code: "source/unreadable" });
    expect(await attempt()).toMatchObject({ reads: 1 });
  });

  it("is not remembered when reading it fails", async () => {
    const store = await openStore(raw, storeEnv({ now: () => new Date(Date.now() + HOUR) }));
    const writer = await store.writer();
    await expect(writer.unit(unit, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await writer.commit();
    expect(await attempt()).toMatchObject({ reads: 1 });
  });
});
