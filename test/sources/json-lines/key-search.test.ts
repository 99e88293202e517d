import fc from "fast-check";
import { expect, it } from "vitest";
import { KeySearch } from "../../../src/sources/json-lines/key-search.js";

const key = fc.constantFrom("run_id", "run", "id", "project", "entity", "é", "a");
const text = fc
  .array(
    fc.oneof(
      key.map((word) => `"${word}"`),
      fc.constantFrom('"', "run_id", "proj", "ect", " ", "12345", "e"),
    ),
  )
  .map((parts) => parts.join(""));

it("finds words where they start, and nothing else", () => {
  const property = fc.property(fc.uniqueArray(key, { maxLength: 4 }), text, fc.array(fc.nat(60)), (keys, where, at) => {
    const words = keys.map((word) => Buffer.from(`"${word}"`, "utf8"));
    const bytes = Buffer.from(`${where}    `, "utf8");
    const search = new KeySearch(words);
    search.reset(bytes, bytes.length - 4);
    const starts = words.flatMap((word) => [...Array(bytes.length).keys()].filter((i) => bytes.indexOf(word, i) === i));
    for (const from of at.sort((a, b) => a - b)) {
      for (const to of [from, from + 10, bytes.length - 4]) {
        const want = starts.some((start) => start >= from && start < Math.min(to, bytes.length - 4));
        expect(search.occurs(from, Math.min(to, bytes.length - 4))).toBe(want);
      }
    }
  });
  fc.assert(property);
});

it("is off in a repetition when it was never asked in vain", () => {
  const bytes = Buffer.from('{"a":1,"project":2}');
  const search = new KeySearch([Buffer.from('"project"')]);
  search.reset(bytes, bytes.length);
  expect(search.occurs(0, 5)).toBe(false);
  search.repeat();
  search.reset(bytes, bytes.length);
  expect(search.occurs(0, bytes.length)).toBe(false);
  const other = new KeySearch([Buffer.from('"project"')]);
  other.reset(bytes, bytes.length);
  expect(other.occurs(0, bytes.length)).toBe(true);
  other.repeat();
  other.reset(bytes, bytes.length);
  expect(other.occurs(0, bytes.length)).toBe(true);
});
