import { SchemaError } from "../errors.js";
import { formatPointer } from "../json/pointer.js";
import type { SchemaFile } from "../schema/registry.js";
import { hasSubschemas, isAnnotation, isObject, type RefTarget, resolveRef, type SchemaObject } from "./json-schema.js";
import { type NamedSchema, pascalCase } from "./schema-names.js";
import { selfMadeDefinition } from "./type-cycles.js";

/**
 * A schema made ready for json-schema-to-typescript: one document whose `$ref`s stay inside it, with only the keywords
 * that shape a type, a `title` exactly where a type gets a name, and the annotations written out in the descriptions.
 */
export interface TypeSchema {
  readonly schema: SchemaObject;
  /** Whether `$defs` has a type that the root does not lead to. */
  readonly unreachable: boolean;
}

interface Definitions {
  readonly root: NamedSchema;
  readonly files: readonly SchemaFile[];
  /** Names by where the definition stands: `schemas/config.schema.json#/$defs/image`. */
  readonly names: Map<string, string>;
  readonly schemas: Map<string, unknown>;
}

const UNKNOWN = { tsType: "unknown" } as const;

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;

const objectOr = (value: unknown): SchemaObject => (isObject(value) ? value : {});

/** The sentences that `x-column` adds to a description. */
function columnNotes(column: unknown): string[] {
  if (!isObject(column)) return [];
  const labels = { unit: "Unit", since: "Since", until: "Until", source: "Source" } as const;
  return Object.entries(labels).flatMap(([key, label]) => {
    const value = text(column[key]);
    return value === undefined ? [] : [`${label}: ${value}.`];
  });
}

function patternNotes(schema: SchemaObject): string[] {
  if (!isObject(schema["patternProperties"])) return [];
  return Object.entries(schema["patternProperties"]).map(([pattern, member]) => {
    const about = isObject(member) ? (text(member["description"]) ?? text(member["title"])) : undefined;
    return `Keys that match \`${pattern}\`${about === undefined ? "." : `: ${about}`}`;
  });
}

/** Description, unit and source of a schema as paragraphs of a JSDoc comment; absent when there is nothing to say. */
function comment(schema: SchemaObject): { description?: string; deprecated?: true } {
  const notes = columnNotes(schema["x-column"]).join(" ");
  const paragraphs = [text(schema["description"]), notes, ...patternNotes(schema)].filter(
    (part) => part !== undefined && part !== "",
  );
  return {
    ...(paragraphs.length === 0 ? {} : { description: paragraphs.join("\n\n") }),
    ...(schema["deprecated"] === true ? { deprecated: true } : {}),
  };
}

/** A name not yet taken: `Image`, else with the name of its file, else with a number. */
function freeName(target: RefTarget, definitions: Definitions): string {
  const taken = new Set([...definitions.names.values(), definitions.root.typeName]);
  const file = pascalCase(target.file.name);
  const last = target.path.at(-1);
  const wanted = last === undefined ? file : pascalCase(last);
  const candidates = [wanted, last === undefined ? `Base${file}` : `${file}${wanted}`];
  for (let n = 2; ; n++) {
    const name = candidates.find((candidate) => !taken.has(candidate));
    if (name !== undefined) return name;
    candidates.push(`${wanted}${n}`);
  }
}

/** Gives a definition its name and, the first time, its place in `$defs`. */
function define(target: RefTarget, definitions: Definitions): string {
  const place = `${target.file.file}#${formatPointer(target.path)}`;
  const known = definitions.names.get(place);
  if (known !== undefined) return known;
  const name = freeName(target, definitions);
  definitions.names.set(place, name);
  const schema = convert(target.schema, target.file, definitions);
  definitions.schemas.set(name, isObject(schema) ? { ...schema, title: name } : schema);
  return name;
}

function isAnnotationOnly(schema: SchemaObject): boolean {
  return Object.keys(schema).every(isAnnotation);
}

/** A scalar target is written where it is used, with the annotations of both; a larger one is named and referred to. */
function reference(ref: string, schema: SchemaObject, file: SchemaFile, definitions: Definitions): unknown {
  const target = resolveRef(ref, file, definitions.files);
  const { $ref: _, ...siblings } = schema;
  const leaf = isObject(target.schema) && !hasSubschemas(target.schema) && !("$ref" in target.schema);
  if (isObject(target.schema) && leaf && isAnnotationOnly(siblings)) {
    const column = { ...objectOr(target.schema["x-column"]), ...objectOr(schema["x-column"]) };
    return convert({ ...target.schema, ...siblings, "x-column": column }, target.file, definitions);
  }
  const isRoot = target.file === definitions.root.file && target.path.length === 0;
  const link = { $ref: isRoot ? "#" : `#/$defs/${define(target, definitions)}` };
  const rest = isAnnotationOnly(siblings) ? [] : [convert(withoutAnnotations(siblings), file, definitions)];
  return { allOf: [link, ...rest], ...comment(schema) };
}

function withoutAnnotations(schema: SchemaObject): SchemaObject {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !isAnnotation(keyword)));
}

