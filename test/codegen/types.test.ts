import { describe, expect, it } from "vitest";
import { typeIndex } from "../../src/codegen/indexes.js";
import { namedSchemas, pascalCase } from "../../src/codegen/schema-names.js";
import { typeDeclarations } from "../../src/codegen/types.js";
import { SchemaError } from "../../src/errors.js";
import { schemaFiles } from "./schema-files.js";

type Schema = Readonly<Record<string, unknown>>;

async function typesOf(schemas: Readonly<Record<string, Schema>>, name: string): Promise<string> {
  const files = schemaFiles(schemas);
  const schema = namedSchemas(files).find(({ file }) => file.name === name);
  if (schema === undefined) throw new Error(`no schema ${name}`);
  return typeDeclarations(schema, files);
}

/** The body of the declarations without comments and white space. */
const bare = (text: string): string =>
  text
    .replace(/\/\*\*[\s\S]*?\*\/|\/\/.*/g, "")
    .replace(/\s+/g, " ")
    .trim();

describe("types of a schema", () => {
  const given: Record<string, [Schema, string]> = {
    "type arrays become unions": [
      { properties: { a: { type: ["number", "null"] } }, additionalProperties: false },
      "export interface X { a?: number | null; }",
    ],
    "required members are not optional": [
      { properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false },
      "export interface X { a: string; }",
    ],
    "a member without a type is unknown": [
      { properties: { a: { description: "anything" }, b: true }, additionalProperties: false },
      "export interface X { a?: unknown; b?: unknown; }",
    ],
    "open objects have an index signature": [
      { properties: { a: { type: "string" } }, additionalProperties: { type: "number" } },
      "export interface X { a?: string; [k: string]: unknown; }",
    ],
    "patterns alone give their type": [
      { type: "object", patternProperties: { "^a": { type: "number" } }, additionalProperties: false },
      "export interface X { [k: string]: number; }",
    ],
    "enum and const say it all": [
      {
        properties: { a: { type: ["string", "null"], enum: ["x", null] }, b: { type: "string", const: "y" } },
        additionalProperties: false,
      },
      'export interface X { a?: "x" | null; b?: "y"; }',
    ],
    "limits of a list do not make tuples": [
      { properties: { a: { type: "array", items: { type: "number" }, maxItems: 3 } }, additionalProperties: false },
      "export interface X { a?: number[]; }",
    ],
    "a scalar definition is written where it is used": [
      {
        $defs: { metric: { type: ["number", "null"] } },
        properties: { a: { $ref: "#/$defs/metric", description: "of a" } },
        additionalProperties: false,
      },
      "export interface X { a?: number | null; }",
    ],
    "an object definition has a name, and may contain itself": [
      {
        $defs: { node: { properties: { next: { $ref: "#/$defs/node" } }, additionalProperties: false } },
        properties: { head: { $ref: "#/$defs/node" } },
        additionalProperties: false,
      },
      "export interface X { head?: Node; } export interface Node { next?: Node; }",
    ],
    "a title of a property is no type name": [
      { properties: { a: { title: "Fancy", type: "string" } }, additionalProperties: false },
      "export interface X { a?: string; }",
    ],
    "keys that are no identifiers are quoted": [
      { properties: { "train/loss": { type: "number" }, __proto__x: { type: "number" } }, additionalProperties: false },
      'export interface X { "train/loss"?: number; __proto__x?: number; }',
    ],
    "if and then shape nothing": [
      {
        properties: { a: { type: "string" } },
        additionalProperties: false,
        allOf: [{ if: { required: ["a"] }, else: false }],
      },
      "export interface X { a?: string; }",
    ],
  };
  for (const [name, [schema, want]] of Object.entries(given)) {
    it(name, async () => expect(bare(await typesOf({ x: schema }, "x"))).toBe(want));
  }

  it("extends another file by allOf", async () => {
    const text = await typesOf(
      {
        base: { $id: "https://example.org/base", properties: { a: { type: "string" } } },
        x: { allOf: [{ $ref: "https://example.org/base" }], properties: { b: { type: "number" } } },
      },
      "x",
    );
    expect(bare(text)).toBe(
      "export type X = (Base & { b?: number; [k: string]: unknown; }); export interface Base { a?: string; [k: string]: unknown; }",
    );
  });

  it("keeps the names of two definitions apart", async () => {
    const point = { properties: { x: { type: "number" } }, additionalProperties: false };
    const text = await typesOf(
      {
        shapes: { $id: "https://example.org/shapes", $defs: { point, x: point } },
        x: {
          $defs: { point },
          properties: {
            a: { $ref: "#/$defs/point" },
            b: { $ref: "https://example.org/shapes#/$defs/point" },
            c: { $ref: "https://example.org/shapes#/$defs/x" },
          },
        },
      },
      "x",
    );
    expect(text.match(/export \w+ \w+/g)?.sort()).toEqual([
      "export interface Point",
      "export interface ShapesPoint",
      "export interface ShapesX",
      "export interface X",
    ]);
  });

  it("writes description, unit, source and deprecation into the comment", async () => {
    const text = await typesOf(
      {
        x: {
          properties: {
            a: {
              type: "number",
              description: "Time */ of a",
              deprecated: true,
              "x-column": { unit: "s", since: "0.18", source: "Run.a" },
            },
          },
        },
      },
      "x",
    );
    expect(text).toContain("* Time * / of a\n");
    expect(text).toContain("* Unit: s. Since: 0.18. Source: Run.a.\n");
    expect(text).toContain("* @deprecated\n");
  });

  it("names the command that remakes it", async () => {
    const text = await typesOf({ x: { type: "object" } }, "x");
    expect(text.split("\n")[0]).toBe(
      '// Generated by "wandb-columns generate" from schemas/x.schema.json. Do not edit.',
    );
  });

  it("leaves its input as it was", async () => {
    const schema = {
      $defs: { d: { properties: {} } },
      allOf: [{ $ref: "#/$defs/d" }],
      properties: { a: { const: 1 } },
    };
    const before = structuredClone(schema);
    await typesOf({ x: schema }, "x");
    expect(schema).toEqual(before);
  });

  const endless: Record<string, Schema> = {
    "references that lead to each other": { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } },
    "a part of itself": { a: { allOf: [{ $ref: "#/$defs/a" }, { properties: {} }] } },
    "an alternative to itself": { a: { anyOf: [{ $ref: "#/$defs/a" }, { type: "null" }] } },
  };
  it("refuses a root that is a part of itself", async () => {
    await expect(typesOf({ x: { allOf: [{ $ref: "#" }] } }, "x")).rejects.toMatchObject({ code: "schema/cycle" });
  });
  for (const [name, $defs] of Object.entries(endless)) {
    it(`refuses ${name}`, async () => {
      const schema = { $defs, properties: { x: { $ref: "#/$defs/a" } } };
      await expect(typesOf({ x: schema }, "x")).rejects.toMatchObject({ code: "schema/cycle" });
    });
  }
});

