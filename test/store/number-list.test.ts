import fc from "fast-check";
import { expect, it } from "vitest";
import { DoubleList, Int64List, IntList } from "../../src/store/number-list.js";

it("keeps what was pushed, beyond its first capacity", () => {
  const ints = new IntList();
  const doubles = new DoubleList();
  for (let i = 0; i < 1000; i++) {
    ints.push(-i);
    doubles.push(i * 2 ** 40);
  }
  expect([...ints.values.subarray(0, ints.length)]).toEqual(Array.from({ length: 1000 }, (_, i) => 0 - i));
  expect([...doubles.values.subarray(0, doubles.length)]).toEqual(Array.from({ length: 1000 }, (_, i) => i * 2 ** 40));
});

it("an Int64List gives back every int64 and orders them, whichever way they came", () => {
  const value = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer({ min: -3, max: 3 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), (values) => {
      const list = new Int64List();
      for (const item of values) typeof item === "number" ? list.push(item) : list.pushBig(item);
      const exact = values.map(BigInt);
      expect(exact.map((_, i) => list.get(i))).toEqual(exact);
      for (let i = 1; i < exact.length; i++) {
        const [a = 0n, b = 0n] = [exact[i - 1], exact[i]];
        expect(Math.sign(list.compare(i - 1, i))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }
    }),
  );
});