/**
 * What other keys of an object hold. TypeScript demands that an index signature covers the named properties too, so it
 * is only narrower than unknown where there are none.
 */
function otherKeys(schema: SchemaObject, each: (schema: unknown) => unknown): unknown {
  const { properties, patternProperties, additionalProperties } = schema;
  const patterns = isObject(patternProperties) ? Object.values(patternProperties) : [];
  if (isObject(properties) && Object.keys(properties).length > 0) {
    return additionalProperties !== false || patterns.length > 0;
  }
  if (additionalProperties === false) return patterns.length === 0 ? false : { anyOf: patterns.map(each) };
  if (patterns.length > 0 || !isObject(additionalProperties)) return true;
  return each(additionalProperties);
}

const OBJECT_KEYWORDS = ["properties", "patternProperties", "additionalProperties"];

function objectKeywords(schema: SchemaObject, each: (schema: unknown) => unknown): SchemaObject {
  const { properties, required, type } = schema;
  const types = Array.isArray(type) ? type : [type];
  if (!types.includes("object") && !OBJECT_KEYWORDS.some((keyword) => keyword in schema)) return {};
  return {
    ...(isObject(properties)
      ? { properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, each(value)])) }
      : {}),
    ...(Array.isArray(required) ? { required } : {}),
    additionalProperties: otherKeys(schema, each),
  };
}

/** The alternatives or parts that a keyword lists; parts that say nothing of the type are left out of allOf. */
function branches(schema: SchemaObject, keyword: string, each: (schema: unknown) => unknown): unknown[] {
  const list = schema[keyword];
  const converted = Array.isArray(list) ? list.map(each) : [];
  return keyword === "allOf" ? converted.filter((branch) => !(isObject(branch) && "tsType" in branch)) : converted;
}

/**
 * The keywords that shape a type. `enum` and `const` say it all, so that `type` beside them is left out; what stands
 * beside `allOf`, `anyOf` and `oneOf` becomes one more part, because only a schema of one kind gets one name.
 */
function shape(schema: SchemaObject, each: (schema: unknown) => unknown): SchemaObject {
  if ("const" in schema) return { const: schema["const"] };
  if (Array.isArray(schema["enum"])) return { enum: schema["enum"] };
  const plain = {
    ...("type" in schema ? { type: schema["type"] } : {}),
    ...objectKeywords(schema, each),
    ...("items" in schema ? { items: each(schema["items"]) } : {}),
  };
  const unions = ["anyOf", "oneOf"].flatMap((keyword) => {
    const union = branches(schema, keyword, each);
    return union.length === 0 ? [] : [{ anyOf: union }];
  });
  const parts = [...branches(schema, "allOf", each), ...unions, ...(Object.keys(plain).length === 0 ? [] : [plain])];
  const [first] = parts;
  if (parts.length > 1) return { allOf: parts };
  return isObject(first) ? first : UNKNOWN;
}

function convert(schema: unknown, file: SchemaFile, definitions: Definitions): unknown {
  if (!isObject(schema)) return schema === false ? false : UNKNOWN;
  const ref = schema["$ref"];
  if (typeof ref === "string") return reference(ref, schema, file, definitions);
  const each = (inner: unknown): unknown => convert(inner, file, definitions);
  const shaped = shape(schema, each);
  return "$ref" in shaped ? { allOf: [shaped], ...comment(schema) } : { ...shaped, ...comment(schema) };
}

/** The `$defs` of a schema that are worth a type of their own. */
function ownDefinitions(schema: SchemaObject): [string, SchemaObject][] {
  const own = schema["$defs"];
  return Object.entries(isObject(own) ? own : {}).filter(
    (entry): entry is [string, SchemaObject] => isObject(entry[1]) && hasSubschemas(entry[1]),
  );
}

function refuseEndless(root: unknown, definitions: Definitions): void {
  const name = selfMadeDefinition({ "#": root, ...Object.fromEntries(definitions.schemas) });
  if (name === undefined) return;
  const place = [...definitions.names].find(([, item]) => item === name)?.[0] ?? definitions.root.file.file;
  throw new SchemaError("schema/cycle", `The schema at ${place} refers to itself without an end.`, {
    where: { file: definitions.root.file.file },
    next: "Let it refer to itself only from a member or an item.",
  });
}

/**
 * The type schema of a document.
 * @throws SchemaError `schema/cycle` when a definition is made of itself.
 * @throws RangeError when a `$ref` leads nowhere, which no registry has.
 */
export function typeSchema(root: NamedSchema, files: readonly SchemaFile[]): TypeSchema {
  const definitions: Definitions = { root, files, names: new Map(), schemas: new Map() };
  const schema = convert(root.file.schema, root.file, definitions);
  const reached = definitions.schemas.size;
  for (const [key, inner] of ownDefinitions(root.file.schema)) {
    define({ file: root.file, path: ["$defs", key], schema: inner }, definitions);
  }
  refuseEndless(schema, definitions);
  return {
    schema: {
      ...(isObject(schema) ? schema : {}),
      title: root.typeName,
      $defs: Object.fromEntries(definitions.schemas),
    },
    unreachable: definitions.schemas.size > reached,
  };
}
