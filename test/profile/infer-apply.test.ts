import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BLOBS, type BlobName } from "../../src/blob.js";
import { SchemaError } from "../../src/errors.js";
import { formatPointer, parsePointer } from "../../src/json/pointer.js";
import { planText } from "../../src/plan/plan-text.js";
import { publishedColumns } from "../../src/plan/record.js";
import { infer } from "../../src/profile/infer.js";
import { applyPatch, type PatchOperation, projectSchemas } from "../../src/profile/infer-apply.js";
import { declaredPaths } from "../../src/profile/infer-declared.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";
import type { Profile } from "../../src/profile/profile.js";
import { profileOf, type Sample } from "./infer-profile.js";
import { planProject } from "./infer-project.js";

const FILE = "schemas/config.schema.json";
const config = (text: string): Sample => ({ blob: "config", text });

/** Infers, applies, records ids and names: what `infer --write` does. */
function accept(profile: Profile, project: ReadonlyMap<string, string> = new Map(), thresholds = DEFAULT_THRESHOLDS) {
  const before = planProject(project);
  const patch = infer(profile, declaredPaths(before.plan), thresholds);
  const existing = projectSchemas(before.registry);
  const first = planProject(new Map([...project, ...applyPatch(existing, patch).files]));
  const applied = applyPatch(existing, patch, publishedColumns(first.plan));
  const files = new Map([...project, ...applied.files]);
  return { patch, applied, files, first, after: planProject(files) };
}

/** RFC 6902 `add` and `replace` on a plain value, as any JSON Patch library does them. */
function patched(document: unknown, operations: readonly PatchOperation[]): unknown {
  let root = structuredClone(document);
  for (const { op, path, value } of operations) {
    const keys = parsePointer(path);
    const last = keys.pop();
    if (last === undefined) {
      root = structuredClone(value);
      continue;
    }
    let parent = root as Record<string, unknown>;
    for (const key of keys) parent = parent[key] as Record<string, unknown>;
    if (op === "replace" && !Object.hasOwn(parent, last)) throw new Error(`Nothing to replace at ${path}`);
    parent[last] = structuredClone(value);
  }
  return root;
}

describe("a project without schemas", () => {
  const { applied, files } = accept(profileOf([config('{"opt":{"lr":0.1,"sched":null},"name":"a"}')]));

  it("gets a file that extends the built-in schema, with ids and names", () => {
    const text = files.get(FILE) ?? "";
    expect(text.endsWith("}\n")).toBe(true);
    expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
    expect(JSON.parse(text)).toEqual({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      allOf: [{ $ref: "https://wandb-columns.dev/schemas/config.schema.json" }],
      properties: {
        name: { type: "string", "x-column": { id: expect.any(Number), name: "config_name" } },
        opt: {
          type: "object",
          properties: {
            lr: { type: "number", "x-column": { id: expect.any(Number), name: "config_opt_lr" } },
            sched: { "x-column": { promote: false, reason: "null-only" } },
          },
        },
      },
    });
  });

  it("gets no file for a blob without new paths", () => {
    expect([...applied.files.keys()]).toEqual([FILE]);
  });

  it("has a JSON Patch that starts with the whole document", () => {
    const operations = applied.operations[0]?.patch ?? [];
    expect(operations[0]).toMatchObject({ op: "add", path: "" });
    expect(patched(undefined, operations)).toEqual(JSON.parse(files.get(FILE) ?? ""));
  });
});

describe("a project with schemas", () => {
  const existing = `{
  "allOf": [{ "$ref": "https://wandb-columns.dev/schemas/config.schema.json" }],
  "properties": {
    "z": { "type": "number", "minimum": 1.50, "maximum": 99999999999999999999999999999999999999 },
    "opt": { "description": "Mine.", "type": "object", "properties": { "b": { "type": "string" } } },
    "later": { "description": "Not yet.", "x-column": { "promote": false, "reason": "null-only", "unit": "s" } }
  }
}`;
  const { applied, files } = accept(
    profileOf([config('{"z":2,"a":1,"opt":{"b":"x","a":true},"later":0.5}')]),
    new Map([[FILE, existing]]),
  );
  const text = files.get(FILE) ?? "";
  const document = JSON.parse(text);

  it("keeps content, order and the spelling of numbers; new properties come last", () => {
    expect(text).toContain('"minimum": 1.50,');
    expect(text).toContain('"maximum": 99999999999999999999999999999999999999\n');
    expect(Object.keys(document.properties)).toEqual(["z", "opt", "later", "a"]);
    expect(Object.keys(document.properties.opt)).toEqual(["description", "type", "properties"]);
    expect(Object.keys(document.properties.opt.properties)).toEqual(["b", "a"]);
  });

  it("decides a null-only path anew once it has values, and keeps its other words", () => {
    expect(document.properties.later).toEqual({
      description: "Not yet.",
      type: "number",
      "x-column": { unit: "s", id: expect.any(Number), name: "config_later" },
    });
    expect(applied.operations[0]?.patch.map((item) => [item.op, item.path])).toContainEqual([
      "replace",
      "/properties/later",
    ]);
  });

  it("says the same as a JSON Patch", () => {
    expect(patched(JSON.parse(existing), applied.operations[0]?.patch ?? [])).toEqual(document);
  });

  it("keeps what it has under another file name", () => {
    const other = new Map([["schemas/mine.schema.json", existing]]);
    const again = accept(profileOf([config('{"a":1}')]), other);
    expect([...again.applied.files.keys()]).toEqual(["schemas/mine.schema.json"]);
  });

  it("leaves a property alone that the patch would only add, and says so", () => {
    const patch = { properties: new Map([["config" as BlobName, [{ path: ["z"], property: {} }]]]), decisions: [] };
    const result = applyPatch(new Map([["config", { file: FILE, text: existing }]]), patch);
    expect(result).toEqual({ files: new Map(), operations: [], kept: [{ file: FILE, path: "/z" }] });
  });
});

