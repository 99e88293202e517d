import { BLOBS } from "../blob.js";
import { BOUNDS, type Bounds, firstNames, roomAt } from "./bounds.js";
import type { BlobProfile, PathProfile, Profile } from "./profile.js";
import { RunSet } from "./run-set.js";
import { hazardsWithin, joinValues, Others } from "./values.js";

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

const NOTHING: PathProfile = { counts: {}, hazards: 0, runs: new RunSet(0) };

/** Ascending keys of two children maps that are in ascending order themselves. */
function keysOf(a: PathProfile, b: PathProfile): string[] {
  const keys = [...(a.children?.keys() ?? [])];
  for (const key of b.children?.keys() ?? []) if (a.children?.has(key) !== true) keys.push(key);
  return keys.sort(compareText);
}

/** A path of the union and how many are below it, as far as they count for the object around it. */
interface Joined {
  readonly path: PathProfile;
  readonly below: number;
}

/** Where the runs of one side are in the union: each of them, and all together. */
interface Side {
  readonly numbers: Int32Array;
  readonly whole: RunSet;
}

function sideOf(runs: readonly string[], all: readonly string[]): Side {
  const numbers = positions(runs, all);
  return { numbers, whole: RunSet.of(all.length, numbers) };
}

/** Adds the runs of a side's path. Many paths are in every run, whose bits need not be taken one by one. */
function addRuns(runs: RunSet, of: RunSet, { numbers, whole }: Side): void {
  if (of.universe > 0 && of.isWhole) runs.unite(whole);
  else runs.addAll(of, numbers);
}

/** Merges two trees, each with runs in a numbering of its own. */
class TreeMerge {
  private readonly inA: Side;
  private readonly inB: Side;
  private readonly universe: number;
  private readonly bounds: Bounds;

  constructor(inA: Side, inB: Side, universe: number, bounds: Bounds) {
    this.universe = universe;
    this.inA = inA;
    this.inB = inB;
    this.bounds = bounds;
  }

  root(a: PathProfile, b: PathProfile): PathProfile {
    return this.join(a, b, 0, roomAt(this.bounds, 0)).path;
  }

  /** Two paths with all that is below them. Goes as deep as `Bounds.room` is long, and no deeper. */
  private join(a: PathProfile, b: PathProfile, depth: number, room: number): Joined {
    const path = this.joinPath(a, b);
    if (a.items !== undefined || b.items !== undefined) path.items = this.joinPath(a.items, b.items);
    const names = keysOf(a, b);
    const members = a.crowded || b.crowded || names.length > room ? undefined : this.members(a, b, names, depth, room);
    if (members === undefined) {
      this.crowd(path, a, b, depth === 0 ? firstNames(names, this.bounds.keptNames) : []);
      return { path, below: roomAt(this.bounds, depth) };
    }
    if (members.children.length > 0) path.children = new Map(members.children);
    if (a.others !== undefined || b.others !== undefined) path.others = this.joinPath(a.others, b.others);
    return { path, below: members.below };
  }

  /** Keeps these names of an object, without what is below them, and counts the rest among its others. */
  private crowd(path: PathProfile, a: PathProfile, b: PathProfile, names: readonly string[]): void {
    const kept = new Set(names);
    const others = new Others(this.universe);
    for (const [side, { numbers }] of [[a, this.inA] as const, [b, this.inB] as const]) {
      if (side.others !== undefined) this.fold(others, side.others, numbers);
      for (const [name, child] of side.children ?? []) if (!kept.has(name)) this.fold(others, child, numbers);
    }
    path.crowded = true;
    if (names.length > 0) path.children = new Map(names.map((name) => [name, this.member(a, b, name, 1, 0).path]));
    if (!others.isEmpty) path.others = others.profile();
  }

  /** The members of an object; undefined when there are too many paths. */
  private members(a: PathProfile, b: PathProfile, names: readonly string[], depth: number, room: number) {
    const children: [string, PathProfile][] = [];
    let below = 0;
    for (const name of names) {
      const child = this.member(a, b, name, depth + 1, roomAt(this.bounds, depth + 1));
      below += 1 + child.below;
      if (below > room) return undefined;
      children.push([name, child.path]);
    }
    return { children, below };
  }

  private member(a: PathProfile, b: PathProfile, name: string, depth: number, room: number): Joined {
    return this.join(a.children?.get(name) ?? NOTHING, b.children?.get(name) ?? NOTHING, depth, room);
  }

  private joinPath(a: PathProfile = NOTHING, b: PathProfile = NOTHING): PathProfile {
    const runs = new RunSet(this.universe);
    addRuns(runs, a.runs, this.inA);
    addRuns(runs, b.runs, this.inB);
    return { ...joinValues(a, b), runs };
  }

  private fold(others: Others, path: PathProfile, numbers: Int32Array): void {
    others.add({ ...path, hazards: hazardsWithin(path) }, path.runs, numbers);
  }
}

const NO_RECORDS: BlobProfile = { records: 0, unusable: 0, hazards: 0, bytes: 0, maxBytes: 0, runs: [], root: NOTHING };

/** The profile of the records of both. */
export function mergeBlobs(a: BlobProfile, b: BlobProfile, bounds: Bounds): BlobProfile {
  const runs = [...new Set([...a.runs, ...b.runs])].sort(compareText);
  return {
    records: a.records + b.records,
    unusable: a.unusable + b.unusable,
    hazards: a.hazards | b.hazards,
    bytes: a.bytes + b.bytes,
    maxBytes: Math.max(a.maxBytes, b.maxBytes),
    runs,
    root: new TreeMerge(sideOf(a.runs, runs), sideOf(b.runs, runs), runs.length, bounds).root(a.root, b.root),
  };
}

/**
 * The profile of the records of both. Commutative, associative, with `emptyProfile()` as its unit; the arguments are
 * not changed and share nothing with the result. The cost is that of the paths and runs of both; for many there is
 * `ProfileSum`.
 */
export function mergeProfiles(a: Profile, b: Profile, bounds: Bounds = BOUNDS): Profile {
  const blobs: Profile["blobs"] = {};
  for (const blob of BLOBS) {
    const left = a.blobs[blob];
    const right = b.blobs[blob];
    if (left === undefined && right === undefined) continue;
    blobs[blob] = mergeBlobs(left ?? NO_RECORDS, right ?? NO_RECORDS, bounds);
  }
  return { format: 1, blobs };
}

/**
 * Adds up profiles one by one. Holds about log2 of their number at a time, each the sum of twice as many as the next, so
 * that the cost grows with their number and not with its square.
 */
export class ProfileSum {
  private readonly partial: { readonly profile: Profile; readonly count: number }[] = [];

  add(profile: Profile): void {
    let sum = { profile, count: 1 };
    for (let last = this.partial.at(-1); last?.count === sum.count; last = this.partial.at(-1)) {
      this.partial.pop();
      sum = { profile: mergeProfiles(last.profile, sum.profile), count: last.count + sum.count };
    }
    this.partial.push(sum);
  }

  /** The profile of the records of all that were added. */
  total(): Profile {
    return (
      this.partial.reduceRight<Profile | undefined>(
        (sum, { profile }) => (sum === undefined ? profile : mergeProfiles(profile, sum)),
        undefined,
      ) ?? emptyProfile()
    );
  }
}
