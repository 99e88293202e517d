import { elementType } from "../../flatten/value.js";
import type { Column, ScalarType } from "../../plan/plan.js";
import { HAZARD, type PathProfile, VALUE_CLASSES, type ValueClass } from "../../profile/profile.js";

/**
 * Value classes for which `json_transform` of DuckDB 1.5 gives exactly the cell that `fitValue` gives. What fits a type
 * and is not here is right but not proved, and goes the careful way. Held to the definition by a property test.
 */
const EXACT: Record<ScalarType, ReadonlySet<ValueClass>> = {
  boolean: new Set(["boolean"]),
  int64: new Set(["int53", "int64", "integral53"]),
  decimal: new Set(["int53", "int64", "int38", "integral53"]),
  float64: new Set([
    "int53",
    "integral53",
    "integral64",
    "integral38",
    "float",
    "negative_zero_float",
    "nan_token",
    "infinity_token",
    "negative_infinity_token",
    "nonfinite_string",
  ]),
  string: new Set(["string", "nonfinite_string", "timestamp_canonical", "timestamp_other", "timestamp_zoneless"]),
  timestamp: new Set(["timestamp_canonical"]),
  json: new Set(),
};

/** Whether DuckDB can be trusted with the values of a class at a path, for a column. */
export function isExact(name: ValueClass, profile: PathProfile, column: Column): boolean {
  const element = elementType(column.type);
  if (element === undefined) return EXACT[column.type as ScalarType].has(name);
  if (name === "empty_list") return true;
  if (name !== "list") return false;
  return VALUE_CLASSES.every(
    (item) => (profile.items?.counts[item] ?? 0) === 0 || item === "null" || EXACT[element].has(item),
  );
}

/** Classes that a row's hazard bits tell apart. */
export const CLASS_HAZARD: Partial<Record<ValueClass, number>> = {
  int64: HAZARD.BEYOND_DOUBLE,
  int38: HAZARD.BEYOND_INT64,
  int_big: HAZARD.BEYOND_INT64,
  integral64: HAZARD.INTEGRAL_BEYOND_DOUBLE,
  integral64_excess: HAZARD.EXCESS_DIGITS,
  integral38: HAZARD.INTEGRAL_BEYOND_DOUBLE,
  integral38_excess: HAZARD.EXCESS_DIGITS,
  float_excess: HAZARD.EXCESS_DIGITS,
  float_range: HAZARD.RANGE,
  negative_zero_integer: HAZARD.NEGATIVE_ZERO_INTEGER,
  negative_zero_float: HAZARD.NEGATIVE_ZERO_FLOAT,
  nan_token: HAZARD.NONFINITE_TOKEN,
  infinity_token: HAZARD.NONFINITE_TOKEN,
  negative_infinity_token: HAZARD.NONFINITE_TOKEN,
  nonfinite_string: HAZARD.NONFINITE_STRING,
  surrogate_string: HAZARD.LONE_SURROGATE,
};

const INTEGER = ["BIGINT", "UBIGINT"] as const;

/** What `json_type` says of a value of each class. It is asked only where no hazard bit tells the class apart. */
export const CLASS_JSON_TYPES: Record<ValueClass, readonly string[]> = {
  null: ["NULL"],
  boolean: ["BOOLEAN"],
  int53: INTEGER,
  int64: INTEGER,
  int38: ["UBIGINT", "DOUBLE"],
  int_big: ["DOUBLE"],
  integral53: ["DOUBLE"],
  integral64: ["DOUBLE"],
  integral64_excess: ["DOUBLE"],
  integral38: ["DOUBLE"],
  integral38_excess: ["DOUBLE"],
  float: ["DOUBLE"],
  float_excess: ["DOUBLE"],
  float_range: ["DOUBLE"],
  negative_zero_integer: INTEGER,
  negative_zero_float: ["DOUBLE"],
  nan_token: ["DOUBLE"],
  infinity_token: ["DOUBLE"],
  negative_infinity_token: ["DOUBLE"],
  nonfinite_string: ["VARCHAR"],
  timestamp_canonical: ["VARCHAR"],
  timestamp_other: ["VARCHAR"],
  timestamp_zoneless: ["VARCHAR"],
  surrogate_string: ["VARCHAR"],
  string: ["VARCHAR"],
  empty_list: ["ARRAY"],
  list: ["ARRAY"],
  empty_object: ["OBJECT"],
  typed_object: ["OBJECT"],
  object: ["OBJECT"],
};

/** Hazards of values that DuckDB respells, with loss of digits, when it copies JSON text into a residual. */
export const RESPELLED =
  HAZARD.EXCESS_DIGITS | HAZARD.RANGE | HAZARD.NEGATIVE_ZERO_INTEGER | HAZARD.INTEGRAL_BEYOND_DOUBLE;
