import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";

export const SCHEMAS = fileURLToPath(new URL("../../schemas/", import.meta.url));
export const BASE = "https://wandb-columns.dev/schemas/";
const SUFFIX = ".schema.json";
/** The schema of the configuration file stands in the same folder and describes no payload. */
const CONFIGURATION = "wandb-columns.schema.json";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function read(file: string): JsonObject {
  const value: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (!isObject(value)) throw new TypeError(`${file} holds no object`);
  return value;
}

/** The built-in schemas by name, such as `system-info`. */
export const builtIn: ReadonlyMap<string, JsonObject> = new Map(
  readdirSync(SCHEMAS)
    .filter((file) => file.endsWith(SUFFIX) && file !== CONFIGURATION)
    .sort()
    .map((file) => [file.slice(0, -SUFFIX.length), read(join(SCHEMAS, file))]),
);

/**
 * A validator of `name`, or of a part of it by a JSON Pointer as fragment. NaN and infinities are numbers, as in W&B's
 * payloads; formats are annotations, as draft 2020-12 has them.
 */
export function validator(name: string, fragment = ""): ValidateFunction {
  const ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    allowMatchingProperties: true,
    strictNumbers: false,
    validateFormats: false,
  });
  ajv.addKeyword({ keyword: "x-column", schemaType: "object" });
  for (const schema of builtIn.values()) ajv.addSchema(schema);
  const validate = ajv.getSchema(`${BASE}${name}${SUFFIX}${fragment}`);
  if (validate === undefined) throw new RangeError(`There is no schema ${name}${fragment}`);
  return validate;
}

export interface Located {
  /** JSON Pointer inside the file. */
  readonly path: string;
  readonly schema: JsonObject;
  /** Whether it is a member of `properties` or `patternProperties`, or an entry of `$defs`. */
  readonly named: boolean;
  /** Whether it only tests a value, below `if`, `then` or `else`. */
  readonly tests: boolean;
}

const MAPS = ["properties", "patternProperties", "$defs"];
const LISTS = ["allOf", "oneOf"];
const SINGLE = ["items", "additionalProperties", "if", "then", "else"];

function inner(path: string, schema: JsonObject): { path: string; value: Json; keyword: string }[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const at = `${path}/${keyword}`;
    if (SINGLE.includes(keyword)) return [{ path: at, value, keyword }];
    const entries = MAPS.includes(keyword) && isObject(value) ? Object.entries(value) : [];
    const items = LISTS.includes(keyword) && Array.isArray(value) ? [...value.entries()] : [];
    return [...entries, ...items].map(([key, member]) => ({ path: `${at}/${key}`, value: member, keyword }));
  });
}

/** Every schema inside a schema, itself first. */
export function walk(schema: JsonObject, path = "", named = false, tests = false): Located[] {
  const children = inner(path, schema).flatMap(({ path: at, value, keyword }) =>
    isObject(value) ? walk(value, at, MAPS.includes(keyword), tests || ["if", "then", "else"].includes(keyword)) : [],
  );
  return [{ path, schema, named, tests }, ...children];
}
