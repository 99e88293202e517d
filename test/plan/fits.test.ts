import { expect, test } from "vitest";
import { FITS, fitsOf } from "../../src/plan/fits.js";
import { SCALAR_TYPES, type ScalarType } from "../../src/plan/plan.js";
import { VALUE_CLASSES, type ValueClass } from "../../src/profile/profile.js";

/** Each class of value with the types that it fits,. */
const TYPES_OF: Record<ValueClass, readonly ScalarType[]> = {
  null: [],
  boolean: ["boolean", "json"],
  int53: ["int64", "decimal", "float64", "json"],
  int64: ["int64", "decimal", "json"],
  int38: ["decimal", "json"],
  int_big: ["json"],
  integral53: ["int64", "decimal", "float64", "json"],
  integral64: ["int64", "decimal", "float64", "json"],
  integral64_excess: ["int64", "decimal", "json"],
  integral38: ["decimal", "float64", "json"],
  integral38_excess: ["decimal", "json"],
  float: ["float64", "json"],
  float_excess: ["json"],
  float_range: ["json"],
  negative_zero_integer: ["float64", "json"],
  negative_zero_float: ["float64", "json"],
  nan_token: ["float64", "json"],
  infinity_token: ["float64", "json"],
  negative_infinity_token: ["float64", "json"],
  nonfinite_string: ["float64", "string", "json"],
  timestamp_canonical: ["string", "timestamp", "json"],
  timestamp_other: ["string", "timestamp", "json"],
  timestamp_zoneless: ["string", "json"],
  surrogate_string: ["json"],
  string: ["string", "json"],
  empty_list: ["json"],
  list: ["json"],
  empty_object: ["json"],
  typed_object: ["json"],
  object: ["json"],
};

test.each(VALUE_CLASSES)("%s", (item) => {
  expect(SCALAR_TYPES.filter((type) => FITS[type].has(item))).toEqual(
    SCALAR_TYPES.filter((type) => TYPES_OF[item].includes(type)),
  );
});

test("with zone utc a timestamp may lack its zone; nothing else changes", () => {
  for (const type of SCALAR_TYPES) {
    const more = VALUE_CLASSES.filter((item) => fitsOf(type, "utc").has(item) && !fitsOf(type).has(item));
    expect(more).toEqual(type === "timestamp" ? ["timestamp_zoneless"] : []);
  }
});
