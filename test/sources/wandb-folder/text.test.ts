import fc from "fast-check";
import { expect, test } from "vitest";
import { isJsonValue, JsonBytes, TooLong } from "../../../src/sources/wandb-folder/json-bytes.js";
import { decodeText, TextCache } from "../../../src/sources/wandb-folder/text.js";

test("valid UTF-8 is itself", () =>
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(decodeText(Buffer.from(text))).toBe(text);
    }),
  ));

/** The inverse that PEP 383 gives. */
const encode = (text: string) =>
  Buffer.concat(
    [...text].map((character) => {
      const code = character.codePointAt(0) ?? 0;
      return code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character);
    }),
  );

test("any bytes come back from their text", () =>
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x9a, 0x80, 0xed, 0xa0))),
      (bytes) => {
        expect([...encode(decodeText(Uint8Array.from(bytes)))]).toEqual(bytes);
      },
    ),
    { numRuns: 2000 },
  ));

const anyBytes = fc
  .array(fc.oneof(fc.nat(255), fc.constantFrom(0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x9a, 0x80, 0xed, 0xa0, 0x22, 0x5c, 0x0a)))
  .map((bytes) => Uint8Array.from(bytes));

test("bytes are written as the JSON string of their text", () =>
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const out = new JsonBytes();
      out.escaped(bytes, 0, bytes.length);
      expect(Buffer.from(out.take()).toString()).toBe(JSON.stringify(decodeText(bytes)));
    }),
    { numRuns: 2000 },
  ));

test("a text over its limit is refused, one within it is not", () => {
  const out = new JsonBytes(5000);
  out.text("x".repeat(5000));
  expect(out.length).toBe(5000);
  expect(() => out.byte(0x7d)).toThrow(TooLong);
});

test("a megabyte of damage takes no longer than a moment", () => {
  const damaged = Buffer.alloc(1_000_000, 0xff);
  expect(decodeText(damaged)).toBe("\udcff".repeat(1_000_000));
});

test("the cache gives what decodeText gives, collisions and long keys too", () => {
  const cache = new TextCache();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) {
      const bytes = Buffer.from(`..metric/${i}`);
      expect(cache.get(bytes, 2, bytes.length)).toBe(`metric/${i}`);
    }
  }
  const long = Buffer.from("é".repeat(1000));
  expect(cache.get(long, 0, long.length)).toBe("é".repeat(1000));
});

test("every JSON text is a value; with anything after it that is not space it is not", () =>
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(",1", "]", "}", "x", '"'), (value, junk) => {
      const bytes = Buffer.from(JSON.stringify(value));
      expect(isJsonValue(bytes, 0, bytes.length)).toBe(true);
      const broken = Buffer.concat([bytes, Buffer.from(junk)]);
      expect(isJsonValue(broken, 0, broken.length)).toBe(false);
    }),
    { numRuns: 1000 },
  ));

test("an object of any keys and values reads back", () =>
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.jsonValue())), (members) => {
      const out = new JsonBytes();
      out.byte(0x7b);
      for (const [key, value] of members) {
        const bytes = Buffer.from(key);
        out.key(bytes, 0, bytes.length, "p.");
        const text = Buffer.from(JSON.stringify(value));
        out.value(text, 0, text.length);
        out.comma();
      }
      out.close("}");
      const parsed = JSON.parse(Buffer.from(out.take()).toString());
      const last = new Map(members);
      expect(Object.keys(parsed).length).toBe(last.size);
      for (const [key, value] of last) expect(JSON.stringify(parsed[`p.${key}`])).toBe(JSON.stringify(value));
    }),
  ));
