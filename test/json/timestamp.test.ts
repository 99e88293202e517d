import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTimestamp, parseTimestamp } from "../../src/json/timestamp.js";

const CASES: readonly (readonly [text: string, canonical: string | undefined])[] = [
  ["2025-08-19T05:36:01Z", "2025-08-19T05:36:01Z"],
  ["2025-08-19T05:36:01.5Z", "2025-08-19T05:36:01.500Z"],
  ["2025-08-19T05:36:01.123456Z", "2025-08-19T05:36:01.123456Z"],
  ["2025-08-19T05:36:01.120000Z", "2025-08-19T05:36:01.120Z"],
  ["2025-08-19T05:36:01.000Z", "2025-08-19T05:36:01Z"],
  ["2025-08-19 05:36:01+02:00", "2025-08-19T03:36:01Z"],
  ["2025-08-19T05:36:01-0130", "2025-08-19T07:06:01Z"],
  ["2025-08-19T05:36:01", "2025-08-19T05:36:01Z"],
  ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"],
  ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
  ["0000-12-31T00:00:00Z", undefined],
  ["0001-01-01T00:00:00+01:00", undefined],
  ["2025-02-29T00:00:00Z", undefined],
  ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"],
  ["2025-08-19T24:00:00Z", undefined],
  ["2025-08-19T05:36:60Z", undefined],
  ["2025-08-19T05:36:01.1234567Z", undefined],
  ["2025-08-19T05:36:01+15:00", undefined],
  ["2025-08-19", undefined],
  ["", undefined],
];

describe("timestamps", () => {
  it.each(CASES)("%s", (text, want) => {
    const found = parseTimestamp(text);
    expect(found === undefined ? undefined : formatTimestamp(found.micros)).toBe(want);
    expect(found?.canonical ?? false).toBe(text === want);
    expect(found?.zoned ?? false).toBe(want !== undefined && /(?:Z|[+-]\d\d:?\d\d)$/.test(text));
  });

  it("the canonical spelling is read back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -62135596800000000n, max: 253402300799999999n }), (micros) => {
        expect(parseTimestamp(formatTimestamp(micros))).toEqual({ micros, zoned: true, canonical: true });
      }),
    );
  });
});