describe("a schema that cannot be added to", () => {
  const patch = infer(
    profileOf([config('{"a":{"b":1}}')]),
    declaredPaths(planProject(new Map()).plan),
    DEFAULT_THRESHOLDS,
  );
  const failure = (text: string): SchemaError => {
    try {
      applyPatch(new Map([["config", { file: FILE, text }]]), patch);
    } catch (error) {
      if (error instanceof SchemaError) return error;
      throw error;
    }
    throw new Error("expected a SchemaError");
  };

  it.each([
    ["cut off", '{\n  "properties": {', "schema/json", { file: FILE, line: 2, column: 18 }],
    ["not an object", "[1]", "schema/json", { file: FILE, line: 1, column: 1 }],
    ["empty", "", "schema/json", { file: FILE, line: 1, column: 1 }],
    ["a key twice", '{"a":1,"a":2}', "schema/json", { file: FILE, line: 1, column: 8 }],
    ["properties that are a list", '{"properties":[]}', "schema/shape", { file: FILE, path: "/properties" }],
    [
      "a container that is a boolean",
      '{"properties":{"a":true}}',
      "schema/shape",
      { file: FILE, path: "/properties/a" },
    ],
  ])("%s", (_says, text, code, where) => {
    const error = failure(text);
    expect(error.code).toBe(code);
    expect(error.where).toEqual(where);
    expect(error.next).toBeTruthy();
  });
});

const key = fc.constantFrom("a", "A", "b", "", "__proto__", "x/y", "x.y", "ключ", "_type", "loss_1");
const scalar = fc.constantFrom(
  "1",
  "0.5",
  "9007199254740993",
  "1e30",
  '"x"',
  '"NaN"',
  "NaN",
  "null",
  "true",
  "[]",
  "{}",
  "1e400",
);
const { value: json } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 2 }).map((items) => `[${items.join(",")}]`),
    fc
      .uniqueArray(fc.tuple(key, tie("value")), { selector: ([name]) => name, maxLength: 3 })
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`),
  ),
}));
const record = fc
  .uniqueArray(fc.tuple(key, json), { selector: ([name]) => name, maxLength: 4 })
  .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`);
const sample = fc.record({
  blob: fc.constantFrom<BlobName>(...BLOBS),
  text: record,
});

describe("laws, with the real registry and planner", () => {
  it("what was accepted is decided: types as proposed, ids and names as recorded, nothing left to propose", () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 4 }), (samples) => {
        const profile = profileOf(samples);
        const { patch, applied, first, after } = accept(profile);
        expect(applied.kept).toEqual([]);
        expect(planText(after.plan)).toBe(planText(first.plan));
        const columns = new Map(
          after.plan.tables.flatMap((table) => table.columns.map((item) => [`${item.blob}${item.path}`, item.type])),
        );
        const serialized = new Map(after.plan.serialized.map((item) => [`${item.blob}${item.path}`, item.reason]));
        for (const { blob, path, type, reason } of patch.decisions) {
          const place = `${blob}${formatPointer(path)}`;
          expect([place, columns.get(place), serialized.get(place)]).toEqual([place, type, reason]);
        }
        expect(infer(profile, declaredPaths(after.plan), DEFAULT_THRESHOLDS).decisions).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it("accepting more never changes what was accepted", () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 3 }), fc.array(sample, { maxLength: 3 }), (one, more) => {
        const first = accept(profileOf(one));
        const second = accept(profileOf([...one, ...more]), first.files);
        const columns = new Map(
          second.after.plan.tables.flatMap((table) => table.columns.map((item) => [item.id, item])),
        );
        for (const table of first.after.plan.tables) {
          for (const column of table.columns) {
            expect(columns.get(column.id)).toMatchObject({ name: column.name, type: column.type });
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});
