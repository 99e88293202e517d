import { VALUE_CLASSES, type ValueClass } from "./profile.js";

/** Index of each value class in VALUE_CLASSES. */
export const CLASS = Object.fromEntries(VALUE_CLASSES.map((name, index) => [name, index])) as Record<
  ValueClass,
  number
>;

/** Bits that a class index takes in a packed value fact: `class | hazards << CLASS_BITS`. */
export const CLASS_BITS = 5;
export const CLASS_MASK = (1 << CLASS_BITS) - 1;

/** Classes that have `min` and `max`, as a bit set over class indices. */
export const RANGED = (1 << CLASS.int53) | (1 << CLASS.integral53);

/** Classes that have `maxLength`, as a bit set over class indices. */
export const STRINGS =
  (1 << CLASS.nonfinite_string) |
  (1 << CLASS.timestamp_canonical) |
  (1 << CLASS.timestamp_other) |
  (1 << CLASS.timestamp_zoneless) |
  (1 << CLASS.surrogate_string) |
  (1 << CLASS.string);
