import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson } from "../../src/json/read.js";
import { Profiler } from "../../src/profile/profiler.js";
import { ByteArena } from "../../src/store/byte-arena.js";
import { appendWithStep, lacksStep, resolveStep, shortInteger } from "../../src/store/history-step.js";
import { StepOrdinals } from "../../src/store/step-ordinals.js";

describe("resolveStep", () => {
  it.each([
    [undefined, "12", true, 12, false],
    [undefined, "12.0", false, 12, true],
    [undefined, "1e1", false, 10, true],
    [undefined, "9223372036854775807", true, 9223372036854775807n, false],
    [undefined, "-9223372036854775808", true, -9223372036854775808n, false],
    [undefined, "9223372036854775808", true, -1, true],
    [undefined, "9007199254740993", true, 9007199254740993n, false],
    [undefined, "1e400", false, -1, true],
    [undefined, "-0", true, -1, true],
    [undefined, "0", true, 0, false],
    [undefined, "-1", true, -1, true],
    [undefined, "-5", true, -5, false],
    [undefined, "1.5", false, -1, true],
    [undefined, "NaN", false, -1, true],
    [undefined, '"7"', false, -1, true],
    [undefined, "null", false, -1, true],
    [undefined, undefined, false, -1, false],
    [7n, undefined, false, 7, false],
    [7n, "7", true, 7, false],
    [7n, "7.0", false, 7, true],
    [7n, "8", true, 7, true],
    [-1n, "-1", true, -1, true],
  ])("given %s, _step %s", (given, token, plain, step, odd) => {
    expect(resolveStep(given, token, plain)).toEqual({ step, odd });
  });
});

describe("lacksStep", () => {
  const lacks = (text: string): boolean => {
    const bytes = Buffer.from(`??${text}??`, "utf8");
    return lacksStep(new Profiler(), bytes, 2, bytes.length - 2);
  };

  it.each([
    ["{}", true],
    ['{"a":1}', true],
    ['{"_step":1}', false],
    ['{ "_step" : 1 }', false],
    ['{"a":1,"_step":-12}', false],
    ['{"a":1,"_step":1.5,"b":2}', false],
    ['{"\\u005fstep":1}', false],
    ['{"a":{"_step":1}}', true],
    ['{"a":"_step"}', true],
    ['{"a":",\\"_step\\":1"}', true],
    ['{"a":1,"x_step":5}', true],
    ["[1]", false],
    ["", false],
    ['{"a":1', false],
    ['{"a":1,"a":2}', false],
  ])("%s", (text, expected) => {
    expect(lacks(text)).toBe(expected);
  });

  it("agrees with a parser on any object", () => {
    const key = fc.constantFrom("_step", "a", "_step_", 'x","_step', "b");
    const inner = fc.dictionary(key, fc.constantFrom(1, -5, "_step", ',"_step":3', {}), { maxKeys: 3 });
    fc.assert(
      fc.property(fc.dictionary(key, fc.oneof(inner, fc.integer(), fc.string()), { maxKeys: 4 }), (row) => {
        expect(lacks(JSON.stringify(row))).toBe(!Object.hasOwn(row, "_step"));
      }),
      { numRuns: 1000 },
    );
  });
});

it.each([
  ["{}", '{"_step":5}'],
  ["{ }", '{"_step":5 }'],
  ['{"a":1}', '{"_step":5,"a":1}'],
  ['{ "a": 1e5 }', '{"_step":5, "a": 1e5 }'],
])("appendWithStep puts _step first: %s", (text, expected) => {
  const arena = new ByteArena();
  const start = appendWithStep(arena, 5n, Buffer.from(text), 0, text.length);
  const spliced = arena.bytes.toString("utf8", start, arena.length);
  expect(spliced).toBe(expected);
  readJson(spliced);
});

it.each(["0", "-1", "12", "-5", "999999999999999", "-99999999999999", "1000000000000000"])(
  "shortInteger %s",
  (token) => {
    const bytes = Buffer.from(`x${token}x`);
    expect(shortInteger(bytes, 1, bytes.length - 1)).toBe(token.length > 15 ? Number.NaN : Number(token));
  },
);

describe("StepOrdinals", () => {
  it("counts the rows of each step as a plain map does, in any order", () => {
    const step = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.bigInt({ min: 2n ** 62n, max: 2n ** 62n + 3n }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ordinals = new StepOrdinals();
        const seen = new Map<number | bigint, number>();
        for (const step of steps) {
          const before = seen.get(step) ?? 0;
          expect(ordinals.next(step)).toBe(before);
          seen.set(step, before + 1);
        }
      }),
    );
  });

  it("grows beyond its first capacity and still knows early steps", () => {
    const ordinals = new StepOrdinals();
    for (let step = 0; step < 5000; step++) expect(ordinals.next(step * 3)).toBe(0);
    expect([ordinals.next(3), ordinals.next(4), ordinals.next(3), ordinals.next(14997)]).toEqual([1, 0, 2, 1]);
  });
});
