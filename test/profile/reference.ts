import type { BlobName, RunKey } from "../../src/blob.js";
import { hasDuplicateKey } from "../../src/json/duplicate-key.js";
import { type JsonNode, type JsonObject, readJson } from "../../src/json/read.js";
import { parseTimestamp } from "../../src/json/timestamp.js";
import { BOUNDS, type Bounds } from "../../src/profile/bounds.js";
import {
  type BlobProfile,
  HAZARD,
  type PathProfile,
  type Profile,
  UNUSABLE,
  type ValueClass,
} from "../../src/profile/profile.js";
import { RunSet } from "../../src/profile/run-set.js";

/** One record as the profiler is given it. */
export interface ScannedRecord {
  readonly run: RunKey;
  readonly blob: BlobName;
  readonly bytes: Uint8Array;
}

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE = /\p{Surrogate}/u;

/** The object in bytes and its text, or undefined when they are no strict JSON object. */
export function readObject(bytes: Uint8Array): { text: string; root: JsonObject } | undefined {
  try {
    const text = DECODER.decode(bytes);
    const root = readJson(text);
    return root.kind === "object" ? { text, root } : undefined;
  } catch {
    return undefined;
  }
}

interface Fact {
  readonly kind: ValueClass;
  readonly hazards: number;
}

const within = (value: bigint, low: bigint, high: bigint): boolean => value >= low && value <= high;
const TEN38 = 10n ** 38n - 1n;

function integerFact(token: string): Fact {
  if (token === "-0") return { kind: "negative_zero_integer", hazards: HAZARD.NEGATIVE_ZERO_INTEGER };
  const value = BigInt(token);
  const range = Number.isFinite(Number(token)) ? 0 : HAZARD.RANGE;
  if (within(value, -(2n ** 53n), 2n ** 53n)) return { kind: "int53", hazards: 0 };
  if (within(value, -(2n ** 63n), 2n ** 63n - 1n)) return { kind: "int64", hazards: HAZARD.BEYOND_DOUBLE };
  const hazards = HAZARD.BEYOND_DOUBLE | HAZARD.BEYOND_INT64 | range;
  return { kind: within(value, -TEN38, TEN38) ? "int38" : "int_big", hazards };
}

/** Value of a token with fraction or exponent as digits × 10^power, by removing the point and the zeros. */
function normal(token: string): { digits: string; power: bigint } {
  const [mantissa = "", exponent = "0"] = token.replace(/^-/, "").split(/[eE]/);
  const power = BigInt(exponent.replace("+", ""));
  const [whole = "", fraction = ""] = mantissa.split(".");
  const all = (whole + fraction).replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  return { digits, power: power - BigInt(fraction.length) + BigInt(all.length - digits.length) };
}

function scientificFact(token: string): Fact {
  const { digits, power } = normal(token);
  const negative = token.startsWith("-");
  if (digits === "") {
    return negative
      ? { kind: "negative_zero_float", hazards: HAZARD.NEGATIVE_ZERO_FLOAT }
      : { kind: "integral53", hazards: 0 };
  }
  const double = Number(token);
  const outside = double === 0 || !Number.isFinite(double);
  const excess = digits.length > 17;
  const hazards = (excess ? HAZARD.EXCESS_DIGITS : 0) | (outside ? HAZARD.RANGE : 0);
  if (power < 0n) return { kind: outside ? "float_range" : excess ? "float_excess" : "float", hazards };
  if (power + BigInt(digits.length) <= 38n) {
    const value = BigInt((negative ? "-" : "") + digits) * 10n ** power;
    if (within(value, -(2n ** 53n), 2n ** 53n)) return { kind: "integral53", hazards: 0 };
    const beyond = hazards | HAZARD.INTEGRAL_BEYOND_DOUBLE;
    if (within(value, -(2n ** 63n), 2n ** 63n - 1n)) {
      return { kind: excess ? "integral64_excess" : "integral64", hazards: beyond };
    }
    return { kind: excess ? "integral38_excess" : "integral38", hazards: beyond };
  }
  const kind = outside ? "float_range" : excess ? "float_excess" : "float";
  return { kind, hazards: hazards | HAZARD.INTEGRAL_BEYOND_DOUBLE };
}

/** Class and hazards of a number token, by arithmetic on big integers. */
export function numberFact(token: string): Fact {
  if (token === "NaN") return { kind: "nan_token", hazards: HAZARD.NONFINITE_TOKEN };
  if (token === "Infinity") return { kind: "infinity_token", hazards: HAZARD.NONFINITE_TOKEN };
  if (token === "-Infinity") return { kind: "negative_infinity_token", hazards: HAZARD.NONFINITE_TOKEN };
  return /[.eE]/.test(token) ? scientificFact(token) : integerFact(token);
}

