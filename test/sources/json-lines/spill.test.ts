import * as files from "node:fs/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Spill } from "../../../src/sources/json-lines/spill.js";
import type { FileRun } from "../../../src/sources/json-lines/survey.js";
import { temporaryFolder } from "../../temporary-folder.js";

function runsOf(records: readonly (readonly [run: number, text: string])[]): Map<number, FileRun> {
  const runs = new Map<number, FileRun>();
  for (const [number, text] of records) {
    const key = { entity: "", project: "", run_id: `r${number}` };
    const run = runs.get(number) ?? { key, start: "", records: 0, bytes: 0, isScattered: true };
    run.records += 1;
    run.bytes += Buffer.byteLength(text);
    runs.set(number, run);
  }
  return runs;
}

async function regroup(records: readonly (readonly [run: number, text: string])[], temp: string, bin: number) {
  const runs = runsOf(records);
  const total = [...runs.values()].reduce((sum, run) => sum + run.bytes, 0);
  const spill = new Spill(total, files, temp, bin);
  for (const [number, text] of records) {
    const bytes = Buffer.from(`..${text}..`);
    if (spill.add(runs.get(number) as FileRun, bytes, 2, bytes.length - 2)) await spill.write();
  }
  const seen: [string, string][] = [];
  await spill.visit((run, bytes, from, to) => {
    seen.push([run.key.run_id, bytes.toString("utf8", from, to)]);
    return undefined;
  });
  await spill.close();
  return seen;
}

/** Records by run, runs in the order of their first record. */
function grouped(records: readonly (readonly [run: number, text: string])[]): [string, string][] {
  const order = [...new Set(records.map(([number]) => number))];
  return order.flatMap((run) =>
    records.filter(([number]) => number === run).map(([number, text]): [string, string] => [`r${number}`, text]),
  );
}

it("gives the records run by run, each run in the order in which they came, whatever the bins", async () => {
  const temp = await temporaryFolder();
  const record = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.oneof(fc.string({ maxLength: 20 }), fc.constant("")));
  const property = fc.asyncProperty(
    fc.array(record, { maxLength: 60 }),
    fc.constantFrom(1, 30, 100, 1e6),
    async (list, bin) => {
      expect(await regroup(list, temp, bin)).toEqual(grouped(list));
    },
  );
  await fc.assert(property);
  expect(await files.readdir(temp)).toEqual([]);
});

it("gives large records back over many blocks of a file, and removes it", async () => {
  const temp = await temporaryFolder();
  const text = (i: number) => `${i} ${"x".repeat((i * 7919) % 150_000)}`;
  const records = Array.from({ length: 300 }, (_, i): [number, string] => [i % 7, text(i)]);
  expect(await regroup(records, temp, 4_000_000)).toEqual(grouped(records));
  expect(await files.readdir(temp)).toEqual([]);
});
