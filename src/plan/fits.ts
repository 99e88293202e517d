import type { ValueClass } from "../profile/profile.js";
import { VALUE_CLASSES } from "../profile/profile.js";
import type { ScalarType } from "./plan.js";

const STRINGS = [
  "nonfinite_string",
  "timestamp_canonical",
  "timestamp_other",
  "timestamp_zoneless",
  "string",
] as const satisfies readonly ValueClass[];
const INTEGERS = [
  "int53",
  "int64",
  "integral53",
  "integral64",
  "integral64_excess",
] as const satisfies readonly ValueClass[];

/**
 * Which values fit a column of each type, as classes of the profile. A value of any other class but `null` is a misfit:
 * its column is NULL and the residual keeps it. For a list type the rule holds for every element.
 */
export const FITS: Record<ScalarType, ReadonlySet<ValueClass>> = {
  boolean: new Set(["boolean"]),
  int64: new Set(INTEGERS),
  decimal: new Set([...INTEGERS, "int38", "integral38", "integral38_excess"]),
  float64: new Set([
    "int53",
    "integral53",
    "integral64",
    "integral38",
    "float",
    "negative_zero_integer",
    "negative_zero_float",
    "nan_token",
    "infinity_token",
    "negative_infinity_token",
    "nonfinite_string",
  ]),
  string: new Set(STRINGS),
  timestamp: new Set(["timestamp_canonical", "timestamp_other"]),
  json: new Set(VALUE_CLASSES.filter((item) => item !== "null")),
};

const TIMESTAMP_UTC: ReadonlySet<ValueClass> = new Set([...FITS.timestamp, "timestamp_zoneless"]);

/** The classes that fit a scalar type; with zone `utc` a timestamp may lack its zone. */
export function fitsOf(type: ScalarType, zone?: "utc"): ReadonlySet<ValueClass> {
  return type === "timestamp" && zone === "utc" ? TIMESTAMP_UTC : FITS[type];
}
