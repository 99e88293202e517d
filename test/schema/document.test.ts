import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { locate, MAX_SCHEMA_DEPTH, nodeAt, parseDocument, schemaName } from "../../src/schema/document.js";
import { marked, schemaError } from "./fixture.js";

const parse = (text: string) => parseDocument("schemas/config.schema.json", text, "project");

const REFUSED: readonly (readonly [string, string, string])[] = [
  ["a truncated file", "schema/json", '{"type": "object"¶'],
  ["an empty file", "schema/json", "¶"],
  ["a trailing comma", "schema/json", '{\n  "type": "object",\n¶}'],
  ["text after the schema", "schema/json", '{}\n¶{"type": "object"}'],
  ["a bare NaN", "schema/json", '{"minimum": ¶NaN}'],
  ["a bare -Infinity deep inside", "schema/json", '{"a": [1, {"minimum": ¶-Infinity}]}'],
  ["a duplicate key", "schema/duplicate-key", '{"type": "object",\n "title": "a", ¶"title": "b"}'],
  ["a duplicate key inside a list", "schema/duplicate-key", '{"allOf": [{"a": 1,\n¶"a": 1}]}'],
  ["a list at the root", "schema/root", "\n ¶[]"],
  ["a boolean at the root", "schema/root", "¶true"],
  ["a relative $id", "schema/id", '{"$id": ¶"config.schema.json"}'],
  ["an $id with a fragment", "schema/id", '{"$id": ¶"https://example.org/a#b"}'],
  ["an $id that is a number", "schema/id", '{"$id": ¶1}'],
];

describe("a schema file is refused with file, line, column and next step", () => {
  test.each(REFUSED)("%s", (_name, code, text) => {
    const { text: given, line, column } = marked(text);
    const error = schemaError(() => parse(given));
    expect(error.code).toBe(code);
    expect(error.where).toEqual({ file: "schemas/config.schema.json", line, column });
    expect(error.next).toMatch(/\.$/);
  });

  test("nesting beyond the limit, without running out of stack", () => {
    const deep = (levels: number): string => ['{"items":'.repeat(levels), "true", "}".repeat(levels)].join("");
    expect(schemaError(() => parse(deep(9_000))).code).toBe("schema/too-deep");
    expect(parse(deep(MAX_SCHEMA_DEPTH - 1)).root.kind).toBe("object");
  });
});

test("a file without $id has a URI of its path", () => {
  expect(parse("{}").id).toBe("file:///schemas/config.schema.json");
  expect(parseDocument("my schemas\\a b.json", "{}", "project").id).toBe("file:///my%20schemas/a%20b.json");
});

test("__proto__ is a key like any other", () => {
  const value = parse('{"properties": {"__proto__": {"type": "number"}}}').value as { properties: object };
  expect(Object.keys(value.properties)).toEqual(["__proto__"]);
  expect(nodeAt(parse('{"__proto__": [7]}').root, ["__proto__", "0"])?.kind).toBe("number");
});

test("places of a text are counted from 1, whatever the line ends", () => {
  const text = '{\n  "a": 1,\r\n"b": 2}';
  const document = parse(text);
  expect(locate(document, text.indexOf('"b"'))).toEqual({ file: document.file, line: 3, column: 1 });
  fc.assert(
    fc.property(fc.nat(text.length), (offset) => {
      const before = text.slice(0, offset);
      const expected = { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
      expect(locate(document, offset)).toEqual({ file: document.file, ...expected });
    }),
  );
});

test("schemaName is the file name without its ending", () => {
  expect(schemaName("schemas/system-info.schema.json")).toBe("system-info");
  expect(schemaName("a\\b.json")).toBe("b");
});