function stringHazards(token: string, value: string): number {
  return (
    (token.includes("\\") ? HAZARD.ESCAPE : 0) |
    (LONE.test(value) ? HAZARD.LONE_SURROGATE : 0) |
    (value.includes("\0") ? HAZARD.NUL : 0)
  );
}

function stringFact(token: string, value: string): Fact {
  const hazards = stringHazards(token, value);
  if (/^(NaN|-?Infinity)$/.test(value)) {
    return { kind: "nonfinite_string", hazards: hazards | HAZARD.NONFINITE_STRING };
  }
  const time = parseTimestamp(value);
  if (time !== undefined) {
    const kind = time.zoned ? (time.canonical ? "timestamp_canonical" : "timestamp_other") : "timestamp_zoneless";
    return { kind, hazards };
  }
  return { kind: LONE.test(value) ? "surrogate_string" : "string", hazards };
}

class Reference {
  readonly text: string;
  readonly run: number;
  hazards = 0;

  constructor(text: string, run: number) {
    this.text = text;
    this.run = run;
  }

  fact(node: JsonNode, depth: number): Fact {
    const deep = depth > 100 ? HAZARD.DEEP : 0;
    switch (node.kind) {
      case "null":
        return { kind: "null", hazards: 0 };
      case "boolean":
        return { kind: "boolean", hazards: 0 };
      case "number":
        return numberFact(this.text.slice(node.start, node.end));
      case "string":
        return stringFact(this.text.slice(node.start, node.end), node.value);
      case "array":
        return { kind: node.items.length === 0 ? "empty_list" : "list", hazards: deep };
      case "object": {
        const empty = depth === 1 ? HAZARD.EMPTY : 0;
        if (node.members.length === 0) return { kind: "empty_object", hazards: deep | empty };
        const typed = node.members.some(({ key, value }) => key === "_type" && value.kind === "string");
        return { kind: typed ? "typed_object" : "object", hazards: deep };
      }
    }
  }

  /** OR of the hazards of a value and all that is inside it. */
  inside(node: JsonNode, depth: number): number {
    let hazards = this.fact(node, depth).hazards;
    if (node.kind === "array") for (const item of node.items) hazards |= this.inside(item, depth + 1);
    if (node.kind === "object") {
      for (const { key, keyStart, keyEnd, value } of node.members) {
        hazards |= stringHazards(this.text.slice(keyStart, keyEnd), key) | this.inside(value, depth + 1);
      }
    }
    return hazards;
  }

  /** Counts one value at a path, without what is below it. */
  count(path: PathDraft, node: JsonNode, { kind, hazards }: Fact): void {
    path.counts[kind] = (path.counts[kind] ?? 0) + 1;
    path.hazards |= hazards;
    if (!path.runs.includes(this.run)) path.runs.push(this.run);
    if (kind === "int53" || kind === "integral53") {
      const value = Number(this.text.slice(node.start, node.end));
      path.min = Math.min(path.min ?? value, value);
      path.max = Math.max(path.max ?? value, value);
    }
    if (node.kind === "string") {
      const length = new TextEncoder().encode(this.text.slice(node.start + 1, node.end - 1)).length;
      path.maxLength = Math.max(path.maxLength ?? 0, length);
    }
  }

  add(path: PathDraft, node: JsonNode, depth: number): void {
    this.count(path, node, this.fact(node, depth));
    if (node.kind === "array" && node.items.length > 0) {
      path.hazards |= this.inside(node, depth);
      path.items ??= newPath();
      for (const item of node.items) {
        const fact = this.fact(item, depth + 1);
        this.count(path.items, item, { kind: fact.kind, hazards: this.inside(item, depth + 1) });
      }
    }
    if (node.kind !== "object") return;
    for (const { key, keyStart, keyEnd, value } of node.members) {
      path.children ??= new Map();
      const child = path.children.get(key) ?? newPath();
      path.children.set(key, child);
      child.hazards |= stringHazards(this.text.slice(keyStart, keyEnd), key);
      this.add(child, value, depth + 1);
    }
  }
}

/** A path under way: its runs as a list. */
interface PathDraft extends Omit<PathProfile, "runs" | "items" | "others" | "children"> {
  runs: number[];
  items?: PathDraft;
  others?: PathDraft;
  children?: Map<string, PathDraft>;
}

function finished({ runs, items, others, children, ...values }: PathDraft, universe: number): PathProfile {
  const path: PathProfile = { ...values, runs: RunSet.of(universe, runs) };
  if (items !== undefined) path.items = finished(items, universe);
  if (others !== undefined) path.others = finished(others, universe);
  if (children !== undefined) {
    path.children = new Map([...children].map(([key, child]) => [key, finished(child, universe)]));
  }
  return path;
}

const newPath = (): PathDraft => ({ counts: {}, hazards: 0, runs: [] });

/** Hazards of one blob, by the whole tree. */
export function referenceHazards(bytes: Uint8Array): number {
  const found = readObject(bytes);
  if (found === undefined) return HAZARD.REFUSED;
  const hazards = new Reference(found.text, 0).inside(found.root, 1);
  return hasDuplicateKey(found.root) ? hazards | HAZARD.DUPLICATE_KEY : hazards;
}

