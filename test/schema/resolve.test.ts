import { describe, expect, test } from "vitest";
import type { ResolvedSchema } from "../../src/schema/resolve.js";
import { marked, registryOf, schemaError } from "./fixture.js";

const BASE = "https://example.org/schemas/config.schema.json";
const object = (properties: object, more: object = {}): object => ({ type: "object", properties, ...more });
const config = (schema: unknown, project?: unknown): ResolvedSchema =>
  registryOf({ config: schema }, project === undefined ? {} : { config: project }).root("config");
const names = (schema: ResolvedSchema): string[] => [...schema.properties.keys()];
const typesAt = (schema: ResolvedSchema, key: string): string[] => [...(schema.properties.get(key)?.types ?? ["any"])];

describe("merging", () => {
  test("built-in properties come first, then the project's in the order of its file", () => {
    const base = { $id: BASE, ...object({ b: true, a: true }) };
    const project = { allOf: [{ $ref: BASE }], ...object({ z: { type: "number" }, a: { type: "string" }, c: true }) };
    const root = config(base, project);
    expect(names(root)).toEqual(["b", "a", "z", "c"]);
    expect(typesAt(root, "a")).toEqual(["string"]);
  });

  test("the most specific description, unit and name count; other keywords of x-column stay", () => {
    const base = object({ a: { description: "base", "x-column": { unit: "s", name: "a_base", since: "0.1" } } });
    const own = object({ a: { description: "own", "x-column": { name: "a_own" } } });
    const root = config({ $id: BASE, ...base }, { $ref: BASE, ...own });
    expect(root.properties.get("a")).toMatchObject({
      description: "own",
      xColumn: { unit: "s", name: "a_own", since: "0.1" },
    });
  });

  test("where a keyword of x-column stands is known for each", () => {
    const { text, line, column } = marked('{"properties": {"a": {"x-column": {\n  ¶"name": "b"}}}}');
    const found = registryOf({ config: text }).root("config").properties.get("a")?.xColumnWhere.get("name");
    expect(found).toEqual({ file: "built-in/config.schema.json", line, column });
  });

  test("a title stands in for a description", () => {
    expect(config(object({ a: { title: "A" } })).properties.get("a")?.description).toBe("A");
  });

  test("types narrow each other; integer is part of number", () => {
    const root = config(
      object({
        a: { allOf: [{ type: ["number", "null"] }, { type: ["integer", "string"] }] },
        b: { allOf: [{ type: ["number", "null"] }], type: ["null", "number", "string"] },
        c: { enum: ["x", null, 1.5] },
        d: { const: 3 },
        e: false,
      }),
    );
    expect(typesAt(root, "a")).toEqual(["integer"]);
    expect(typesAt(root, "b")).toEqual(["null", "number"]);
    expect(typesAt(root, "c")).toEqual(["string", "null", "number"]);
    expect(typesAt(root, "d")).toEqual(["integer"]);
    expect(typesAt(root, "e")).toEqual([]);
  });

  test("types that exclude each other are an error at the later one", () => {
    const { text, line, column } = marked(`{"$ref": "${BASE}", "properties": {\n "a": {"type": ¶"string"}}}`);
    const error = schemaError(() => config({ $id: BASE, ...object({ a: { type: "number" } }) }, text));
    expect(error.code).toBe("schema/types");
    expect(error.where).toEqual({ file: "schemas/config.schema.json", line, column });
  });

  test("bounds keep their digits and the tighter one counts", () => {
    const text = `{"properties": {"a": {
      "allOf": [{"minimum": -5, "maximum": 9223372036854775808}], "maximum": 9223372036854775807, "multipleOf": 1}}}`;
    const limits = registryOf({ config: text }).root("config").properties.get("a")?.limits;
    expect(limits).toEqual({ minimum: "-5", maximum: "9223372036854775807", whole: true });
  });

  test("pattern properties keep their order and merge by pattern", () => {
    const base = { $id: BASE, patternProperties: { "^b": { type: "number" }, "^a": {} } };
    const root = config(base, { $ref: BASE, patternProperties: { "^c": {}, "^b": { description: "own" } } });
    expect(root.patterns.map((item) => item.pattern)).toEqual(["^b", "^a", "^c"]);
    expect(root.patterns[0]?.schema.description).toBe("own");
  });
});

describe("$ref", () => {
  const shared = { $id: "https://example.org/schemas/shared.json", $defs: { "a/b c": { type: "boolean" } } };

  test.each([
    ["a pointer", { $ref: "#/$defs/n" }, ["number"]],
    ["an absolute URI and an escaped pointer", { $ref: `${shared.$id}#/$defs/a~1b%20c` }, ["boolean"]],
    ["a relative URI", { $ref: "shared.json#/$defs/a~1b%20c" }, ["boolean"]],
    ["two steps", { $ref: "#/$defs/two" }, ["number"]],
    ["another property", { $ref: "#/properties/first" }, ["string"]],
  ])("%s", (_name, ref, types) => {
    const schema = {
      $id: BASE,
      ...object(
        { first: { type: "string" }, a: ref },
        { $defs: { n: { type: "number" }, two: { $ref: "#/$defs/n" } } },
      ),
    };
    expect(typesAt(registryOf({ config: schema, shared }).root("config"), "a")).toEqual(types);
  });

  test("a file without $id is found beside the one that refers to it", () => {
    const root = registryOf({}, { config: object({ a: { $ref: "more.schema.json" } }), more: { type: "number" } });
    expect(typesAt(root.root("config"), "a")).toEqual(["number"]);
  });

  test.each([
    ["an unknown file", "other.json"],
    ["an unknown pointer", "#/$defs/none"],
    ["an anchor", "#name"],
    ["a wrong escape", "#/$defs/~2"],
    ["a wrong percent sign", "#/%zz"],
    ["no schema", "#/required"],
    ["no URI", "http://["],
  ])("that leads to %s is an error", (_name, ref) => {
    const { text, line, column } = marked(
      `{"required": ["a"], "properties": {\n"a": {"$ref": ¶${JSON.stringify(ref)}}}}`,
    );
    const error = schemaError(() => registryOf({ config: text }));
    expect({ code: error.code, ...error.where }).toEqual({
      code: "schema/ref",
      file: "built-in/config.schema.json",
      line,
      column,
    });
  });
});

