import { parsePointer } from "../json/pointer.js";
import { KEYWORDS, type KeywordHolds } from "../schema/keywords.js";
import type { SchemaFile } from "../schema/registry.js";

/** A JSON Schema that is an object; its keywords are looked at one by one. */
export type SchemaObject = Readonly<Record<string, unknown>>;

/** What a `$ref` leads to. */
export interface RefTarget {
  readonly file: SchemaFile;
  /** Unescaped keys from the root of the file. */
  readonly path: readonly string[];
  readonly schema: unknown;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The part of a schema at a path; undefined where there is none. */
function descend(schema: unknown, path: readonly string[]): unknown {
  let node = schema;
  for (const key of path) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Record<string, unknown>)[key];
  }
  return node;
}

/**
 * Follows a `$ref` that stands in `from`. A registry has only files whose references lead somewhere.
 * @throws RangeError when nothing is there.
 */
export function resolveRef(ref: string, from: SchemaFile, files: readonly SchemaFile[]): RefTarget {
  const uri = new URL(ref, from.id);
  const path = parsePointer(decodeURIComponent(uri.hash.slice(1)));
  uri.hash = "";
  const file = files.find((item) => item.id === uri.href);
  const schema = descend(file?.schema, path);
  if (file === undefined || schema === undefined) throw new RangeError(`$ref ${ref} of ${from.file} leads nowhere`);
  return { file, path, schema };
}

function mapValue(value: unknown, holds: KeywordHolds, each: (schema: unknown) => unknown): unknown {
  if (holds === "list" && Array.isArray(value)) return value.map(each);
  if (holds === "map" && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, schema]) => [key, each(schema)]));
  }
  return holds === "schema" ? each(value) : value;
}

/** A copy of a schema in which every schema directly inside is replaced by what `each` gives. */
export function mapSubschemas(schema: SchemaObject, each: (schema: unknown) => unknown): SchemaObject {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [
      keyword,
      mapValue(value, KEYWORDS.get(keyword)?.holds ?? "value", each),
    ]),
  );
}

/** Whether any schema is inside. */
export function hasSubschemas(schema: SchemaObject): boolean {
  return Object.keys(schema).some((keyword) => (KEYWORDS.get(keyword)?.holds ?? "value") !== "value");
}

/** Whether a keyword only documents: no value can break it. `x-column` is one, since misfits are no matter of payloads. */
export function isAnnotation(keyword: string): boolean {
  return keyword === "x-column" || KEYWORDS.get(keyword)?.use === "annotate";
}
