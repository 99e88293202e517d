import { QUOTE } from "./characters.js";
import { hashBytes, mix } from "./hash.js";
import { widenBytes, widenInts } from "./widen.js";

/** The node of the blob's root object. */
export const ROOT = 0;
/** The node of the root member `_step`; it always exists. */
export const STEP = 1;

const STEP_KEY = new TextEncoder().encode("_step");
const TYPE_KEY = new TextEncoder().encode("_type");
const FIRST_CAPACITY = 64;

/** What a node stands for: a path, the root or elements; the member `_type`; all members whose names are too long. */
const NAMED = 0;
export const TYPE = 1;
export const OTHERS = 2;

/** Length of a key that cannot be compared with raw text, and of a node that has no key. */
const NO_MATCH = -1;

const equalBytes = (a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number, length: number): boolean => {
  for (let k = 0; k < length; k++) if (a[aFrom + k] !== b[bFrom + k]) return false;
  return true;
};

/** Whether unescaped bytes are also their own spelling in a text: no quote, backslash, control or lone surrogate. */
function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE || byte === 92 || byte < 32) return false;
    if (byte === 0xed && (bytes[i + 1] ?? 0) > 0x9f) return false;
  }
  return true;
}

/**
 * The paths of one blob as a trie in typed arrays, indexed by node. A node is made when its path is first seen; a
 * parent's index is below its children's. Nodes made for a text that turns out unusable are taken back by `truncate`.
 *
 * The arrays are replaced when they grow: whoever holds one must fetch it again after `child` or `itemsOf`.
 */
export class PathTrie {
  size = 0;
  /** The containing object or list; -1 for the root. */
  parent = new Int32Array(FIRST_CAPACITY);
  /** The member that came first in this object last time, or -1. A guess: check it. */
  first = new Int32Array(FIRST_CAPACITY);
  /** The member that followed this one last time, or -1. A guess: check it. */
  follow = new Int32Array(FIRST_CAPACITY);
  /** The elements of this list, or -1. */
  items = new Int32Array(FIRST_CAPACITY);
  /** Where the key stands in `keys`. */
  keyAt = new Int32Array(FIRST_CAPACITY);
  /** Bytes of the key and its closing quote when a text may spell it so, else -1. */
  matchLength = new Int32Array(FIRST_CAPACITY);
  /** Stamp of the text that had this path last. */
  seen = new Int32Array(FIRST_CAPACITY);
  /** NAMED, TYPE or OTHERS. */
  role = new Uint8Array(FIRST_CAPACITY);
  /** Keys, unescaped, each with a closing quote; at least four more bytes follow. `keyView` is the same memory. */
  keys = new Uint8Array(1024);
  keyView = new DataView(this.keys.buffer);

  /** Bytes of the key; -1 for the root and for elements. */
  private keyLength = new Int32Array(FIRST_CAPACITY);
  private hash = new Int32Array(FIRST_CAPACITY);
  /** The node made before this one in the same bucket. Newest first, so the newest can be taken out at once. */
  private chain = new Int32Array(FIRST_CAPACITY);
  private buckets = new Int32Array(2 * FIRST_CAPACITY).fill(-1);
  private keysUsed = 0;
  private stamp = 0;
  /** The node of the members with long names, by object. */
  private readonly others = new Map<number, number>();
  private readonly nameBytes: number;

  /** @param nameBytes the longest name that has a path of its own. */
  constructor(nameBytes: number) {
    this.nameBytes = nameBytes;
    this.append(-1, 0, NO_MATCH, NO_MATCH);
    this.child(ROOT, STEP_KEY, 0, STEP_KEY.length);
  }

  /** A number that no node was stamped with yet. */
  nextStamp(): number {
    if (this.stamp === 0x7fffffff) {
      this.stamp = 0;
      this.seen.fill(0);
    }
    this.stamp += 1;
    return this.stamp;
  }

