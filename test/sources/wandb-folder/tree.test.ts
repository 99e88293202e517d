import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonBytes } from "../../../src/sources/wandb-folder/json-bytes.js";
import { ItemTree } from "../../../src/sources/wandb-folder/tree.js";

type Change = ["update", string[], string] | ["remove", string[]];

function replay(changes: readonly Change[]): { text: string; problems: unknown[] } {
  const problems: unknown[] = [];
  const tree = new ItemTree((kind, path, text) => problems.push([kind, [...path], text]));
  for (const [verb, path, value] of changes) {
    if (verb === "update") tree.update(path, Buffer.from(value));
    else tree.remove(path);
  }
  const out = new JsonBytes();
  tree.write(out);
  return { text: Buffer.from(out.take()).toString("utf8"), problems };
}

const textOf = (...changes: Change[]) => replay(changes).text;

describe("updates", () => {
  test("a nested key builds objects", () =>
    expect(textOf(["update", ["a", "b"], "1"], ["update", ["a", "c"], "2"])).toBe('{"a":{"b":1,"c":2}}'));
  test("a dotted key is one key", () => expect(textOf(["update", ["a.b"], "1"])).toBe('{"a.b":1}'));
  test("a whole value replaces nested ones", () =>
    expect(textOf(["update", ["a", "b"], "1"], ["update", ["a"], "2"])).toBe('{"a":2}'));
  test("a nested key opens a whole object and keeps the bytes of its members", () =>
    expect(textOf(["update", ["a"], '{"x": 1.50, "y":{"z": -0.0,"w":1e400}}'], ["update", ["a", "y", "z"], "7"])).toBe(
      '{"a":{"x":1.50,"y":{"z":7,"w":1e400}}}',
    ));
  test("a nested key replaces a value that is no object", () =>
    expect(textOf(["update", ["a"], "[1]"], ["update", ["a", "b"], "2"])).toBe('{"a":{"b":2}}'));
  test("shorter and longer values at one path", () =>
    expect(textOf(["update", ["a"], '"long text"'], ["update", ["a"], "1"], ["update", ["a"], '"x"'])).toBe(
      '{"a":"x"}',
    ));
  test("keys that JavaScript objects treat specially", () =>
    expect(textOf(["update", ["__proto__"], "1"], ["update", [""], "2"], ["update", ["constructor", ""], "3"])).toBe(
      '{"__proto__":1,"":2,"constructor":{"":3}}',
    ));
  test("bare NaN and 2^64 are spliced", () =>
    expect(textOf(["update", ["a"], "NaN"], ["update", ["b"], "18446744073709551616"])).toBe(
      '{"a":NaN,"b":18446744073709551616}',
    ));
});

describe("removals", () => {
  test("an emptied parent disappears, as in W&B's own tree", () =>
    expect(textOf(["update", ["a", "b", "c"], "1"], ["update", ["d"], "2"], ["remove", ["a", "b", "c"]])).toBe(
      '{"d":2}',
    ));
  test("what is below goes too", () => expect(textOf(["update", ["a", "b"], "1"], ["remove", ["a"]])).toBe("{}"));
  test("below a whole object nothing is removed", () =>
    expect(textOf(["update", ["a"], '{"b":1}'], ["remove", ["a", "b"]])).toBe('{"a":{"b":1}}'));
  test("a path that is not there", () =>
    expect(textOf(["update", ["a"], "1"], ["remove", ["x", "y"]])).toBe('{"a":1}'));
});

describe("bad values", () => {
  test("a value that is no JSON value is kept as a string and reported; it cannot add members", () =>
    expect(replay([["update", ["a"], '1,"b":2']])).toEqual({
      text: '{"a":"1,\\"b\\":2"}',
      problems: [["refused", ["a"], '1,"b":2']],
    }));
  test("an object that cannot be read when it must be opened is reported", () =>
    expect(
      replay([
        ["update", ["a"], "{broken"],
        ["update", ["a", "b"], "1"],
      ]),
    ).toEqual({
      text: '{"a":{"b":1}}',
      problems: [["refused", ["a"], "{broken"]],
    }));
  test("a key given twice in an object that is opened is reported", () =>
    expect(
      replay([
        ["update", ["a"], '{"k":1,"k":2}'],
        ["update", ["a", "b"], "3"],
      ]).problems,
    ).toEqual([["duplicate-key", ["a"], '{"k":1,"k":2}']]));
  test("a path of 100,000 elements is reported, not followed", () => {
    const { text, problems } = replay([["update", Array(100_000).fill("a"), "1"]]);
    expect([text, problems.length]).toEqual(["{}", 1]);
  });
  test("depth 1,000 can be written", () =>
    expect(textOf(["update", Array(1000).fill("a"), "1"])).toBe(`${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`));
});

/** The same rules on plain values: the definition to hold the tree to. */
function model(changes: readonly Change[]): unknown {
  type Node = Map<string, unknown>;
  const root: Node = new Map();
  const toNode = (value: unknown): unknown =>
    value !== null && typeof value === "object"
      ? new Map(Object.entries(value).map(([k, v]) => [k, toNode(v)]))
      : value;
  const fromNode = (node: unknown): unknown =>
    node instanceof Map ? Object.fromEntries([...node].map(([k, v]) => [k, fromNode(v)])) : node;
  for (const [, path, value] of changes) {
    let node = root;
    for (const key of path.slice(0, -1)) {
      const next = node.get(key);
      const branch: Node = next instanceof Map ? next : new Map();
      node.set(key, branch);
      node = branch;
    }
    node.set(path.at(-1) ?? "", toNode(JSON.parse(value ?? "null")));
  }
  return fromNode(root);
}

test("law: updates of nested keys and whole objects in any order equal updates of plain values", () => {
  const key = fc.constantFrom("a", "b", "", "a.b");
  const value = fc.oneof(
    fc.integer(),
    fc.constantFrom("text", null),
    fc.dictionary(key, fc.oneof(fc.integer(), fc.dictionary(key, fc.integer()))),
  );
  const change = fc
    .tuple(fc.array(key, { minLength: 1, maxLength: 4 }), value)
    .map(([path, v]): Change => ["update", path, JSON.stringify(v)]);
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      expect(JSON.parse(textOf(...changes))).toEqual(model(changes));
    }),
    { numRuns: 1000 },
  );
});
