import type { BlobName } from "../blob.js";
import type { PathProfile, ValueClass } from "./profile.js";

/** The groups of value classes that reports show and rules speak of. */
export const TYPE_GROUPS = ["null", "boolean", "integer", "number", "non-finite", "string", "list", "object"] as const;
export type TypeGroup = (typeof TYPE_GROUPS)[number];

/** The group of each value class. `-0` is a number: no integer column holds it. */
export const GROUP_OF: Record<ValueClass, TypeGroup> = {
  null: "null",
  boolean: "boolean",
  int53: "integer",
  int64: "integer",
  int38: "integer",
  int_big: "integer",
  integral53: "number",
  integral64: "number",
  integral64_excess: "number",
  integral38: "number",
  integral38_excess: "number",
  float: "number",
  float_excess: "number",
  float_range: "number",
  negative_zero_integer: "number",
  negative_zero_float: "number",
  nan_token: "non-finite",
  infinity_token: "non-finite",
  negative_infinity_token: "non-finite",
  nonfinite_string: "non-finite",
  timestamp_canonical: "string",
  timestamp_other: "string",
  timestamp_zoneless: "string",
  surrogate_string: "string",
  string: "string",
  empty_list: "list",
  list: "list",
  empty_object: "object",
  typed_object: "object",
  object: "object",
};

export type Counts = PathProfile["counts"];

const ORDER: ReadonlyMap<string, number> = new Map(Object.keys(GROUP_OF).map((name, i) => [name, i]));

const compareClasses = (a: ValueClass, b: ValueClass): number => (ORDER.get(a) ?? 0) - (ORDER.get(b) ?? 0);

/** The classes that occurred, in the order of `GROUP_OF`. */
function classNames(counts: Counts): ValueClass[] {
  const names = (Object.keys(counts) as ValueClass[]).filter((name) => (counts[name] ?? 0) > 0);
  return names.length > 1 ? names.sort(compareClasses) : names;
}

/** The classes that occurred, with their counts, in the order of `GROUP_OF`. */
export function classesOf(counts: Counts): [ValueClass, number][] {
  return classNames(counts).map((name) => [name, counts[name] ?? 0]);
}

/** Counts per group; a group that never occurred is absent. */
export function groupCounts(counts: Counts): Partial<Record<TypeGroup, number>> {
  const groups = new Map<TypeGroup, number>();
  for (const [name, count] of classesOf(counts)) groups.set(GROUP_OF[name], (groups.get(GROUP_OF[name]) ?? 0) + count);
  return Object.fromEntries(TYPE_GROUPS.flatMap((group) => (groups.has(group) ? [[group, groups.get(group)]] : [])));
}

/** All values of a path, nulls included: the records that have it. */
export function valueCount(counts: Counts): number {
  return classesOf(counts).reduce((sum, [, count]) => sum + count, 0);
}

/** Blobs whose scalars are measurements: W&B drops the `.0` of a float there, so an integer token proves nothing. */
const METRIC_BLOBS: ReadonlySet<BlobName> = new Set<BlobName>(["history", "summary", "system_metrics", "system_event"]);

export function isMetricBlob(blob: BlobName): boolean {
  return METRIC_BLOBS.has(blob);
}

export type Kind = "boolean" | "numeric" | "string" | "list" | "object";

const KIND_OF: Record<TypeGroup, Kind | undefined> = {
  null: undefined,
  boolean: "boolean",
  integer: "numeric",
  number: "numeric",
  "non-finite": "numeric",
  string: "string",
  list: "list",
  object: "object",
};

/**
 * The kinds among the values, nulls aside. The strings NaN, Infinity and -Infinity are whatever stands beside them:
 * numeric beside numbers, strings beside strings. Alone they are numeric among metrics, where W&B's client writes them
 * for what JSON cannot say, and strings elsewhere, where nobody rewrites what the user put there.
 */
export function kindsOf(counts: Counts, blob: BlobName): ReadonlySet<Kind> {
  const kinds = new Set<Kind>();
  for (const [name] of classesOf(counts)) {
    const kind = name === "nonfinite_string" ? undefined : KIND_OF[GROUP_OF[name]];
    if (kind !== undefined) kinds.add(kind);
  }
  if (counts.nonfinite_string !== undefined && !kinds.has("numeric") && !kinds.has("string")) {
    kinds.add(isMetricBlob(blob) ? "numeric" : "string");
  }
  return kinds;
}
