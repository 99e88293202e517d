import fc from "fast-check";
import { expect, it } from "vitest";
import { RunSet } from "../../src/profile/run-set.js";

const sample = fc
  .integer({ min: 0, max: 100 })
  .chain((universe) =>
    fc.tuple(
      fc.constant(universe),
      fc.uniqueArray(fc.nat({ max: Math.max(0, universe - 1) }), { maxLength: universe }),
    ),
  );

it("is the set of what was added, in ascending order, and comes back from its text", () => {
  fc.assert(
    fc.property(sample, ([universe, runs]) => {
      const set = RunSet.of(universe, runs);
      expect([...set]).toEqual([...runs].sort((a, b) => a - b));
      expect(set.size).toBe(runs.length);
      expect(RunSet.fromText(set.toText(), universe)).toEqual(set);
      expect(set.equals(RunSet.of(universe, [...runs].reverse()))).toBe(true);
    }),
  );
});

it("adds another set by the places of its runs", () => {
  const set = RunSet.of(100, [99]);
  set.addAll(
    RunSet.of(40, [0, 33, 39]),
    Int32Array.from({ length: 40 }, (_, i) => 2 * i),
  );
  expect([...set]).toEqual([0, 66, 78, 99]);
});

it("unites sets of one list, and knows a whole one", () => {
  fc.assert(
    fc.property(sample, fc.integer({ min: 2, max: 9 }), ([universe, runs], step) => {
      const others = Array.from({ length: universe }, (_, run) => run).filter((run) => run % step > 0);
      const set = RunSet.of(universe, runs);
      set.unite(RunSet.of(universe, others));
      expect([...set]).toEqual([...new Set([...runs, ...others])].sort((a, b) => a - b));
      expect(set.isWhole).toBe(set.size === universe);
    }),
  );
  for (const universe of [0, 1, 31, 32, 33, 64]) {
    expect(
      RunSet.of(
        universe,
        Array.from({ length: universe }, (_, run) => run),
      ).isWhole,
    ).toBe(true);
  }
});

it("finds the runs of the lowest and the highest rank", () => {
  const ranks = Int32Array.from({ length: 70 }, (_, run) => (run * 37) % 70);
  expect(RunSet.of(70, []).extremes(ranks)).toBeUndefined();
  expect(RunSet.of(70, [5]).extremes(ranks)).toEqual({ first: 5, last: 5 });
  expect(RunSet.of(70, [17, 33, 0, 69, 2]).extremes(ranks)).toEqual({ first: 0, last: 17 });
});

it("refuses runs that do not exist, and texts that are none", () => {
  expect(() => RunSet.of(3, [3])).toThrow(RangeError);
  expect(() => RunSet.of(3, [-1])).toThrow(RangeError);
  for (const text of ["", "x", "CA==", "AAA="]) expect(RunSet.fromText(text, 3)).toBeUndefined();
});
