import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTimestamp } from "../../src/json/timestamp.js";
import { CLASS } from "../../src/profile/classes.js";
import { classifyString, decodeWtf8, sequenceEnd, Unescaper } from "../../src/profile/text.js";
import { encode } from "./documents.js";

const classOf = (text: string): number => {
  const bytes = encode(`"${text}"`);
  return classifyString(bytes, 1, bytes.length - 1);
};

const expected = (text: string): number => {
  if (/^(NaN|-?Infinity)$/.test(text)) return CLASS.nonfinite_string;
  const time = parseTimestamp(text);
  if (time === undefined) return CLASS.string;
  if (!time.zoned) return CLASS.timestamp_zoneless;
  return time.canonical ? CLASS.timestamp_canonical : CLASS.timestamp_other;
};

const padded = (max: number, width: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.nat(max).map((n) => String(n).padStart(width, "0")) },
    { weight: 1, arbitrary: fc.stringMatching(/^[0-9a:/]{2}$/) },
  );

const timestampText: fc.Arbitrary<string> = fc
  .record({
    year: fc.oneof(padded(9999, 4), fc.constantFrom("0000", "0001", "1969", "1970", "2024", "2025", "2100", "9999")),
    month: padded(13, 2),
    day: padded(32, 2),
    letter: fc.constantFrom("T", "T", "T", " ", "t"),
    hour: padded(24, 2),
    minute: padded(60, 2),
    second: padded(60, 2),
    fraction: fc.oneof(
      fc.constant(""),
      fc.stringMatching(/^\.[0-9]{0,7}$/),
      fc.constantFrom(".5", ".500", ".000001", ".:"),
    ),
    zone: fc.constantFrom("", "Z", "Z", "z", "+00:00", "-00:00", "+0530", "+14:59", "+15:00", "+1:00", "Z "),
  })
  .map((t) => `${t.year}-${t.month}-${t.day}${t.letter}${t.hour}:${t.minute}:${t.second}${t.fraction}${t.zone}`);

describe("classifyString", () => {
  it("agrees with parseTimestamp", () => {
    fc.assert(
      fc.property(timestampText, (text) => {
        expect(classOf(text)).toBe(expected(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ["2025-08-19T05:36:01Z", CLASS.timestamp_canonical],
    ["2025-08-19T05:36:01.25Z", CLASS.timestamp_other],
    ["2024-02-29T05:36:01Z", CLASS.timestamp_canonical],
    ["0001-01-01T00:00:00Z", CLASS.timestamp_canonical],
    ["2025-08-19T05:36:01.250Z", CLASS.timestamp_canonical],
    ["2025-08-19T05:36:01.123450Z", CLASS.timestamp_canonical],
    ["2025-08-19T05:36:01.250000Z", CLASS.timestamp_other],
    ["2025-08-19T05:36:01+00:00", CLASS.timestamp_other],
    ["2025-08-19 05:36:01Z", CLASS.timestamp_other],
    ["2025-08-19T05:36:01.123456+05:30", CLASS.timestamp_other],
    ["2025-08-19T05:36:01", CLASS.timestamp_zoneless],
    ["2025-08-19 05:36:01.5", CLASS.timestamp_zoneless],
    ["2025-02-29T05:36:01Z", CLASS.string],
    ["2025-08-19T05:36:60Z", CLASS.string],
    ["2025-08-19T05:36:01.1234567Z", CLASS.string],
    ["2025-08-19", CLASS.string],
    ["NaN", CLASS.nonfinite_string],
    ["Infinity", CLASS.nonfinite_string],
    ["-Infinity", CLASS.nonfinite_string],
    ["+Infinity", CLASS.string],
    ["nan", CLASS.string],
    ["NaN ", CLASS.string],
    ["", CLASS.string],
  ])("%s", (text, kind) => {
    expect(classOf(text)).toBe(kind);
    expect(expected(text)).toBe(kind);
  });
});

describe("sequenceEnd", () => {
  it("agrees with the platform's decoder on every sequence of two bytes and on random ones", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const oneCharacter = (bytes: Uint8Array): boolean => {
      try {
        return [...decoder.decode(bytes)].length === 1;
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return false;
      }
    };
    const check = (...sequence: number[]): void => {
      const bytes = Uint8Array.from([...sequence, 10, 10, 10, 10]);
      expect(sequenceEnd(bytes, 0) === sequence.length).toBe(oneCharacter(bytes.subarray(0, sequence.length)));
    };
    for (let a = 0x80; a < 0x100; a++) for (let b = 0x7f; b < 0x100; b++) check(a, b);
    for (const a of [0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef]) {
      for (let b = 0x7f; b < 0xc2; b++) for (const c of [0x7f, 0x80, 0xbf, 0xc0]) check(a, b, c);
    }
    for (const a of [0xf0, 0xf1, 0xf3, 0xf4, 0xf5]) {
      for (let b = 0x7f; b < 0xc2; b++)
        for (const c of [0x7f, 0x80, 0xbf, 0xc0]) for (const d of [0x80, 0xc0]) check(a, b, c, d);
    }
  });
});

describe("Unescaper", () => {
  it("gives the string that JSON.parse gives, lone surrogates included", () => {
    const codeUnits = fc.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe00f })), { maxLength: 12 });
    const unescaper = new Unescaper();
    fc.assert(
      fc.property(codeUnits, (units) => {
        const text = `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`;
        const bytes = encode(`${text}\n`);
        expect(unescaper.read(bytes, 1)).toBe(text.length - 1);
        expect(decodeWtf8(unescaper.bytes.subarray(0, unescaper.length))).toBe(JSON.parse(text));
      }),
    );
  });
});