const runText = (run: RunKey): string => JSON.stringify([run.entity, run.project, run.run_id]);

function sortChildren(path: PathDraft): void {
  path.runs.sort((a, b) => a - b);
  if (path.items !== undefined) sortChildren(path.items);
  if (path.children === undefined) return;
  path.children = new Map([...path.children].sort(([a], [b]) => (a < b ? -1 : 1)));
  for (const child of path.children.values()) sortChildren(child);
}

/** Values of a path and runs of it, with the hazards of all that is inside: how a member counts among others. */
function asOther(path: PathDraft): PathDraft {
  const { counts, min, max, maxLength, runs } = path;
  let { hazards } = path;
  for (const inner of [path.items, path.others, ...(path.children?.values() ?? [])]) {
    if (inner !== undefined) hazards |= asOther(inner).hazards;
  }
  const measures = Object.entries({ min, max, maxLength }).filter(([, value]) => value !== undefined);
  return { counts: { ...counts }, hazards, runs: [...runs], ...Object.fromEntries(measures) };
}

/** Adds one path to another, neither with anything below it. */
function addOther(into: PathDraft, path: PathDraft): void {
  for (const [kind, count] of Object.entries(path.counts) as [ValueClass, number][]) {
    into.counts[kind] = (into.counts[kind] ?? 0) + count;
  }
  into.hazards |= path.hazards;
  into.runs = [...new Set([...into.runs, ...path.runs])].sort((a, b) => a - b);
  if (path.min !== undefined) into.min = Math.min(into.min ?? path.min, path.min);
  if (path.max !== undefined) into.max = Math.max(into.max ?? path.max, path.max);
  if (path.maxLength !== undefined) into.maxLength = Math.max(into.maxLength ?? 0, path.maxLength);
}

const nameBytes = (name: string): number =>
  [...name].reduce((sum, point) => sum + (LONE.test(point) ? 3 : new TextEncoder().encode(point).length), 0);

/**
 * Brings a complete tree within bounds, by their definition: long names leave first; then an object is crowded when its
 * members, each with what is below it as far as its own room, are more than its room.
 * @returns paths below, as far as they count for the object around.
 */
function bound(path: PathDraft, depth: number, bounds: Bounds): number {
  const room = bounds.room[depth] ?? 0;
  const others = newPath();
  const members = [...(path.children ?? [])];
  const leave = (name: string): void => {
    const child = path.children?.get(name);
    if (child !== undefined) addOther(others, asOther(child));
    path.children?.delete(name);
  };
  for (const [name] of members) if (nameBytes(name) > bounds.nameBytes) leave(name);
  const whole = structuredClone(path.children ?? new Map<string, PathDraft>());
  let below = 0;
  for (const child of path.children?.values() ?? []) below += 1 + bound(child, depth + 1, bounds);
  if (below > room) {
    path.children = whole;
    path.crowded = true;
    const order = [...whole.keys()].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    const kept = depth === 0 ? bounds.keptNames : 0;
    for (const name of order.slice(kept)) leave(name);
    for (const child of whole.values()) bound(child, depth + 1, { ...bounds, room: [] });
  }
  if (others.runs.length > 0) path.others = others;
  if (path.children?.size === 0) delete path.children;
  return Math.min(below, room);
}

function referenceBlob(records: readonly ScannedRecord[], bounds: Bounds): BlobProfile {
  const rows = records.map(({ run, bytes }) => ({ run: runText(run), bytes, hazards: referenceHazards(bytes) }));
  const usable = rows.filter((row) => (row.hazards & UNUSABLE) === 0);
  const runs = [...new Set(usable.map((row) => row.run))].sort();
  const root = newPath();
  for (const { run, bytes } of usable) {
    const found = readObject(bytes);
    if (found !== undefined) new Reference(found.text, runs.indexOf(run)).add(root, found.root, 1);
  }
  sortChildren(root);
  bound(root, 0, bounds);
  return {
    records: rows.length,
    unusable: rows.length - usable.length,
    hazards: rows.reduce((all, row) => all | row.hazards, 0),
    bytes: rows.reduce((sum, row) => sum + row.bytes.length, 0),
    maxBytes: Math.max(0, ...rows.map((row) => row.bytes.length)),
    runs,
    root: finished(root, runs.length),
  };
}

/** The profile as its definition says, built from whole trees. */
export function referenceProfile(records: readonly ScannedRecord[], bounds: Bounds = BOUNDS): Profile {
  const blobs: Profile["blobs"] = {};
  for (const blob of new Set(records.map((record) => record.blob))) {
    blobs[blob] = referenceBlob(
      records.filter((record) => record.blob === blob),
      bounds,
    );
  }
  return { format: 1, blobs };
}