describe("cycles", () => {
  const tree = { type: "object", properties: { value: { type: "number" }, child: { $ref: "#/$defs/tree" } } };

  test("a tree of columns would be infinite", () => {
    const error = schemaError(() => config(object({ a: { $ref: "#/$defs/tree" } }, { $defs: { tree } })));
    expect(error.code).toBe("schema/cycle");
    expect(error.message).toContain("/a/child");
    expect(error.next).toContain("promote");
  });

  test("the root inside itself is infinite", () => {
    expect(schemaError(() => config(object({ a: { $ref: "#" } }))).code).toBe("schema/cycle");
  });

  test("a cycle that is cut by promote false, or in a list, is fine", () => {
    const cut = { $ref: "#/$defs/tree", "x-column": { promote: false, reason: "nested-too-deep" } };
    expect(names(config(object({ a: cut }, { $defs: { tree } })))).toEqual(["a"]);
    const list = { type: "array", items: { $ref: "#" } };
    expect(names(config(object({ a: list })))).toEqual(["a"]);
  });

  test("one definition at two depths is no cycle", () => {
    const leaf = object({ x: { type: "number" } });
    const root = config(
      object({ a: { $ref: "#/$defs/leaf", properties: { b: { $ref: "#/$defs/leaf" } } } }, { $defs: { leaf } }),
    );
    const a = root.properties.get("a");
    expect(a && names(a)).toEqual(["x", "b"]);
  });

  test.each([
    ["itself", { a: { $ref: "#/$defs/a" } }],
    ["another that refers back", { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } }],
    ["itself through allOf", { a: { allOf: [{ $ref: "#/$defs/a" }] } }],
  ])("a $ref to %s has no end", (_name, $defs) => {
    expect(schemaError(() => config(object({ x: { $ref: "#/$defs/a" } }, { $defs }))).code).toBe("schema/cycle");
  });

  test("schemas that double at every level are stopped", () => {
    const $defs: Record<string, object> = { d0: { type: "number" } };
    for (let i = 1; i <= 30; i++) {
      const inner = { $ref: `#/$defs/d${i - 1}` };
      $defs[`d${i}`] = object({ l: inner, r: inner });
    }
    expect(schemaError(() => config(object({ a: { $ref: "#/$defs/d30" } }, { $defs }))).code).toBe("schema/too-wide");
  });
});

describe("keywords that would change a column", () => {
  const kept = { "x-column": { promote: false, reason: "type-conflict" } };
  test.each([
    ["anyOf", { anyOf: [{ type: "number" }, { type: "null" }] }],
    ["oneOf", { oneOf: [{ type: "number" }] }],
    ["not", { type: "number", not: { const: 1 } }],
    ["if", { if: {}, else: { type: "number" } }],
    ["dependentSchemas", { type: "object", dependentSchemas: { a: {} } }],
    ["unevaluatedProperties", { type: "object", unevaluatedProperties: false }],
    ["prefixItems", { type: "array", prefixItems: [{ type: "number" }], items: { type: "string" } }],
  ])("%s is an error on a column and fine below promote false", (keyword, schema) => {
    const error = schemaError(() => config(object({ a: schema })));
    expect(error.code).toBe("schema/keyword");
    expect(error.message).toContain(`"${keyword}"`);
    expect(error.where.line).toBeGreaterThan(1);
    expect(() => config(object({ a: { ...schema, ...kept } }))).not.toThrow();
  });

  test("they are an error in the items of a list of scalars, fine in those of a list of objects", () => {
    const items = { anyOf: [{ type: "number" }, { type: "null" }] };
    expect(schemaError(() => config(object({ a: { type: "array", items } }))).code).toBe("schema/keyword");
    const objects = { type: "object", ...items };
    expect(() => config(object({ a: { type: "array", items: objects } }))).not.toThrow();
  });

  test("they are an error where a $ref brings them", () => {
    const schema = object({ a: { $ref: "#/$defs/x" } }, { $defs: { x: { oneOf: [{ type: "number" }] } } });
    expect(schemaError(() => config(schema)).code).toBe("schema/keyword");
  });

  test("a type that the author sets settles it", () => {
    const schema = { anyOf: [{ type: "number" }, { type: "string" }], "x-column": { type: "string" } };
    expect(() => config(object({ a: schema }))).not.toThrow();
  });

  test("table has no meaning on a property, even through $ref", () => {
    const $defs = { x: { type: "number", "x-column": { table: "t", keys: { a: "string" } } } };
    const error = schemaError(() => config(object({ a: { $ref: "#/$defs/x" } }, { $defs })));
    expect(error.code).toBe("schema/x-column-place");
  });
});