  /**
   * The member of an object by its unescaped key `bytes[from..to)`, made when it is new; all members of an object whose
   * names are too long share one node with the role OTHERS.
   */
  child(parent: number, bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length > this.nameBytes) return this.othersOf(parent);
    const hash = mix(hashBytes(bytes, from, to), parent);
    const bucket = hash & (this.buckets.length - 1);
    for (let node = this.buckets[bucket] ?? -1; node >= 0; node = this.chain[node] ?? -1) {
      if (this.hash[node] !== hash || this.parent[node] !== parent || this.keyLength[node] !== length) continue;
      if (equalBytes(this.keys, this.keyAt[node] ?? 0, bytes, from, length)) return node;
    }
    return this.addChild(parent, hash, bytes, from, to);
  }

  /** The node of a list's elements; made when it is new. */
  itemsOf(list: number): number {
    const known = this.items[list] ?? -1;
    if (known >= 0) return known;
    const node = this.append(list, 0, NO_MATCH, NO_MATCH);
    this.items[list] = node;
    return node;
  }

  private othersOf(object: number): number {
    const known = this.others.get(object);
    if (known !== undefined) return known;
    const node = this.append(object, 0, NO_MATCH, NO_MATCH);
    this.role[node] = OTHERS;
    this.others.set(object, node);
    return node;
  }

  /** The key of a member, unescaped (lone surrogates as three bytes); undefined for nodes that are no path of a member. */
  keyOf(node: number): Uint8Array | undefined {
    const length = this.keyLength[node] ?? NO_MATCH;
    if (length < 0) return undefined;
    const start = this.keyAt[node] ?? 0;
    return this.keys.subarray(start, start + length);
  }

  /** Whether a node is the path of one member. */
  isMember(node: number): boolean {
    return (this.keyLength[node] ?? NO_MATCH) >= 0;
  }

  /** Takes back all nodes from `size` on. */
  truncate(size: number): void {
    while (this.size > size) {
      this.size -= 1;
      const node = this.size;
      const before = this.parent[node] ?? 0;
      if (this.role[node] === OTHERS) this.others.delete(before);
      else if ((this.keyLength[node] ?? 0) < 0) this.items[before] = -1;
      else {
        this.buckets[(this.hash[node] ?? 0) & (this.buckets.length - 1)] = this.chain[node] ?? -1;
        this.keysUsed = this.keyAt[node] ?? 0;
      }
      this.matchLength[node] = NO_MATCH;
      this.seen[node] = 0;
    }
  }

  private addChild(parent: number, hash: number, bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (this.size >= this.buckets.length) this.rehash();
    const node = this.append(parent, hash, length, isPlain(bytes, from, to) ? length + 1 : NO_MATCH);
    this.keyAt[node] = this.storeKey(bytes, from, to);
    this.role[node] = length === TYPE_KEY.length && equalBytes(TYPE_KEY, 0, bytes, from, length) ? TYPE : NAMED;
    this.link(node);
    return node;
  }

  private append(parent: number, hash: number, keyLength: number, matchLength: number): number {
    if (this.size === this.parent.length) this.widen();
    const node = this.size;
    this.size += 1;
    this.parent[node] = parent;
    this.hash[node] = hash;
    this.keyLength[node] = keyLength;
    this.matchLength[node] = matchLength;
    this.first[node] = -1;
    this.follow[node] = -1;
    this.items[node] = -1;
    this.role[node] = NAMED;
    return node;
  }

  private link(node: number): void {
    const bucket = (this.hash[node] ?? 0) & (this.buckets.length - 1);
    this.chain[node] = this.buckets[bucket] ?? -1;
    this.buckets[bucket] = node;
  }

  private rehash(): void {
    this.buckets = new Int32Array(2 * this.buckets.length).fill(-1);
    for (let node = 0; node < this.size; node++) if ((this.keyLength[node] ?? -1) >= 0) this.link(node);
  }

  private storeKey(bytes: Uint8Array, from: number, to: number): number {
    const start = this.keysUsed;
    const end = start + to - from;
    if (end + 5 > this.keys.length) {
      this.keys = widenBytes(this.keys, 2 * (end + 5));
      this.keyView = new DataView(this.keys.buffer);
    }
    for (let i = from; i < to; i++) this.keys[start + i - from] = bytes[i] ?? 0;
    this.keys[end] = QUOTE;
    this.keysUsed = end + 1;
    return start;
  }

  private widen(): void {
    const capacity = 2 * this.parent.length;
    this.parent = widenInts(this.parent, capacity, -1);
    this.first = widenInts(this.first, capacity, -1);
    this.follow = widenInts(this.follow, capacity, -1);
    this.items = widenInts(this.items, capacity, -1);
    this.keyAt = widenInts(this.keyAt, capacity, 0);
    this.keyLength = widenInts(this.keyLength, capacity, NO_MATCH);
    this.matchLength = widenInts(this.matchLength, capacity, NO_MATCH);
    this.seen = widenInts(this.seen, capacity, 0);
    this.hash = widenInts(this.hash, capacity, 0);
    this.chain = widenInts(this.chain, capacity, -1);
    this.role = widenBytes(this.role, capacity);
  }
}
