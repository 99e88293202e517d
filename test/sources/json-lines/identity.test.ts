/** The identity of records and what is cut out of them, against what a parser finds. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readJson } from "../../../src/json/read.js";
import { type FieldNames, identityFields } from "../../../src/sources/json-lines/fields.js";
import { IdentityFinder, type IdentityText } from "../../../src/sources/json-lines/identity.js";
import { Splice } from "../../../src/sources/json-lines/splice.js";

interface Found {
  readonly run: IdentityText;
  readonly rest: string;
  readonly hasRunId: boolean;
}

/** What is found in lines that stand in one buffer, one after the other. */
function findAll(lines: readonly string[], names: FieldNames = {}, repeat = false): Found[] {
  const finder = new IdentityFinder<IdentityText>(identityFields(names), (text) => text);
  const splice = new Splice();
  const read = (): Found[] => {
    const bytes = Buffer.from(`${lines.join("\n")}\n`, "utf8");
    finder.reset(bytes, bytes.length);
    let at = 0;
    return lines.map((line) => {
      const to = at + Buffer.byteLength(line);
      const run = finder.find(at, to);
      splice.cut(bytes, at, to, finder.cuts);
      at = to + 1;
      return { run, rest: splice.bytes.toString("utf8", splice.from, splice.to), hasRunId: finder.hasRunId };
    });
  };
  const first = read();
  if (!repeat) return first;
  finder.repeat();
  return read();
}

const findOne = (line: string, names: FieldNames = {}) => findAll([line], names)[0] as Found;

describe("where it stands", () => {
  test.each([
    ['{"run_id":"a","x":1}', '{"x":1}'],
    ['{"x":1,"run_id":"a"}', '{"x":1}'],
    ['{"x":1,"run_id":"a","y":2}', '{"x":1,"y":2}'],
    ['{"run_id":"a"}', "{}"],
    ['{ "run_id" : "a" , "x" : 1 }', '{"x" : 1 }'],
    ['{"x": 1, "run_id": "a"}', '{"x": 1}'],
    ['{"x": 1 , "run_id": "a" }', '{"x": 1  }'],
    ['{"run_id":"a","project":"p","entity":"e","x":1}', '{"x":1}'],
    ['{"project":"p","x":1,"entity":"e","run_id":"a"}', '{"x":1}'],
    ['{"x":1,"project":"p","y":[{"run_id":"b"}],"run_id":"a"}', '{"x":1,"y":[{"run_id":"b"}]}'],
    ['{"x":{"project":"q","entity":"f"},"run_id":"a"}', '{"x":{"project":"q","entity":"f"}}'],
    ['{"x":"\\"run_id\\":\\"b\\"","run_id":"a"}', '{"x":"\\"run_id\\":\\"b\\""}'],
    ['{"x":"}{][","run_id":"a","y":"\\\\"}', '{"x":"}{][","y":"\\\\"}'],
    ['{"\\u0072un_id":"a","x":1}', '{"x":1}'],
    ['{"x":1e400,"y":9007199254740993.0,"z":NaN,"run_id":"a"}', '{"x":1e400,"y":9007199254740993.0,"z":NaN}'],
  ])("%s", (line, rest) => {
    const found = findOne(line);
    expect([found.run.run_id, found.rest]).toEqual(["a", rest]);
    expect(findAll([line, line, line])).toEqual([found, found, found]);
    expect(findAll([line, line, line], {}, true)).toEqual([found, found, found]);
  });

  test("a number is a run id too, spelled as it is; other values are none and stay", () => {
    expect(findOne('{"run_id":17,"x":1}')).toMatchObject({ run: { run_id: "17" }, rest: '{"x":1}' });
    for (const value of ["null", "true", "[1]", '{"a":1}']) {
      expect(findOne(`{"run_id":${value},"x":1}`)).toMatchObject({
        run: { run_id: undefined },
        rest: `{"run_id":${value},"x":1}`,
        hasRunId: false,
      });
    }
  });

  test("of the usual names the first with a value counts, wherever it stands", () => {
    expect(findOne('{"id":"c","run":"b","run_id":"a"}')).toMatchObject({
      run: { run_id: "a" },
      rest: '{"id":"c","run":"b"}',
    });
    expect(findOne('{"id":"c","run":"b","run_id":null}')).toMatchObject({
      run: { run_id: "b" },
      rest: '{"id":"c","run_id":null}',
    });
    expect(findOne('{"id":"c"}').run.run_id).toBe("c");
  });

  test("of a key that is there twice the first counts, the second stays", () => {
    expect(findOne('{"run_id":"a","x":1,"run_id":"b"}')).toMatchObject({
      run: { run_id: "a" },
      rest: '{"x":1,"run_id":"b"}',
    });
    const lines = ['{"x":1,"run_id":"b"}', '{"run_id":"a","x":1,"run_id":"b"}'];
    expect(findAll(lines).map(({ run }) => run.run_id)).toEqual(["b", "a"]);
  });

  test("escapes and other letters are read", () => {
    expect(findOne('{"run_id":"a\\u00e9\\n\\"","x":1}').run.run_id).toBe('aé\n"');
    expect(findOne('{"run_id":"é","x":1}').run.run_id).toBe("é");
    expect(findAll(['{"run_id":"\\u0061"}', '{"run_id":"a"}']).map(({ run }) => run.run_id)).toEqual(["a", "a"]);
  });
});

