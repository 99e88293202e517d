import { SchemaError } from "../errors.js";
import type { JsonType } from "../schema/merge.js";
import type { ResolvedSchema } from "../schema/resolve.js";
import {
  LOGICAL_TYPES,
  type LogicalType,
  SCALAR_TYPES,
  type ScalarType,
  SERIALIZED_REASONS,
  type SerializedReason,
} from "./plan.js";

/** What becomes of a declared place: a column, an object whose members are looked at, or a part of the residual. */
export type Standing =
  | { readonly kind: "column"; readonly type: LogicalType; readonly zone?: "utc" }
  | { readonly kind: "object" }
  | { readonly kind: "serialized"; readonly reason: SerializedReason; readonly detail?: string };

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Whether a text names a logical type. */
export function isLogicalType(text: string): text is LogicalType {
  return (LOGICAL_TYPES as readonly string[]).includes(text);
}

function isScalarType(text: string): text is ScalarType {
  return (SCALAR_TYPES as readonly string[]).includes(text);
}

/** Whether a text names a reason for leaving a path in the residual. */
export function isSerializedReason(text: string): text is SerializedReason {
  return (SERIALIZED_REASONS as readonly string[]).includes(text);
}

/** The type of the elements of a list type; undefined for a scalar. */
export function elementType(type: LogicalType): ScalarType | undefined {
  const inner = /^list<(.+)>$/.exec(type)?.[1];
  return inner !== undefined && isScalarType(inner) ? inner : undefined;
}

function listOf(type: ScalarType): LogicalType | undefined {
  const list = `list<${type}>`;
  return isLogicalType(list) ? list : undefined;
}

/** An inclusive bound as an integer; a bound that is no integer token counts by its double. */
function wholeBound(text: string, exclusive: -1n | 0n | 1n): bigint {
  if (/^-?\d+$/.test(text)) return BigInt(text) + exclusive;
  const value = Number(text);
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 10n ** 400n;
}

function integerType({ limits }: ResolvedSchema): ScalarType {
  const bounds = [
    limits.minimum === undefined ? 0n : wholeBound(limits.minimum, 0n),
    limits.maximum === undefined ? 0n : wholeBound(limits.maximum, 0n),
    limits.exclusiveMinimum === undefined ? 0n : wholeBound(limits.exclusiveMinimum, 1n),
    limits.exclusiveMaximum === undefined ? 0n : wholeBound(limits.exclusiveMaximum, -1n),
  ];
  return bounds.some((bound) => bound < INT64_MIN || bound > INT64_MAX) ? "decimal" : "int64";
}

/**
 * Scalar type of each set of JSON types, null left out; the rule decides by the keywords beside `type`. A set that is
 * not here has no single scalar type.
 */
const SCALAR_RULES: ReadonlyMap<string, (schema: ResolvedSchema) => ScalarType> = new Map<
  string,
  (schema: ResolvedSchema) => ScalarType
>([
  ["boolean", () => "boolean"],
  ["integer", integerType],
  ["number", (schema) => (schema.limits.whole === true ? integerType(schema) : "float64")],
  ["integer,number", (schema) => (schema.limits.whole === true ? integerType(schema) : "float64")],
  ["string", (schema) => (schema.format === "date-time" ? "timestamp" : "string")],
]);

function typesWithoutNull(types: ReadonlySet<JsonType>): string {
  return [...types]
    .filter((type) => type !== "null")
    .sort()
    .join(",");
}

function scalarType(schema: ResolvedSchema): ScalarType | undefined {
  return schema.types === undefined ? undefined : SCALAR_RULES.get(typesWithoutNull(schema.types))?.(schema);
}

function isTypedValue(schema: ResolvedSchema): boolean {
  return schema.properties.get("_type")?.values !== undefined;
}

