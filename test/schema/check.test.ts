import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkDocument } from "../../src/schema/check.js";
import { parseDocument } from "../../src/schema/document.js";
import { KEYWORDS } from "../../src/schema/keywords.js";
import { xColumnCheck } from "../../src/schema/x-column.js";
import { META_SCHEMA, marked, schemaError } from "./fixture.js";

const xColumn = xColumnCheck(parseDocument("x-column.schema.json", META_SCHEMA, "built-in"));
const check = (text: string): void => checkDocument(parseDocument("a.schema.json", text, "project"), xColumn);

const REFUSED: readonly (readonly [string, string, string, RegExp])[] = [
  ["a misspelt keyword", "schema/keyword", '{"properties": {"a": {¶"typ": "number"}}}', /Did you mean "type"/],
  ["a misspelt x-column", "schema/keyword", '{"properties": {"a": {¶"x-colum": {}}}}', /Did you mean "x-column"/],
  ["an unknown keyword", "schema/keyword", '{¶"frobnicate": 1}', /Remove it/],
  ["definitions of old drafts", "schema/keyword", '{¶"definitions": {}}', /\$defs/],
  ["nullable of OpenAPI", "schema/keyword", '{"properties": {"a": {¶"nullable": true}}}', /"null"/],
  ["an anchor", "schema/keyword", '{"$defs": {"a": {¶"$anchor": "x"}}}', /JSON Pointer/],
  ["another draft", "schema/draft", '{"$schema": ¶"http://json-schema.org/draft-07/schema#"}', /2020-12/],
  ["a type that is none", "schema/draft", '{"properties": {"a": {"type": ¶"float"}}}', /2020-12/],
  ["properties that are a list", "schema/draft", '{"properties": ¶[]}', /2020-12/],
  ["a schema that is a number", "schema/draft", '{"properties": {"a": ¶1}}', /2020-12/],
  ["an $id inside", "schema/id", '{"$defs": {"a": {¶"$id": "https://example.org/x"}}}', /file of its own/],
  ["a pattern that is no expression", "schema/pattern", '{"patternProperties": {\n¶"(": true}}', /u flag/],
  ["a pattern of strings", "schema/pattern", '{"properties": {"a": {"pattern": ¶"[" }}}', /u flag/],
  [
    "a misspelt member of x-column",
    "schema/x-column",
    '{"properties": {"a": {"x-column": {¶"promot": true}}}}',
    /promote/,
  ],
  ["an id of 0", "schema/x-column", '{"properties": {"a": {"x-column": {"id": ¶0}}}}', /may have/],
  ["an id beyond 31 bits", "schema/x-column", '{"properties": {"a": {"x-column": {"id": ¶2147483648}}}}', /may have/],
  [
    "a type that is no logical one",
    "schema/x-column",
    '{"properties": {"a": {"x-column": {"type": ¶"int32"}}}}',
    /may have/,
  ],
  ["x-column that is a string", "schema/x-column", '{"properties": {"a": {"x-column": ¶"id"}}}', /may have/],
  ["an id at the root", "schema/x-column-place", '{"x-column": {¶"id": 1}}', /retired/],
  ["retired on a property", "schema/x-column-place", '{"properties": {"a": {"x-column": {¶"retired": []}}}}', /name/],
  [
    "table on a property",
    "schema/x-column-place",
    '{"properties": {"a": {"x-column": {¶"table": "t", "keys": {}}}}}',
    /name/,
  ],
  [
    "a name below items",
    "schema/x-column-place",
    '{"items": {"properties": {"a": {"x-column": {¶"name": "b"}}}}}',
    /unit/,
  ],
  [
    "an id in a branch of if",
    "schema/x-column-place",
    '{"if": {"properties": {"a": {"x-column": {¶"id": 1}}}}}',
    /unit/,
  ],
  ["retired in allOf", "schema/x-column-place", '{"allOf": [{"x-column": {¶"retired": []}}]}', /unit/],
];

describe("a schema is refused with line, column and next step", () => {
  test.each(REFUSED)("%s", (_name, code, text, next) => {
    const { text: given, line, column } = marked(text);
    const error = schemaError(() => check(given));
    expect({ code: error.code, ...error.where }).toEqual({ code, file: "a.schema.json", line, column });
    expect(error.next).toMatch(next);
  });
});

const ACCEPTED: readonly (readonly [string, string])[] = [
  ["an empty schema", "{}"],
  ["a property called like a keyword", '{"properties": {"nullable": {"type": "number"}, "$anchor": true}}'],
  ["a value called like an unknown keyword", '{"examples": [{"frobnicate": 1}], "default": {"typ": 1}}'],
  ["a column in a branch of allOf", '{"allOf": [{"properties": {"a": {"x-column": {"id": 1}}}}]}'],
  ["units where no column comes from", '{"items": {"x-column": {"unit": "s", "since": "0.1"}}}'],
  ["a family in $defs", '{"$defs": {"a": {"x-column": {"table": "t", "keys": {"a": "string"}}}}}'],
  ["cold keywords in $defs", '{"$defs": {"a": {"oneOf": [{"type": "number"}]}}}'],
];

test.each(ACCEPTED)("accepted: %s", (_name, text) => {
  expect(() => check(text)).not.toThrow();
});

test("without its meta-schema x-column cannot be checked, and nothing else needs it", () => {
  const document = parseDocument("a.json", '{"properties": {"a": {"x-column": {}}}}', "project");
  expect(schemaError(() => checkDocument(document, undefined)).code).toBe("schema/meta");
  expect(() => checkDocument(parseDocument("a.json", "{}", "project"), undefined)).not.toThrow();
});

test("a meta-schema that is no schema is refused", () => {
  const meta = parseDocument("x-column.schema.json", '{"type": "nothing"}', "built-in");
  expect(schemaError(() => xColumnCheck(meta)).code).toBe("schema/meta");
});

test("every keyword of draft 2020-12 has a row in the table", () => {
  const folder = new URL("../../node_modules/ajv/dist/refs/json-schema-2020-12/meta/", import.meta.url);
  const keywords = readdirSync(folder).flatMap((file) => {
    const meta: { properties: object } = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
    return Object.keys(meta.properties);
  });
  expect(keywords.length).toBeGreaterThan(50);
  expect(keywords.filter((keyword) => !KEYWORDS.has(keyword))).toEqual([]);
});

test("a keyword that is not supported says what to write instead", () => {
  for (const keyword of KEYWORDS.values()) {
    const needs = keyword.use === "cold" || keyword.use === "refuse";
    expect(keyword.instead === undefined).toBe(!needs);
  }
});
