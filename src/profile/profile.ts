import type { BlobName } from "../blob.js";
import type { RunSet } from "./run-set.js";

/**
 * Hazards of one blob of one record: facts about its tokens that an engine may get wrong. They do not depend on any
 * schema, so they are stored beside the text and never computed again.
 */
export const HAZARD = {
  /** An integer token with more than 15 digits and beyond ±2^53. */
  BEYOND_DOUBLE: 1 << 0,
  /** An integer token beyond int64. */
  BEYOND_INT64: 1 << 1,
  /** A token with a fraction or exponent and more than 17 significant digits. */
  EXCESS_DIGITS: 1 << 2,
  /** A token that overflows or underflows a double. */
  RANGE: 1 << 3,
  /** The integer token `-0`. */
  NEGATIVE_ZERO_INTEGER: 1 << 4,
  /** A zero with a minus and a fraction or exponent, such as `-0.0`. */
  NEGATIVE_ZERO_FLOAT: 1 << 5,
  /** A bare NaN, Infinity or -Infinity. */
  NONFINITE_TOKEN: 1 << 6,
  /** A string that is exactly NaN, Infinity or -Infinity. */
  NONFINITE_STRING: 1 << 7,
  /** An integer-valued token spelled with a fraction or exponent whose value is beyond ±2^53. */
  INTEGRAL_BEYOND_DOUBLE: 1 << 8,
  /** A string or key with an escape. */
  ESCAPE: 1 << 9,
  /** A string or key with an escaped lone surrogate. */
  LONE_SURROGATE: 1 << 10,
  /** A string or key with U+0000. */
  NUL: 1 << 11,
  /** Nesting deeper than 100. */
  DEEP: 1 << 12,
  /** An object that has a key twice. */
  DUPLICATE_KEY: 1 << 13,
  /** Not strict JSON, or not an object. Nothing else is known of the text. */
  REFUSED: 1 << 14,
  /** The row's `_step` is not an integer token equal to the record's step. Set by the raw store, not by the tokenizer. */
  ODD_STEP: 1 << 15,
  /** The blob is an empty object. */
  EMPTY: 1 << 16,
  /**
   * No member of an object is null, objects inside lists not counted: the one bit that says what is not there, so that
   * rows without it, such as those of older stores, are looked at. Set by the raw store, not by the tokenizer.
   */
  NO_NULLS: 1 << 17,
} as const;

/** A blob with one of these has no columns at all: its text goes to the residual as it came. */
export const UNUSABLE = HAZARD.REFUSED | HAZARD.DUPLICATE_KEY;

/**
 * What a value can be, as fine as any column type needs it. Every value of a path is counted in exactly one class.
 * Digits are significant digits: leading zeros, and trailing zeros of a number with a fraction or exponent, do not count.
 */
export const VALUE_CLASSES = [
  "null",
  "boolean",
  /** Integer token (no fraction, no exponent, not -0) with at most 15 digits or within ±2^53. */
  "int53",
  /** Integer token beyond that, within int64. */
  "int64",
  /** Integer token beyond int64, within ±(10^38−1). */
  "int38",
  /** Integer token beyond that. */
  "int_big",
  /** Spelled with fraction or exponent, integer-valued, within ±2^53, not zero with a minus. */
  "integral53",
  /** The same beyond 2^53 and within int64, with at most 17 digits. */
  "integral64",
  /** The same with more than 17 digits. */
  "integral64_excess",
  /** The same beyond int64 and within ±(10^38−1), with at most 17 digits. */
  "integral38",
  /** The same with more than 17 digits. */
  "integral38_excess",
  /** Any other finite token that names a double: at most 17 digits, no overflow, no underflow to zero. */
  "float",
  /** Any other token with more than 17 digits that neither overflows nor underflows. */
  "float_excess",
  /** A token that overflows to infinity, or underflows to zero although it is not zero. */
  "float_range",
  /** `-0` */
  "negative_zero_integer",
  /** `-0.0`, `-0e3`, … */
  "negative_zero_float",
  "nan_token",
  "infinity_token",
  "negative_infinity_token",
  /** A string that is exactly NaN, Infinity or -Infinity. */
  "nonfinite_string",
  /** A string in the canonical timestamp spelling of `json/timestamp.ts`. */
  "timestamp_canonical",
  /** Another string that is an ISO 8601 timestamp with a zone, at most 6 fraction digits, years 0001 to 9999. */
  "timestamp_other",
  /** The same without a zone. */
  "timestamp_zoneless",
  /** A string with a lone surrogate. */
  "surrogate_string",
  /** Any other string. */
  "string",
  "empty_list",
  "list",
  "empty_object",
  /** An object with a member `_type` that is a string: W&B's typed values. */
  "typed_object",
  "object",
] as const;

export type ValueClass = (typeof VALUE_CLASSES)[number];

/** Statistics of one path. Plain data; two of them merge (see `merge.ts`) whatever the order. */
export interface PathProfile {
  /** Counts per class; a class that never occurred is absent. */
  counts: Partial<Record<ValueClass, number>>;
  /** Smallest and largest of the values in class int53, and of integral53; absent when there are none. */
  min?: number;
  max?: number;
  /** Bytes of the longest string token between its quotes. */
  maxLength?: number;
  /** OR of the hazards of the values here; for a list also of all that is inside it. */
  hazards: number;
  /** The runs that have the path, by their place in `BlobProfile.runs`. */
  runs: RunSet;
  /** Elements of the lists at this path, all together; objects and lists inside are counted and not descended into. */
  items?: PathProfile;
  /** Members, by unescaped key, in ascending order of key. */
  children?: Map<string, PathProfile>;
  /**
   * The members that have no path of their own, all together: their names are longer than `Bounds.nameBytes`, or this
   * object is `crowded`. Counts are those of the members; hazards are also those of all that is inside them.
   */
  others?: PathProfile;
  /** Set when there are more paths below than `Bounds.room` has place for. What was not kept is in `others`. */
  crowded?: true;
}

/** Statistics of one blob over some records. */
export interface BlobProfile {
  /** Records that have the blob, the unusable ones included. */
  records: number;
  /** Records whose blob is refused or has a duplicate key; they count in `records` and nowhere else. */
  unusable: number;
  /** OR of the hazards of all records. */
  hazards: number;
  /** Bytes of text, all records. */
  bytes: number;
  /** Bytes of the longest text. */
  maxBytes: number;
  /** Run keys as JSON text `["entity","project","run_id"]`, ascending: every run that has the blob in a usable record. */
  runs: string[];
  root: PathProfile;
}

/**
 * The profile of a segment, or of many merged. Same records in any order or split: equal profiles. Its size is bounded,
 * see `bounds.ts`: which objects are crowded, and which names a crowded root keeps, depends on the set of names alone.
 */
export interface Profile {
  readonly format: 1;
  readonly blobs: Partial<Record<BlobName, BlobProfile>>;
}
