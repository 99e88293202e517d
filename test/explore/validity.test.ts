import fc from "fast-check";
import { expect, it } from "vitest";
import { Validity } from "../../src/explore/validity.js";

/** The bits of a stretch as DuckDB gives them: in whole words, those after its end at random. */
function bitsOf(rows: readonly boolean[], rest: boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(rows.length / 64) * 8).fill(rest ? 255 : 0);
  for (const [i, isValue] of rows.entries()) {
    const bit = 1 << (i & 7);
    bits[i >> 3] = isValue ? (bits[i >> 3] ?? 0) | bit : (bits[i >> 3] ?? 0) & ~bit;
  }
  return bits;
}

const stretch = fc.oneof(
  fc.record({ rows: fc.array(fc.boolean(), { maxLength: 150 }), rest: fc.boolean() }),
  fc.record({ rows: fc.array(fc.constant(true), { maxLength: 150 }), rest: fc.constant(undefined) }),
);

it("keeps every bit of stretches of any length", () => {
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 8 }), (stretches) => {
      const want = stretches.flatMap(({ rows }) => rows);
      const validity = new Validity(want.length);
      let row = 0;
      for (const { rows, rest } of stretches) {
        validity.take(rest === undefined ? null : bitsOf(rows, rest), row, rows.length);
        row += rows.length;
      }
      expect(want.map((_, i) => validity.has(i))).toEqual(want);
      expect(validity.nulls).toBe(want.filter((isValue) => !isValue).length);
      expect(validity.bits === undefined).toBe(validity.nulls === 0);
    }),
    { numRuns: 2000 },
  );
});