describe("names of schemas", () => {
  const names: Record<string, string> = {
    "system-info": "SystemInfo",
    run: "Run",
    "2024": "Schema2024",
    日本: "Schema",
  };
  for (const [name, want] of Object.entries(names)) {
    it(`${name} is ${want}`, () => expect(pascalCase(name)).toBe(want));
  }

  it("refuses two files with one type name", () => {
    expect(() => namedSchemas(schemaFiles({ "a-b": {}, a_b: {} }))).toThrow(SchemaError);
  });

  it("refuses a file called index", () => {
    expect(() => namedSchemas(schemaFiles({ Index: {} }))).toThrow(SchemaError);
  });

  it("lets a project's file stand for the built-in one of its name", () => {
    const [project, builtIn, meta] = schemaFiles({ config: {}, Config: {}, "x-column": {} });
    if (project === undefined || builtIn === undefined || meta === undefined) throw new Error("no files");
    const files = [{ ...builtIn, name: "config", origin: "built-in" as const }, project, meta];
    expect(namedSchemas(files).map(({ file }) => file)).toEqual([project]);
  });

  it("lists every root type", () => {
    expect(typeIndex(namedSchemas(schemaFiles({ run: {}, "system-info": {} })))).toContain(
      'export type { Run } from "./run.js";\nexport type { SystemInfo } from "./system-info.js";\n',
    );
  });
});
