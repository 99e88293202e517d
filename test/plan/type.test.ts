import { describe, expect, test } from "vitest";
import { elementType, isLogicalType, type Standing, standingOf } from "../../src/plan/type.js";
import { registryOf, schemaError } from "../schema/fixture.js";

const standing = (schema: string): Standing => {
  const property = registryOf({ config: `{"properties": {"a": ${schema}}}` })
    .root("config")
    .properties.get("a");
  if (property === undefined) throw new Error("the fixture has no property");
  return standingOf(property);
};

const COLUMNS: readonly (readonly [string, string])[] = [
  ['{"type": "boolean"}', "boolean"],
  ['{"type": ["null", "boolean"]}', "boolean"],
  ['{"type": "integer"}', "int64"],
  ['{"type": ["integer", "null"], "minimum": 0}', "int64"],
  ['{"type": "integer", "maximum": 9223372036854775807}', "int64"],
  ['{"type": "integer", "maximum": 9223372036854775808}', "decimal"],
  ['{"type": "integer", "exclusiveMaximum": 9223372036854775808}', "int64"],
  ['{"type": "integer", "minimum": -9223372036854775808}', "int64"],
  ['{"type": "integer", "minimum": -9223372036854775809}', "decimal"],
  ['{"type": "integer", "exclusiveMinimum": -9223372036854775809}', "int64"],
  ['{"type": "integer", "maximum": 1e25}', "decimal"],
  ['{"type": "integer", "maximum": 1e999}', "decimal"],
  ['{"type": "integer", "maximum": 1.5}', "int64"],
  ['{"type": "number"}', "float64"],
  ['{"type": ["integer", "number"]}', "float64"],
  ['{"type": "number", "multipleOf": 1}', "int64"],
  ['{"type": "number", "multipleOf": 5, "maximum": 1e30}', "decimal"],
  ['{"type": "number", "multipleOf": 0.5}', "float64"],
  ['{"type": "string"}', "string"],
  ['{"type": ["string", "null"], "format": "date-time"}', "timestamp"],
  ['{"type": "string", "format": "date"}', "string"],
  ['{"enum": ["a", "b", null]}', "string"],
  ['{"const": true}', "boolean"],
  ['{"type": ["array", "null"], "items": {"type": ["number", "null"]}}', "list<float64>"],
  ['{"type": "array", "items": {"type": "integer", "maximum": 1e30}}', "list<decimal>"],
  ['{"type": "array", "items": {"type": "string", "format": "date-time"}}', "list<timestamp>"],
  ['{"type": ["number", "string"], "x-column": {"type": "string"}}', "string"],
  ['{"type": ["object", "string"], "x-column": {"type": "json", "promote": true}}', "json"],
  ['{"type": "object", "x-column": {"promote": true}}', "json"],
  ['{"type": "object", "properties": {"b": true}, "x-column": {"type": "json", "promote": true}}', "json"],
  ['{"type": "array", "x-column": {"promote": true}}', "json"],
  ['{"type": "number", "x-column": {"promote": true}}', "float64"],
  ['{"x-column": {"promote": true}}', "json"],
];

test.each(COLUMNS)("%s is a column of type %s", (schema, type) => {
  expect(standing(schema)).toEqual({ kind: "column", type });
});

const SERIALIZED: readonly (readonly [string, string])[] = [
  ['{"type": ["number", "string"]}', "type-conflict"],
  ['{"type": ["boolean", "integer"]}', "type-conflict"],
  ['{"type": ["object", "string"]}', "type-conflict"],
  ['{"type": ["array", "number"], "items": {"type": "number"}}', "type-conflict"],
  ["{}", "type-conflict"],
  ["true", "type-conflict"],
  ["false", "denied"],
  ['{"type": "null"}', "null-only"],
  ['{"type": "object"}', "object-map"],
  ['{"type": "object", "additionalProperties": {"type": "number"}}', "object-map"],
  ['{"type": "array"}', "type-conflict"],
  ['{"type": "array", "items": {"type": "array", "items": {"type": "number"}}}', "type-conflict"],
  ['{"type": "array", "items": {"type": ["number", "string"]}}', "type-conflict"],
  ['{"type": "array", "items": {"type": "object"}}', "array-of-objects"],
  ['{"type": "array", "items": {"type": ["object", "null"]}}', "array-of-objects"],
  ['{"type": "object", "properties": {"_type": {"const": "histogram"}, "bins": {"type": "array"}}}', "typed-value"],
  ['{"type": "number", "x-column": {"promote": false, "reason": "sensitive"}}', "sensitive"],
  [
    '{"type": "object", "properties": {"b": true}, "x-column": {"promote": false, "reason": "object-map"}}',
    "object-map",
  ],
];

test.each(SERIALIZED)("%s stays in the residual: %s", (schema, reason) => {
  expect(standing(schema)).toEqual({ kind: "serialized", reason });
});

test("the detail of a reason is kept", () => {
  expect(standing('{"x-column": {"promote": false, "reason": "duplicate-of", "detail": "/b"}}')).toEqual({
    kind: "serialized",
    reason: "duplicate-of",
    detail: "/b",
  });
});

describe("an object with declared members is looked into", () => {
  test.each([
    '{"type": "object", "properties": {"b": true}}',
    '{"type": ["object", "null"], "properties": {"b": true}}',
    '{"properties": {"b": true}}',
    '{"type": "object", "patternProperties": {"^b": true}}',
    '{"type": "object", "properties": {"_type": {"type": "string"}}}',
  ])("%s", (schema) => {
    expect(standing(schema)).toEqual({ kind: "object" });
  });
});

test("zone utc goes with a timestamp only", () => {
  expect(standing('{"type": "string", "format": "date-time", "x-column": {"zone": "utc"}}')).toEqual({
    kind: "column",
    type: "timestamp",
    zone: "utc",
  });
  const error = schemaError(() => standing('{"type": "string",\n "x-column": {"zone": "utc"}}'));
  expect(error.code).toBe("schema/x-column-type");
  expect(error.where).toEqual({ file: "built-in/config.schema.json", line: 2, column: 15 });
});

test("a json column needs promote", () => {
  expect(schemaError(() => standing('{"type": "object", "x-column": {"type": "json"}}')).code).toBe(
    "schema/x-column-type",
  );
});

test("element types of lists", () => {
  expect(elementType("list<decimal>")).toBe("decimal");
  expect(elementType("string")).toBeUndefined();
  expect(isLogicalType("list<json>")).toBe(false);
});