describe("fields by name", () => {
  test.each([
    [{ runId: "meta.run" }, '{"meta":{"run":"a","host":"h"},"x":1}', '{"meta":{"host":"h"},"x":1}'],
    [{ runId: "meta.run" }, '{"meta":{"run":"a"},"x":1}', '{"meta":{},"x":1}'],
    [{ runId: "meta.run" }, '{"meta":{"run":"b"},"meta.run":"a"}', '{"meta":{"run":"b"}}'],
    [{ runId: "/meta/run" }, '{"meta":{"host":"h","run":"a"},"run_id":"b"}', '{"meta":{"host":"h"},"run_id":"b"}'],
    [{ runId: "/a~1b" }, '{"a/b":"a","x":1}', '{"x":1}'],
    [{ runId: "/a~1b" }, '{"a\\/b":"a","x":1}', '{"x":1}'],
    [{ runId: "run", project: "run" }, '{"run":"a","x":1}', '{"x":1}'],
    [{ runId: "m.r", project: "m.p" }, '{"m":{"r":"a","p":"q","x":1}}', '{"m":{"x":1}}'],
  ])("%j in %s", (names, line, rest) => {
    expect(findOne(line, names)).toMatchObject({ run: { run_id: "a" }, rest });
  });

  test("a name that is not there finds nothing", () => {
    expect(findOne('{"run_id":"a","meta":{"x":1}}', { runId: "meta.run" })).toMatchObject({
      run: { run_id: undefined },
      rest: '{"run_id":"a","meta":{"x":1}}',
    });
    expect(findOne('{"meta":5}', { runId: "meta.run" }).run.run_id).toBeUndefined();
  });

  test("an empty name, or a pointer that is none, is refused", () => {
    expect(() => identityFields({ runId: "" })).toThrow(RangeError);
    expect(() => identityFields({ project: "/a~2" })).toThrow(RangeError);
  });
});

describe("texts that are no JSON", () => {
  test.each([
    ['{"run_id":"a","x":', "a"],
    ['{"run_id":"a","x":1,}', "a"],
    ['{"x":,"run_id":"a"}', "a"],
    ['{"x":1 "run_id": "a", "y"', "a"],
    ['{"run_id":"a"} {"run_id":"b"}', "a"],
    ['ERROR in {"run_id": "a"', "a"],
    ["oops", undefined],
    ["", undefined],
    ['{"run_id', undefined],
    ['{"run_id":', undefined],
    ['"run_id"', undefined],
    ["[1,2]", undefined],
  ])("%s names %s, and nothing is cut out of what is no object", (line, want) => {
    const found = findOne(line);
    expect(found.run.run_id).toBe(want);
    if (!line.endsWith("}")) expect(found.rest).toBe(line);
  });
});

const names = ["run_id", "run", "id", "project", "entity"];
const member = fc.oneof(
  fc.tuple(fc.constantFrom(...names), fc.constantFrom('"a"', '"b"', "17", "null", '{"run_id":"n"}', '"\\u0061"')),
  fc.tuple(
    fc.constantFrom("x", "y", "z", "é", "\\u0069d"),
    fc.jsonValue({ maxDepth: 2 }).map((v) => JSON.stringify(v)),
  ),
);
const space = fc.constantFrom("", " ");
const line = fc
  .tuple(fc.uniqueArray(member, { selector: ([key]) => JSON.parse(`"${key}"`) as string, maxLength: 6 }), space)
  .map(([members, s]) => `{${members.map(([key, value]) => `"${key}":${s}${value}`).join(`,${s}`)}}`);

/** What a parser says of a record. */
function reference(text: string): { run: IdentityText; rest: [string, string][] } {
  const node = readJson(text);
  const members = node.kind === "object" ? node.members : [];
  const usable = (name: string) =>
    members.find(({ key, value }) => key === name && (value.kind === "string" || value.kind === "number"));
  const first = (...list: string[]) => list.map(usable).find((found) => found !== undefined);
  const chosen = [first("run_id", "run", "id"), first("project"), first("entity")];
  const [run_id, project, entity] = chosen.map((found) => {
    if (found === undefined) return undefined;
    const { value } = found;
    return value.kind === "string" ? value.value : text.slice(value.start, value.end);
  });
  const rest = members
    .filter((item) => !chosen.includes(item))
    .map(({ key, value }): [string, string] => [key, text.slice(value.start, value.end)]);
  return { run: { run_id, project, entity }, rest };
}

it("is what a parser finds, whatever came before, and all other members stay byte by byte", () => {
  const property = fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), fc.boolean(), (lines, repeat) => {
    for (const [i, found] of findAll(lines, {}, repeat).entries()) {
      const want = reference(lines[i] as string);
      const node = readJson(found.rest);
      const rest = node.kind === "object" ? node.members : [];
      expect(found.run).toEqual(want.run);
      expect(found.hasRunId).toBe(want.run.run_id !== undefined);
      expect(rest.map(({ key, value }) => [key, found.rest.slice(value.start, value.end)])).toEqual(want.rest);
    }
  });
  fc.assert(property, { numRuns: 2000 });
});
