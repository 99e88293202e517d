import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasDuplicateKey } from "../../src/json/duplicate-key.js";
import { comparePaths, formatPointer, isPrefix, parsePointer } from "../../src/json/pointer.js";
import { type JsonNode, JsonSyntaxError, lineAndColumn, MAX_DEPTH, readJson } from "../../src/json/read.js";

/** What JSON.parse would give; numbers by their text. */
function plain(node: JsonNode, text: string): unknown {
  if (node.kind === "null") return null;
  if (node.kind === "number") return Number(text.slice(node.start, node.end));
  if (node.kind === "array") return node.items.map((item) => plain(item, text));
  if (node.kind === "object")
    return Object.fromEntries(node.members.map((member) => [member.key, plain(member.value, text)]));
  return node.value;
}

const REFUSED = [
  "",
  " ",
  "[1,]",
  "{,}",
  '{"a"}',
  '{"a":}',
  "[1 2]",
  "01",
  "+1",
  ".5",
  "1.",
  "nan",
  "inf",
  "-NaN",
  "tru",
  '"\t"',
  '"\\x"',
  '"\\u12"',
  '"abc',
  "[",
  "{",
  "1 2",
  "\ufeff{}",
  "'a'",
];

describe("readJson", () => {
  it("agrees with JSON.parse on all JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(plain(readJson(text), text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each(REFUSED)("refuses %j", (text) => {
    expect(() => readJson(text)).toThrow(JsonSyntaxError);
  });

  it("takes the bare non-finite tokens", () => {
    expect(plain(readJson("[NaN,Infinity,-Infinity]"), "[NaN,Infinity,-Infinity]")).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it("keeps spans, so that any value can be spliced out", () => {
    const text = ' { "a" : [ 1.50 , "x" ] } ';
    const root = readJson(text);
    const member = root.kind === "object" ? root.members[0] : undefined;
    expect(text.slice(root.start, root.end)).toBe(text.trim());
    expect(text.slice(member?.keyStart, member?.keyEnd)).toBe('"a"');
    expect(text.slice(member?.value.start, member?.value.end)).toBe('[ 1.50 , "x" ]');
  });

  it("nests up to the limit and refuses beyond", () => {
    const nested = (depth: number): string => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
    expect(readJson(nested(MAX_DEPTH)).kind).toBe("array");
    expect(() => readJson(nested(MAX_DEPTH + 1))).toThrow(/nesting/);
  });

  it("finds keys that stand twice, at any depth, by their unescaped text", () => {
    expect(hasDuplicateKey(readJson('{"a":[{"b":1,"\\u0062":2}]}'))).toBe(true);
    expect(hasDuplicateKey(readJson('{"a":{"a":1},"b":[{"a":1},{"a":1}]}'))).toBe(false);
  });

  it("says where", () => {
    expect(lineAndColumn("a\nbc\nd", 3)).toEqual({ line: 2, column: 2 });
  });
});

describe("JSON Pointer", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (path) => {
        expect(parsePointer(formatPointer(path))).toEqual(path);
      }),
    );
  });

  it.each(["a", "/~2", "/~"])("refuses %j", (text) => {
    expect(() => parsePointer(text)).toThrow(RangeError);
  });

  it("orders a prefix first", () => {
    expect([["b"], ["a", "b"], ["a"], []].sort(comparePaths)).toEqual([[], ["a"], ["a", "b"], ["b"]]);
    expect([isPrefix(["a"], ["a", "b"]), isPrefix(["b"], ["a", "b"])]).toEqual([true, false]);
  });
});
