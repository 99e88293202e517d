import type { BlobName } from "../blob.js";
import { FITS } from "../plan/fits.js";
import type { ScalarType } from "../plan/plan.js";
import { type Counts, classesOf, GROUP_OF, isMetricBlob, type Kind, kindsOf } from "./infer-kinds.js";
import type { ValueClass } from "./profile.js";

/** Scalar values of one kind, nulls aside. */
export interface Scalars {
  readonly counts: Counts;
  readonly kinds: ReadonlySet<Kind>;
  /** Whether they stand in a blob of measurements (history, summary). */
  readonly metric: boolean;
}

type InferredScalar = Exclude<ScalarType, "json" | "timestamp">;

export type ScalarRuleId = "boolean" | "string" | "integer" | "number" | "integral" | "inexact";

/** One widening rule: the type of the column, `conflict`, or undefined when it does not apply. */
export interface ScalarRule {
  readonly id: ScalarRuleId;
  readonly says: string;
  readonly type: (scalars: Scalars) => InferredScalar | "conflict" | undefined;
}

const seen = (counts: Counts): ValueClass[] => classesOf(counts).flatMap(([name]) => (name === "null" ? [] : [name]));

/** int64 when every value fits it, else decimal when every value fits that, else undefined. */
function integerType(counts: Counts): "int64" | "decimal" | undefined {
  const classes = seen(counts);
  return (["int64", "decimal"] as const).find((type) => classes.every((name) => FITS[type].has(name)));
}

const hasInexactInteger = (counts: Counts): boolean =>
  seen(counts).some((name) => GROUP_OF[name] === "integer" && !FITS.float64.has(name));

/** The widening of scalars, in order; the first that applies decides. */
export const SCALAR_RULES: readonly ScalarRule[] = [
  {
    id: "boolean",
    says: "Booleans: boolean.",
    type: ({ kinds }) => (kinds.has("boolean") ? "boolean" : undefined),
  },
  {
    id: "string",
    says: "Strings, also those that look like a time: string. Only a schema says that a string is a timestamp.",
    type: ({ kinds }) => (kinds.has("string") ? "string" : undefined),
  },
  {
    id: "integer",
    says: "Integer tokens only, outside of history and summary or with one beyond ±2^53: integer (int64, else decimal up to 38 digits).",
    type: ({ counts, metric }) => {
      if (!seen(counts).every((name) => GROUP_OF[name] === "integer")) return undefined;
      return metric && !hasInexactInteger(counts) ? undefined : integerType(counts);
    },
  },
  {
    id: "number",
    says: "Numbers, NaN and infinities (as tokens or strings) whose integer tokens are all exact in a double: number.",
    type: ({ counts }) =>
      !hasInexactInteger(counts) && seen(counts).some((name) => FITS.float64.has(name)) ? "float64" : undefined,
  },
  {
    id: "integral",
    says: "Integers beyond ±2^53 beside integer-valued numbers such as `2.4e19`, all within 38 digits: integer (int64, else decimal).",
    type: ({ counts }) => integerType(counts),
  },
  {
    id: "inexact",
    says: "Any other numbers: no column type holds them without rounding: type-conflict.",
    type: () => "conflict",
  },
];

/** The column type for scalars of one kind, or `conflict`. */
export function scalarType(counts: Counts, blob: BlobName): InferredScalar | "conflict" {
  const scalars = { counts, kinds: kindsOf(counts, blob), metric: isMetricBlob(blob) };
  for (const rule of SCALAR_RULES) {
    const type = rule.type(scalars);
    if (type !== undefined) return type;
  }
  return "conflict";
}

/**
 * The type of list elements: that of scalars, provided every element but null fits it, since one misfit element makes
 * the whole list a misfit. Undefined when there is none.
 */
export function elementType(counts: Counts, blob: BlobName): InferredScalar | undefined {
  const type = scalarType(counts, blob);
  if (type === "conflict") return undefined;
  return seen(counts).every((name) => FITS[type].has(name)) ? type : undefined;
}
