import type { BlobName } from "../blob.js";
import type { Path } from "../json/pointer.js";
import type { LogicalType, SerializedReason } from "../plan/plan.js";
import { type Counts, classesOf, GROUP_OF, type TypeGroup } from "./infer-kinds.js";
import type { RuleId, Verdict } from "./infer-rules.js";
import type { PathProfile } from "./profile.js";

type JsonType = "boolean" | "integer" | "number" | "string" | "array" | "object" | "null";

/** The fragment of JSON Schema that inference proposes for one property. */
export interface SchemaProperty {
  readonly type?: JsonType | readonly JsonType[];
  readonly items?: { readonly type: JsonType | readonly JsonType[] };
  readonly "x-column"?: {
    readonly type?: LogicalType;
    readonly promote?: false;
    readonly reason?: SerializedReason;
    readonly detail?: string;
  };
}

/** One property to be added, or, where `replaces` is set, to take the place of what the schema says now. */
export interface ProposedProperty {
  readonly path: Path;
  readonly property: SchemaProperty;
  readonly replaces?: true;
}

/** Why a path is proposed as it is. It holds counts and no values, so it can be shown to anyone. */
export interface Decision {
  readonly blob: BlobName;
  readonly path: Path;
  readonly rule: RuleId;
  readonly decision: "promoted" | "serialized";
  /** Set when promoted. */
  readonly type?: LogicalType;
  /** Set when serialized. */
  readonly reason?: SerializedReason;
  /** For duplicate-of, the pointer of the path that has the values too. */
  readonly detail?: string;
  /** Records that have the path, nulls included. */
  readonly rows: number;
  readonly runs: number;
  /** Counts per group of types. */
  readonly types: Partial<Record<TypeGroup, number>>;
  /** Set when the schema declares the path as null-only or empty and values have come since. */
  readonly replaces?: true;
}

/** What inference proposes. Plain data, a pure function of profile, declared paths and thresholds. */
export interface SchemaPatch {
  /** By blob, in order of path; containers stand before their members. */
  readonly properties: ReadonlyMap<BlobName, readonly ProposedProperty[]>;
  /** One for each path that was decided, by blob, in order of path. */
  readonly decisions: readonly Decision[];
}

const JSON_TYPE: Record<TypeGroup, JsonType> = {
  null: "null",
  boolean: "boolean",
  integer: "integer",
  number: "number",
  "non-finite": "number",
  string: "string",
  list: "array",
  object: "object",
};
const TYPE_ORDER: readonly JsonType[] = ["boolean", "integer", "number", "string", "array", "object", "null"];

const SCALAR_JSON_TYPE = {
  boolean: "boolean",
  int64: "integer",
  decimal: "integer",
  float64: "number",
  string: "string",
};

/** JSON types of the values, null last; `integer` only when every number is one. */
function typesSeen(counts: Counts): Set<JsonType> {
  const types = new Set<JsonType>();
  for (const [name] of classesOf(counts)) {
    types.add(name === "nonfinite_string" ? "string" : JSON_TYPE[GROUP_OF[name]]);
  }
  if (types.has("number")) types.delete("integer");
  return types;
}

function typeKeyword(types: ReadonlySet<JsonType>): JsonType | readonly JsonType[] {
  const ordered = TYPE_ORDER.filter((type) => types.has(type));
  return ordered.length === 1 && ordered[0] !== undefined ? ordered[0] : ordered;
}

/** `type` of scalars of a column type: what it holds, and what else the payload spells it as. */
function scalarKeyword(type: string, counts: Counts): JsonType | readonly JsonType[] {
  const types = new Set<JsonType>([SCALAR_JSON_TYPE[type as keyof typeof SCALAR_JSON_TYPE] as JsonType]);
  if (counts.nonfinite_string !== undefined) types.add("string");
  if (counts.null !== undefined) types.add("null");
  return typeKeyword(types);
}

/** Whether JSON Schema's `type` alone does not say the column type. */
const needsType = (type: string, counts: Counts): boolean =>
  type === "decimal" || (type === "float64" && counts.nonfinite_string !== undefined);

function promotedProperty(type: LogicalType, node: PathProfile): SchemaProperty {
  const element = /^list<(.+)>$/.exec(type)?.[1];
  if (element === undefined) {
    const property = { type: scalarKeyword(type, node.counts) };
    return needsType(type, node.counts) ? { ...property, "x-column": { type } } : property;
  }
  const items = node.items?.counts ?? {};
  const property = {
    type: typeKeyword(new Set<JsonType>(node.counts.null === undefined ? ["array"] : ["array", "null"])),
    items: { type: scalarKeyword(element, items) },
  };
  return needsType(element, items) ? { ...property, "x-column": { type } } : property;
}

/** The schema fragment of a verdict. A container keeps only its type. */
export function propertyFor(verdict: Verdict, node: PathProfile): SchemaProperty {
  if (verdict.decision === "promoted") return promotedProperty(verdict.type, node);
  if (verdict.decision === "descend") return { type: typeKeyword(typesSeen(node.counts)) };
  const detail = verdict.detail === undefined ? {} : { detail: verdict.detail };
  const mark = { "x-column": { promote: false, reason: verdict.reason, ...detail } } as const;
  // Nothing is known yet, so nothing is forbidden: a `type` here would refuse the first real value.
  if (verdict.reason === "null-only" || verdict.reason === "empty") return mark;
  return { type: typeKeyword(typesSeen(node.counts)), ...mark };
}

/** The fragment of a column that its table has no room for. */
export function asOverBudget(property: SchemaProperty): SchemaProperty {
  return { ...property, "x-column": { promote: false, reason: "over-budget" } };
}
