import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DEPTH, readJson } from "../../src/json/read.js";
import { HAZARD } from "../../src/profile/profile.js";
import { Profiler } from "../../src/profile/profiler.js";
import { damagedBytes, encode } from "./documents.js";
import { readObject, referenceHazards } from "./reference.js";
import { bytesOf, TEXTS, VALUES } from "./rfc8259.js";

const accepts = (bytes: Uint8Array): boolean =>
  (new Profiler().scan("history", bytes, 0, bytes.length) & HAZARD.REFUSED) === 0;

const reads = (bytes: Uint8Array): boolean => {
  try {
    readJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return false;
  }
};

describe("RFC 8259", () => {
  it("has enough cases, each once", () => {
    const names = [...VALUES, ...TEXTS].map((item) => item.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(180);
  });

  it.each(VALUES)("$name, as a value", (item) => {
    expect(reads(bytesOf(item))).toBe(item.accepted);
    expect(accepts(bytesOf(item, '{"v":', "}"))).toBe(item.accepted);
    expect(accepts(bytesOf(item, '{"v":[', "]}"))).toBe(item.accepted);
    expect(accepts(bytesOf(item, '{"v":[{"w":', '}],"z":1}'))).toBe(item.accepted);
  });

  it.each(VALUES.filter((item) => !item.accepted))("$name, as a whole text", (item) => {
    expect(accepts(bytesOf(item))).toBe(false);
  });

  it.each(TEXTS)("$name", (item) => {
    expect(reads(bytesOf(item))).toBe(item.accepted);
    expect(accepts(bytesOf(item))).toBe(item.accepted);
  });

  it.each(["null", "[]", "[{}]", '"{}"', "1", "NaN"])("refuses the root %s, which is no object", (text) => {
    expect(accepts(encode(text))).toBe(false);
  });
});

describe("agreement with readJson", () => {
  it("accepts and refuses the same bytes, with the same hazards", () => {
    fc.assert(
      fc.property(damagedBytes, (bytes) => {
        expect(accepts(bytes)).toBe(readObject(bytes) !== undefined);
        expect(new Profiler().scan("history", bytes, 0, bytes.length)).toBe(referenceHazards(bytes));
      }),
      { numRuns: 1500 },
    );
  });

  it("refuses every proper prefix of an object", () => {
    const bytes = encode('{"a":[1,-0.5e+3,"\\u00e9\\n€",{"b":null}],"c":{"d":true,"NaN":NaN}}');
    expect(accepts(bytes)).toBe(true);
    for (let end = 0; end < bytes.length; end++) expect(accepts(bytes.subarray(0, end))).toBe(false);
  });

  it("does not look beyond the given range", () => {
    const bytes = encode('{"a":1}{"a":12}34');
    const profiler = new Profiler();
    for (let from = 0; from < bytes.length; from++) {
      for (let to = from; to <= bytes.length; to++) {
        const part = bytes.slice(from, to);
        expect(profiler.scan("history", bytes, from, to)).toBe(referenceHazards(part));
      }
    }
  });

  it("reads any bytes without throwing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(new Profiler().scan("config", bytes, 0, bytes.length)).toBe(referenceHazards(bytes));
      }),
    );
  });
});

describe("nesting", () => {
  const nested = (open: string, close: string, depth: number, inner: string): Uint8Array =>
    encode(`{"a":${open.repeat(depth - 1)}${inner}${close.repeat(depth - 1)}}`);

  it.each([
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("accepts %s to MAX_DEPTH and refuses beyond, as readJson does", (_, open, close) => {
    for (const [depth, inner, accepted] of [
      [MAX_DEPTH, "1", true],
      [MAX_DEPTH, "[]", true],
      [MAX_DEPTH + 1, "1", false],
      [MAX_DEPTH + 1, "[]", false],
    ] as const) {
      const bytes = nested(open, close, depth, inner);
      expect(accepts(bytes)).toBe(accepted);
      expect(reads(bytes)).toBe(accepted);
    }
  });

  it("refuses a million open brackets at once", () => {
    expect(accepts(encode(`{"a":${"[".repeat(1_000_000)}`))).toBe(false);
    expect(accepts(encode('{"a":'.repeat(1_000_000)))).toBe(false);
  });
});

describe("refusal", () => {
  it.each([
    ["", 0, "Expected an object, found the end."],
    ["[1]", 0, 'Expected an object, found "[1]".'],
    ['{"a":1,}', 7, 'Expected a key in quotes, found "}".'],
    ['{"a" 1}', 5, 'Expected ":", found "1}".'],
    ['{"a":tru}', 5, 'Expected a value, found "tru}".'],
    ['{"a":1 2}', 7, 'Expected "," or "}", found "2}".'],
    ['{"a":[1 2]}', 8, 'Expected "," or "]", found "2]}".'],
    ['{"a":1.}', 7, 'Expected a digit, found "}".'],
    ['{"a":1}x', 7, 'Expected the end, found "x".'],
    ['{"a":"\\x"}', 6, 'Expected a character of a string or its closing quote, found "\\\\x\\"}".'],
  ])("%s", (text, offset, message) => {
    const profiler = new Profiler();
    const bytes = encode(`--${text}--`);
    expect(profiler.scan("history", bytes, 2, bytes.length - 2)).toBe(HAZARD.REFUSED);
    expect(profiler.refusal).toEqual({ offset, message });
    profiler.scan("history", encode("{}"), 0, 2);
    expect(profiler.refusal).toBeUndefined();
  });
});
