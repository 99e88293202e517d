import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunKey } from "../../src/blob.js";
import {
  compareRuns,
  planWindows,
  type Window,
  type WindowRun,
  type WindowSegment,
} from "../../src/pipelines/windows.js";
import { compareKeys, type SegmentKey } from "../../src/store/segment-key.js";

const runKey = (id: number): RunKey => ({ entity: "e", project: "p", run_id: String(id).padStart(3, "0") });

/** A segment that holds these rows (run, log, step). */
function segment(
  rows: readonly (readonly [run: number, log: number, step: number])[],
  name: string,
): WindowSegment & { keys: SegmentKey[] } {
  const keys = rows
    .map(([run, log, step]): SegmentKey => ({ ...runKey(run), log: `log ${log}`, step: String(step), ordinal: 0 }))
    .sort(compareKeys);
  return {
    file: { path: name },
    profile: `${name}.json`,
    first: keys[0] as SegmentKey,
    last: keys[keys.length - 1] as SegmentKey,
    bytes: keys.length,
    rows: keys.length,
    keys,
  };
}

const inside = (key: RunKey, { from, to }: Window): boolean =>
  (from === undefined || compareRuns(key, from) >= 0) && (to === undefined || compareRuns(key, to) < 0);

/** Order of the table: by run, then step. */
function tableOrder(a: SegmentKey, b: SegmentKey): number {
  return compareRuns(a, b) || Number(a.step) - Number(b.step);
}

describe("planWindows", () => {
  const row = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 20 }));
  const segments = fc.array(fc.array(row, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 });

  it("every row is in one window, windows are in key order, and ordered ones are", () => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 1, max: 40 }), (parts, most) => {
        const list = parts.map((rows, i) => segment(rows, String(i)));
        const logs = new Map<number, Set<number>>();
        for (const [run, log] of parts.flat()) logs.set(run, (logs.get(run) ?? new Set()).add(log));
        const runs: WindowRun[] = [...logs]
          .sort(([a], [b]) => a - b)
          .map(([run, known]) => ({
            key: runKey(run),
            bytes: parts.flat().filter(([id]) => id === run).length,
            joined: known.size > 1,
          }));
        const windows = planWindows(list, runs, { bytes: most, rows: most });
        const read = windows.map((window) => {
          const keys = window.segments
            .flatMap((item) => list.find((one) => one.file === item.file)?.keys ?? [])
            .filter((key) => inside(key, window));
          return window.ordered ? keys : keys.sort(tableOrder);
        });
        const got = read.flat();
        expect(got).toHaveLength(parts.flat().length);
        for (let i = 1; i < got.length; i++)
          expect(tableOrder(got[i - 1] as SegmentKey, got[i] as SegmentKey)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 300 },
    );
  });

  it("joins neighbours that do not overlap up to the limit, and reads them as they lie", () => {
    const list = [0, 1, 2, 3].map((run) =>
      segment(
        [
          [run, 0, 0],
          [run, 0, 1],
        ],
        String(run),
      ),
    );
    const runs = [0, 1, 2, 3].map((run): WindowRun => ({ key: runKey(run), bytes: 2, joined: false }));
    const windows = planWindows(list, runs, { bytes: 4, rows: 100 });
    expect(windows.map(({ segments: held, ordered }) => [held.map(({ file }) => file.path), ordered])).toEqual([
      [["0", "1"], true],
      [["2", "3"], true],
    ]);
  });

  it("splits overlapping segments between runs, and reads of each window only the segments that it touches", () => {
    const list = [
      segment(
        [
          [0, 0, 0],
          [2, 0, 0],
        ],
        "a",
      ),
      segment(
        [
          [1, 0, 0],
          [1, 0, 1],
        ],
        "b",
      ),
      segment(
        [
          [2, 0, 1],
          [3, 0, 0],
        ],
        "c",
      ),
    ];
    const runs = [1, 2, 2, 1].map((bytes, run): WindowRun => ({ key: runKey(run), bytes, joined: run === 2 }));
    const windows = planWindows(list, runs, { bytes: 3, rows: 100 });
    expect(
      windows.map(({ segments: held, from, to }) => [
        held.map(({ file }) => file.path).join(""),
        from?.run_id,
        to?.run_id,
      ]),
    ).toEqual([
      ["ab", undefined, "002"],
      ["ac", "002", undefined],
    ]);
  });
});