function listStanding(schema: ResolvedSchema): Standing {
  const { items } = schema;
  const element = items === undefined ? undefined : scalarType(items);
  const type = element === undefined ? undefined : listOf(element);
  if (type !== undefined) return { kind: "column", type };
  const objects = items?.types !== undefined && typesWithoutNull(items.types) === "object";
  return { kind: "serialized", reason: objects ? "array-of-objects" : "type-conflict" };
}

function objectStanding(schema: ResolvedSchema): Standing {
  if (isTypedValue(schema)) return { kind: "serialized", reason: "typed-value" };
  const empty = schema.properties.size === 0 && schema.patterns.length === 0;
  return empty ? { kind: "serialized", reason: "object-map" } : { kind: "object" };
}

/** What the JSON Schema keywords alone say of a place. */
function standingOfKeywords(schema: ResolvedSchema): Standing {
  const { types } = schema;
  if (types === undefined) {
    const isObject = schema.properties.size > 0 || schema.patterns.length > 0;
    return isObject ? objectStanding(schema) : { kind: "serialized", reason: "type-conflict" };
  }
  const names = typesWithoutNull(types);
  if (names === "") return { kind: "serialized", reason: types.has("null") ? "null-only" : "denied" };
  if (names === "object") return objectStanding(schema);
  if (names === "array") return listStanding(schema);
  const scalar = scalarType(schema);
  if (scalar === undefined) return { kind: "serialized", reason: "type-conflict" };
  return { kind: "column", type: scalar };
}

function refuse(schema: ResolvedSchema, key: string, message: string, next: string): never {
  throw new SchemaError("schema/x-column-type", message, { where: schema.xColumnWhere.get(key) ?? schema.where, next });
}

function kept(schema: ResolvedSchema): Standing {
  const { reason, detail } = schema.xColumn;
  const fallback = standingOfKeywords({ ...schema, xColumn: {} });
  const own = reason !== undefined && isSerializedReason(reason) ? reason : undefined;
  const guessed = fallback.kind === "serialized" ? fallback.reason : "denied";
  return { kind: "serialized", reason: own ?? guessed, ...(detail === undefined ? {} : { detail }) };
}

function overridden(schema: ResolvedSchema, type: string): Standing {
  if (!isLogicalType(type)) {
    return refuse(
      schema,
      "type",
      `${JSON.stringify(type)} is no logical type.`,
      `Use one of ${LOGICAL_TYPES.join(", ")}.`,
    );
  }
  if (type === "json" && schema.xColumn.promote !== true) {
    return refuse(schema, "type", "A json column needs promote.", 'Write x-column {"type": "json", "promote": true}.');
  }
  return { kind: "column", type };
}

/**
 * What becomes of a declared place. x-column decides first: `promote: false` leaves it in the residual, `type` makes a
 * column of that type, `promote: true` makes a json column of what would stay in the residual. Else the JSON types
 * decide: boolean; integer to int64, or decimal when a bound is beyond int64; number to float64, or as integer when
 * `multipleOf` is whole; string, or timestamp with `format: date-time`; an array of one of these to its list. Null beside
 * them changes nothing. An object with `properties` or `patternProperties` is looked into, unless its `_type` is fixed
 * (a W&B typed value). All else is serialized.
 * @throws SchemaError `schema/x-column-type` for a json column without `promote`, or a `zone` on what is no timestamp.
 */
export function standingOf(schema: ResolvedSchema): Standing {
  const { promote, type, zone } = schema.xColumn;
  if (promote === false) return kept(schema);
  const plain = type === undefined ? standingOfKeywords(schema) : overridden(schema, type);
  const standing: Standing =
    promote === true && plain.kind === "serialized" && schema.types?.size !== 0
      ? { kind: "column", type: "json" }
      : plain;
  if (zone === undefined) return standing;
  if (standing.kind !== "column" || !standing.type.includes("timestamp")) {
    return refuse(
      schema,
      "zone",
      "x-column.zone stands on what is no timestamp.",
      'Add "format": "date-time", or remove it.',
    );
  }
  return { ...standing, zone };
}
