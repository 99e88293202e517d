import { SchemaError } from "../errors.js";
import type { JsonNode } from "../json/read.js";
import { memberOf, plainValue, type SchemaDocument, stringOf, whereIs } from "./document.js";

/** The types of JSON Schema; `integer` is every number without a fraction, so it is part of `number`. */
export const JSON_TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"] as const;
export type JsonType = (typeof JSON_TYPES)[number];

/** Bounds of a number, each as its JSON text so that no digit is lost. */
export interface Limits {
  readonly minimum?: string;
  readonly maximum?: string;
  readonly exclusiveMinimum?: string;
  readonly exclusiveMaximum?: string;
  /** Whether some `multipleOf` is a whole number, so that all values are. */
  readonly whole?: boolean;
}

/** One of the schemas that describe a place. */
export interface Part {
  readonly document: SchemaDocument;
  readonly node: JsonNode;
}

function isJsonType(text: string): text is JsonType {
  return (JSON_TYPES as readonly string[]).includes(text);
}

function declaredTypes(part: Part): ReadonlySet<JsonType> | undefined {
  if (part.node.kind === "boolean") return part.node.value ? undefined : new Set();
  const node = memberOf(part.node, "type")?.value;
  if (node === undefined) return undefined;
  const names = node.kind === "array" ? node.items.map(stringOf) : [stringOf(node)];
  return new Set(names.filter((name) => name !== undefined).filter(isJsonType));
}

function typeOfValue(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  return "object";
}

function listedValues(part: Part): readonly unknown[] | undefined {
  const constant = memberOf(part.node, "const")?.value;
  if (constant !== undefined) return [plainValue(constant, part.document.text)];
  const list = memberOf(part.node, "enum")?.value;
  return list?.kind === "array" ? list.items.map((item) => plainValue(item, part.document.text)) : undefined;
}

/** The types that two sets share, `integer` being part of `number`. */
export function sharedTypes(a: ReadonlySet<JsonType>, b: ReadonlySet<JsonType>): Set<JsonType> {
  const inside = (type: JsonType, set: ReadonlySet<JsonType>): boolean =>
    set.has(type) || (type === "integer" && set.has("number"));
  return new Set(JSON_TYPES.filter((type) => (a.has(type) || b.has(type)) && inside(type, a) && inside(type, b)));
}

function refuseEmpty(part: Part, a: ReadonlySet<JsonType>, b: ReadonlySet<JsonType>): never {
  const list = (set: ReadonlySet<JsonType>): string => [...set].join(", ") || "nothing";
  const node = memberOf(part.node, "type")?.value ?? part.node;
  throw new SchemaError("schema/types", `No value is both (${list(a)}) and (${list(b)}).`, {
    where: whereIs(part.document, node),
    next: "Let the type here be one that the schema it extends allows.",
  });
}

/**
 * The types that all parts allow; where none has `type`, those of the values in `enum` and `const`; else undefined.
 * @throws SchemaError `schema/types` when the parts share no type.
 */
export function mergedTypes(parts: readonly Part[]): ReadonlySet<JsonType> | undefined {
  let types: ReadonlySet<JsonType> | undefined;
  for (const part of parts) {
    const own = declaredTypes(part);
    if (own === undefined) continue;
    const shared = types === undefined ? own : sharedTypes(types, own);
    if (shared.size === 0 && own.size > 0 && types !== undefined && types.size > 0) refuseEmpty(part, types, own);
    types = shared;
  }
  if (types !== undefined) return types;
  const values = mergedValues(parts);
  return values === undefined ? undefined : new Set(values.map(typeOfValue));
}

/** Values of the most specific `enum` or `const`; undefined when there is none. */
export function mergedValues(parts: readonly Part[]): readonly unknown[] | undefined {
  return parts.map(listedValues).findLast((values) => values !== undefined);
}

const BOUNDS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] as const;

/** The bounds that one part gives. */
export function limitsOf(part: Part): Limits {
  const found: Record<string, string | boolean> = {};
  for (const name of BOUNDS) {
    const node = memberOf(part.node, name)?.value;
    if (node?.kind === "number") found[name] = part.document.text.slice(node.start, node.end);
  }
  const step = memberOf(part.node, "multipleOf")?.value;
  const text = step?.kind === "number" ? part.document.text.slice(step.start, step.end) : "";
  if (text !== "" && Number.isInteger(Number(text))) found["whole"] = true;
  return found;
}

function compareNumbers(a: string, b: string): number {
  const integers = /^-?\d+$/;
  if (integers.test(a) && integers.test(b)) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
  return Number(a) - Number(b);
}

function tighter(a: string | undefined, b: string | undefined, sign: 1 | -1): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareNumbers(a, b) * sign >= 0 ? a : b;
}

/** Both bounds together: the tighter of each. */
export function mergeLimits(a: Limits, b: Limits): Limits {
  const merged = Object.entries({
    minimum: tighter(a.minimum, b.minimum, 1),
    maximum: tighter(a.maximum, b.maximum, -1),
    exclusiveMinimum: tighter(a.exclusiveMinimum, b.exclusiveMinimum, 1),
    exclusiveMaximum: tighter(a.exclusiveMaximum, b.exclusiveMaximum, -1),
    whole: a.whole === true || b.whole === true ? true : undefined,
  });
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined));
}
