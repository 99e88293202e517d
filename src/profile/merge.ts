import { BLOBS } from "../blob.js";
import { type BlobProfile, type PathProfile, type Profile, VALUE_CLASSES } from "./profile.js";

/** The profile of no records: `mergeProfiles(emptyProfile(), p)` equals `p`. */
export function emptyProfile(): Profile {
  return { format: 1, blobs: {} };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** New index of each old run; ascending, since both lists are. */
function positions(runs: readonly string[], all: readonly string[]): Int32Array {
  const found = new Int32Array(runs.length);
  let at = 0;
  for (const [index, run] of runs.entries()) {
    while (all[at] !== run) at += 1;
    found[index] = at;
  }
  return found;
}

/** The ascending union of two ascending lists of run indices, each in its own numbering. */
function mergeRuns(a: readonly number[], inA: Int32Array, b: readonly number[], inB: Int32Array): number[] {
  const union: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = i < a.length ? (inA[a[i] ?? 0] ?? 0) : Number.POSITIVE_INFINITY;
    const y = j < b.length ? (inB[b[j] ?? 0] ?? 0) : Number.POSITIVE_INFINITY;
    union.push(Math.min(x, y));
    if (x <= y) i += 1;
    if (y <= x) j += 1;
  }
  return union;
}

const smaller = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

const larger = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b);

const NOTHING: PathProfile = { counts: {}, hazards: 0, runs: [] };

/** Two paths without what is below them. */
function mergePath(a: PathProfile, inA: Int32Array, b: PathProfile, inB: Int32Array): PathProfile {
  const counts: PathProfile["counts"] = {};
  for (const kind of VALUE_CLASSES) {
    const count = (a.counts[kind] ?? 0) + (b.counts[kind] ?? 0);
    if (count > 0) counts[kind] = count;
  }
  const min = smaller(a.min, b.min);
  const max = larger(a.max, b.max);
  const maxLength = larger(a.maxLength, b.maxLength);
  return {
    counts,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(maxLength === undefined ? {} : { maxLength }),
    hazards: a.hazards | b.hazards,
    runs: mergeRuns(a.runs, inA, b.runs, inB),
  };
}

/** Ascending keys of two children maps that are in ascending order themselves. */
function keysOf(a: PathProfile, b: PathProfile): string[] {
  const keys = [...(a.children?.keys() ?? [])];
  for (const key of b.children?.keys() ?? []) if (a.children?.has(key) !== true) keys.push(key);
  return keys.sort(compareText);
}

/** Two tries; a loop, since a path may be as long as a text nests. */
function mergeTrees(a: PathProfile, inA: Int32Array, b: PathProfile, inB: Int32Array): PathProfile {
  const root = mergePath(a, inA, b, inB);
  const todo: [PathProfile, PathProfile, PathProfile][] = [[root, a, b]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [into, left, right] = next;
    const join = (x: PathProfile = NOTHING, y: PathProfile = NOTHING): PathProfile => {
      const joined = mergePath(x, inA, y, inB);
      todo.push([joined, x, y]);
      return joined;
    };
    if (left.items !== undefined || right.items !== undefined) into.items = join(left.items, right.items);
    const keys = keysOf(left, right);
    if (keys.length === 0) continue;
    into.children = new Map(keys.map((key) => [key, join(left.children?.get(key), right.children?.get(key))]));
  }
  return root;
}

const NO_RECORDS: BlobProfile = { records: 0, unusable: 0, hazards: 0, bytes: 0, maxBytes: 0, runs: [], root: NOTHING };

function mergeBlobs(a: BlobProfile, b: BlobProfile): BlobProfile {
  const runs = [...new Set([...a.runs, ...b.runs])].sort(compareText);
  return {
    records: a.records + b.records,
    unusable: a.unusable + b.unusable,
    hazards: a.hazards | b.hazards,
    bytes: a.bytes + b.bytes,
    maxBytes: Math.max(a.maxBytes, b.maxBytes),
    runs,
    root: mergeTrees(a.root, positions(a.runs, runs), b.root, positions(b.runs, runs)),
  };
}

/**
 * The profile of the records of both. Commutative, associative, with `emptyProfile()` as its unit; the arguments are
 * not changed and share nothing with the result. The cost is that of the paths and runs of both; for many there is
 * `mergeAll`.
 */
export function mergeProfiles(a: Profile, b: Profile): Profile {
  const blobs: Profile["blobs"] = {};
  for (const blob of BLOBS) {
    const left = a.blobs[blob];
    const right = b.blobs[blob];
    if (left !== undefined || right !== undefined) blobs[blob] = mergeBlobs(left ?? NO_RECORDS, right ?? NO_RECORDS);
  }
  return { format: 1, blobs };
}

/** The profile of the records of all; merged in pairs, so that the cost grows with their number and not with its square. */
export function mergeAll(profiles: readonly Profile[]): Profile {
  if (profiles.length <= 1) return profiles[0] ?? emptyProfile();
  const middle = profiles.length >> 1;
  return mergeProfiles(mergeAll(profiles.slice(0, middle)), mergeAll(profiles.slice(middle)));
}
