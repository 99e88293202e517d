import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namedSchemas } from "../../src/codegen/schema-names.js";
import { validators } from "../../src/codegen/validators.js";
import { registryOf, schemaFiles } from "./schema-files.js";

interface Validate {
  (data: unknown): boolean;
  errors?: readonly { instancePath: string; keyword: string; params: object; message?: string }[] | null;
}

const EXAMPLES = new URL("../../schemas/examples/", import.meta.url);

/** Every module specifier that a text asks for. */
const REQUESTS = /(?<![\w.$])(?:import\s*(?:\(|["'{*\w])|export\s[^;]*?\sfrom\s*["']|require\s*\()/g;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "validators-"));
  writeFileSync(join(dir, "package.json"), '{"type":"module"}');
});
afterAll(() => rmSync(dir, { recursive: true }));

async function modulesOf(schemas: Parameters<typeof schemaFiles>[0]): Promise<ReadonlyMap<string, string>> {
  const files = schemaFiles(schemas);
  return validators(namedSchemas(files), files);
}

async function load(name: string, text: string): Promise<Validate> {
  const file = join(dir, `${name}.js`);
  writeFileSync(file, text);
  const loaded: { validate: Validate; default: Validate } = await import(pathToFileURL(file).href);
  expect(loaded.default).toBe(loaded.validate);
  return loaded.validate;
}

let serial = 0;
async function compile(schema: Readonly<Record<string, unknown>>): Promise<Validate> {
  const text = (await modulesOf({ x: schema })).get("x.js");
  if (text === undefined) throw new Error("no module");
  serial += 1;
  return load(`x${serial}`, text);
}

describe("a validator", () => {
  it("takes NaN and the infinities for numbers", async () => {
    const validate = await compile({ properties: { loss: { type: ["number", "null"] } } });
    for (const loss of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, null]) {
      expect(validate({ loss })).toBe(true);
      expect(validate.errors).toBeNull();
    }
    expect(validate({ loss: "NaN" })).toBe(false);
  });

  it("gives every reason with its JSON Pointer", async () => {
    const validate = await compile({
      properties: { "a/b": { type: "string" }, n: { type: "integer", minimum: 1 } },
      required: ["x"],
    });
    expect(validate({ "a/b": 1, n: 0.5 })).toBe(false);
    const found = validate.errors?.map(({ instancePath, keyword }) => `${instancePath} ${keyword}`).sort();
    expect(found).toEqual([" required", "/a~1b type", "/n minimum", "/n type"]);
  });

  it("looks only at own members", async () => {
    const validate = await compile({ properties: { constructor: { type: "number" }, toString: { type: "number" } } });
    expect(validate({})).toBe(true);
    expect(validate({ constructor: "x" })).toBe(false);
  });

  it("insists on date-time, with or without zone, and on no other format", async () => {
    const validate = await compile({
      properties: { at: { type: "string", format: "date-time" }, mail: { type: "string", format: "email" } },
    });
    for (const at of ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00.123456", "2024-02-29 12:00:00+02:00"]) {
      expect(validate({ at, mail: "no mail" })).toBe(true);
    }
    expect(validate({ at: "yesterday" })).toBe(false);
  });

  it("follows references into other files, and itself", async () => {
    const texts = await modulesOf({
      shapes: {
        $id: "https://example.org/shapes",
        $defs: { node: { properties: { next: { $ref: "#/$defs/node" } }, type: "object" } },
      },
      x: { properties: { head: { $ref: "https://example.org/shapes#/$defs/node" } } },
    });
    const validate = await load("refs", texts.get("x.js") ?? "");
    expect(validate({ head: { next: { next: {} } } })).toBe(true);
    expect(validate({ head: { next: { next: 1 } } })).toBe(false);
    expect(validate.errors?.[0]?.instancePath).toBe("/head/next/next");
  });

  it("does not change when only words do", async () => {
    const schema = { properties: { title: { type: "string" }, description: { type: "string" } } };
    const words = { ...schema, title: "T", description: "D", "x-column": { unit: "s" }, examples: [1] };
    expect((await modulesOf({ x: words })).get("x.js")).toBe((await modulesOf({ x: schema })).get("x.js"));
  });

  it("imports nothing even where Ajv's runtime is needed, and keeps paths of this machine out", async () => {
    const text = (
      await modulesOf({
        x: {
          properties: {
            a: { type: "string", minLength: 2, maxLength: 3 },
            b: { const: { deep: [1] } },
            c: { type: "array", items: { type: "object" }, uniqueItems: true },
            d: { type: "string", format: "date-time" },
          },
        },
      })
    ).get("x.js");
    expect(text?.match(REQUESTS)).toBeNull();
    expect(text).not.toContain("node_modules");
    expect(text).not.toContain(process.cwd());
    const validate = await load("runtime", text ?? "");
    expect(validate({ a: "😀😀😀", b: { deep: [1] }, c: [{ x: 1 }, { x: 2 }] })).toBe(true);
    expect(validate({ a: "😀" })).toBe(false);
    expect(validate({ b: { deep: [2] } })).toBe(false);
    expect(validate({ c: [{ x: 1 }, { x: 1 }] })).toBe(false);
  });

  it("would be caught importing", () => {
    for (const text of [
      'import x from "a";',
      'import("a")',
      'require("a")',
      'export { x } from "a";',
      "import{a}from'a'",
    ]) {
      expect(text.match(REQUESTS)).not.toBeNull();
    }
  });

  it("runs in plain node with nothing installed", async () => {
    const texts = await modulesOf({ x: { properties: { a: { type: "string", minLength: 1 } } } });
    for (const [path, text] of texts) writeFileSync(join(dir, path), text);
    const program = 'import { validate } from "./x.js"; console.log(validate({ a: "b" }), validate({ a: "" }));';
    const done = spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: dir, encoding: "utf8" });
    expect(done.stderr).toBe("");
    expect(done.stdout).toBe("true false\n");
  });

  it("is refused with the file and Ajv's reason when the schema is wrong", async () => {
    await expect(modulesOf({ x: { properties: { a: { type: "strnig" } } } })).rejects.toMatchObject({
      code: "schema/validator",
      where: { file: "schemas/x.schema.json" },
    });
    await expect(modulesOf({ x: { patternProperties: { "(": {} } } })).rejects.toMatchObject({
      code: "schema/validator",
    });
  });
});

describe("the built-in schemas' validators", () => {
  const files = registryOf().schemas();
  const schemas = namedSchemas(files);
  const loaded = new Map<string, Validate>();

  beforeAll(async () => {
    const texts = await validators(schemas, files);
    for (const { file } of schemas)
      loaded.set(file.name, await load(`built-in-${file.name}`, texts.get(`${file.name}.js`) ?? ""));
  });

  for (const { file } of schemas) {
    for (const verdict of ["accepted", "refused"] as const) {
      const folder = new URL(`${file.name}/${verdict}/`, EXAMPLES);
      const names = readdirSync(folder);
      it(`${file.name} has examples that are ${verdict}`, () => expect(names.length).toBeGreaterThanOrEqual(3));
      for (const name of names) {
        it(`${file.name}: ${name} is ${verdict}`, () => {
          const data: unknown = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
          const validate = loaded.get(file.name);
          const found = validate?.(data);
          expect(found === true ? [] : validate?.errors, JSON.stringify(validate?.errors)).toEqual(
            verdict === "accepted"
              ? []
              : expect.arrayContaining([expect.objectContaining({ keyword: expect.any(String) })]),
          );
        });
      }
    }
  }
});
