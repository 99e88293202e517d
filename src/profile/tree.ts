import { type Bounds, firstNames, roomAt } from "./bounds.js";
import type { PathProfile } from "./profile.js";
import { RunSet } from "./run-set.js";
import type { PathStatistics } from "./statistics.js";
import { decodeWtf8 } from "./text.js";
import { OTHERS, type PathTrie, ROOT } from "./trie.js";
import { Others } from "./values.js";

const NOT_FOLDED = -1;

/** Turns the nodes of a trie into the tree of path profiles that its bounds allow. */
class TreeBuilder {
  private readonly trie: PathTrie;
  private readonly statistics: PathStatistics;
  private readonly rank: Int32Array;
  private readonly bounds: Bounds;
  /** Paths below each object, as far as they count for those around it. */
  private readonly below: Float64Array;
  private readonly crowded: Uint8Array;
  /** The crowded object that counts a node, or one around it, among its others. */
  private readonly folded: Int32Array;
  private readonly profiles: (PathProfile | undefined)[] = [];
  private readonly members = new Map<PathProfile, [string, PathProfile][]>();
  private readonly others = new Map<number, Others>();
  /** 1 for members of a crowded root that it keeps. */
  private readonly kept: Uint8Array;

  constructor(trie: PathTrie, statistics: PathStatistics, rank: Int32Array, bounds: Bounds) {
    this.trie = trie;
    this.statistics = statistics;
    this.rank = rank;
    this.bounds = bounds;
    this.below = new Float64Array(trie.size);
    this.crowded = new Uint8Array(trie.size);
    this.kept = new Uint8Array(trie.size);
    this.folded = new Int32Array(trie.size).fill(NOT_FOLDED);
  }

  build(): PathProfile {
    this.weigh();
    if (this.crowded[ROOT] === 1) this.keepNames();
    for (let node = ROOT; node < this.trie.size; node++) this.place(node);
    for (const [parent, members] of this.members) {
      parent.children = new Map(members.sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    for (const [node, others] of this.others) {
      const profile = this.profiles[node];
      if (profile !== undefined) profile.others = others.profile();
    }
    return this.profiles[ROOT] ?? { counts: {}, hazards: 0, runs: new RunSet(this.rank.length) };
  }

  /** Finds the crowded objects. A parent's node is below its children's. */
  private weigh(): void {
    const { trie, below, crowded, bounds } = this;
    const depth = new Int32Array(trie.size);
    for (let node = 1; node < trie.size; node++) depth[node] = 1 + (depth[trie.parent[node] ?? 0] ?? 0);
    for (let node = trie.size - 1; node >= 0; node--) {
      const room = roomAt(bounds, depth[node] ?? 0);
      const paths = below[node] ?? 0;
      if (paths > room) crowded[node] = 1;
      if (node === ROOT || !trie.isMember(node) || !this.statistics.hasValues(node)) continue;
      const parent = trie.parent[node] ?? 0;
      below[parent] = (below[parent] ?? 0) + 1 + Math.min(paths, room);
    }
  }

  private keepNames(): void {
    const { trie, statistics } = this;
    const nodes = new Map<string, number>();
    for (let node = 1; node < trie.size; node++) {
      const isMember = trie.parent[node] === ROOT && trie.isMember(node) && statistics.hasValues(node);
      if (isMember) nodes.set(this.nameOf(node), node);
    }
    for (const name of firstNames([...nodes.keys()], this.bounds.keptNames)) this.kept[nodes.get(name) ?? 0] = 1;
  }

  private nameOf(node: number): string {
    return decodeWtf8(this.trie.keyOf(node) ?? new Uint8Array(0));
  }

  private place(node: number): void {
    const { trie, statistics, folded } = this;
    if (!statistics.hasValues(node)) return;
    const parent = trie.parent[node] ?? 0;
    if (node === ROOT) this.open(node);
    else if (folded[parent] !== NOT_FOLDED) {
      folded[node] = folded[parent] ?? NOT_FOLDED;
      this.othersOf(folded[node] ?? 0).sum.hazards |= statistics.hazardsOf(node);
    } else if (trie.role[node] === OTHERS) this.fold(node, parent);
    else if (trie.isMember(node)) this.placeMember(node, parent);
    else this.placeItems(node, parent);
  }

  private placeItems(node: number, list: number): void {
    const profile = this.profiles[list];
    if (profile !== undefined) profile.items = this.open(node);
  }

  private placeMember(node: number, parent: number): void {
    const isCrowded = this.crowded[parent] === 1;
    if (isCrowded && this.kept[node] !== 1) {
      this.folded[node] = parent;
      this.fold(node, parent);
      return;
    }
    if (isCrowded && (this.below[node] ?? 0) > 0) this.crowded[node] = 1;
    const around = this.profiles[parent];
    if (around === undefined) return;
    const member: [string, PathProfile] = [this.nameOf(node), this.open(node)];
    const known = this.members.get(around);
    if (known === undefined) this.members.set(around, [member]);
    else known.push(member);
  }

  private open(node: number): PathProfile {
    const values = this.statistics.valuesOf(node);
    const profile: PathProfile = { ...values, runs: this.runsOf(node) };
    if (this.crowded[node] === 1) profile.crowded = true;
    this.profiles[node] = profile;
    return profile;
  }

  private fold(node: number, into: number): void {
    const others = this.othersOf(into);
    this.statistics.addTo(others.sum, node);
    const ranges = this.statistics.runRanges(node);
    for (let k = 0; k < ranges.length; k += 2) {
      for (let run = ranges[k] ?? 0; run <= (ranges[k + 1] ?? -1); run++) others.runs.add(this.rank[run] ?? 0);
    }
  }

  private othersOf(node: number): Others {
    const known = this.others.get(node);
    if (known !== undefined) return known;
    const others = new Others(this.rank.length);
    this.others.set(node, others);
    return others;
  }

  /** The runs that have a node. */
  private runsOf(node: number): RunSet {
    const ranges = this.statistics.runRanges(node);
    const set = new RunSet(this.rank.length);
    for (let k = 0; k < ranges.length; k += 2) {
      for (let run = ranges[k] ?? 0; run <= (ranges[k + 1] ?? -1); run++) set.add(this.rank[run] ?? 0);
    }
    return set;
  }
}

/**
 * The path profiles of the nodes that have values.
 * @param rank index of each run number among the runs in order of key.
 */
export function buildTree(trie: PathTrie, statistics: PathStatistics, rank: Int32Array, bounds: Bounds): PathProfile {
  return new TreeBuilder(trie, statistics, rank, bounds).build();
}
