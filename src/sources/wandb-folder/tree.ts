import { isUtf8 } from "node:buffer";
import { hasDuplicateKey } from "../../json/duplicate-key.js";
import { JsonSyntaxError, MAX_VALUES, readJson } from "../../json/read.js";
import { JsonBytes, TooLong } from "./json-bytes.js";
import { decodeText, startOf } from "./text.js";

/** Called for a value that cannot be placed as it is; `text` is what was found, or the start of it. */
export type TreeProblem = (kind: "refused" | "duplicate-key", path: readonly string[], text: string) => void;

/** A value as JSON text, `bytes[0..length)`; its buffer is used again by the next value at the same path. */
interface Leaf {
  bytes: Uint8Array;
  length: number;
}
type Branch = Map<string, Leaf | Branch>;

/** Nested keys deeper than this are refused. */
export const MAX_PATH = 1000;

/**
 * The config or summary of a run, replayed from updates and removals. Every value keeps its bytes. A value replaces what
 * was at its path and below; an update below a value that is one JSON object opens that object, below any other value it
 * replaces it. Removing something below a whole JSON value does nothing, and an emptied parent disappears (both as in
 * wandb/core/internal/pathtree).
 */
export class ItemTree {
  private readonly root: Branch = new Map();
  private readonly problem: TreeProblem;
  private readonly most: number;
  /** Bytes and members of what is in the tree. */
  private bytes = 0;
  private members = 0;

  /** @param most bytes that the values may have together. A change that would go beyond throws TooLong and is not made. */
  constructor(problem: TreeProblem, most = Number.POSITIVE_INFINITY) {
    this.problem = problem;
    this.most = most;
  }

  /** Sets a top-level key; the hot case. */
  set(key: string, bytes: Uint8Array, from: number, to: number): void {
    const known = this.root.get(key);
    if (isRoomy(known, to - from)) fill(known, bytes, from, to);
    else {
      this.makeRoom(key.length + to - from + SPARE, 1, sizeOf(key, known));
      this.root.set(key, newLeaf(bytes, from, to));
    }
  }

  update(path: readonly string[], bytes: Uint8Array, from = 0, to = bytes.length): void {
    if (path.length > MAX_PATH) {
      this.problem("refused", path.slice(0, 8), `${path.length} nested keys: ${startOf(bytes, from, to)}`);
      return;
    }
    const { node, known } = this.find(path);
    if (isRoomy(node, to - from)) {
      fill(node, bytes, from, to);
      return;
    }
    const last = path.at(-1) ?? "";
    const added = path.slice(Math.min(known, path.length - 1));
    const keys = added.reduce((sum, key) => sum + key.length, 0);
    this.makeRoom(keys + to - from + SPARE, added.length, sizeOf(last, node));
    let branch = this.root;
    for (let depth = 0; depth < path.length - 1; depth++) branch = this.descend(branch, path, depth);
    branch.set(last, newLeaf(bytes, from, to));
  }

  remove(path: readonly string[]): void {
    const branches = [this.root];
    for (const key of path.slice(0, -1)) {
      const next = branches.at(-1)?.get(key);
      if (!(next instanceof Map)) return;
      branches.push(next);
    }
    for (let depth = path.length - 1; depth >= 0; depth--) {
      const branch = branches[depth];
      const key = path[depth] ?? "";
      this.count(sizeOf(key, branch?.get(key)), NOTHING);
      branch?.delete(key);
      if ((branches[depth]?.size ?? 0) > 0) return;
    }
  }

  /** The JSON text at a path, undefined when nothing is there. Whole JSON objects on the way are opened. */
  textAt(path: readonly string[]): string | undefined {
    let node: Leaf | Branch | undefined = this.root;
    for (const [depth, key] of path.entries()) {
      if (node !== undefined && !(node instanceof Map)) node = this.open(node, path.slice(0, depth));
      node = node?.get(key);
    }
    if (node === undefined) return undefined;
    const out = new JsonBytes();
    if (node instanceof Map) this.writeBranch(out, node, [...path]);
    else out.value(node.bytes, 0, node.length);
    return decodeText(out.bytes, 0, out.length);
  }

  /** Whether there is a value at a top-level key that is no JSON object. */
  isScalar(key: string): boolean {
    const node = this.root.get(key);
    return node !== undefined && !(node instanceof Map) && node.bytes[0] !== 0x7b;
  }

  /** Writes the tree as one JSON object. */
  write(out: JsonBytes): void {
    this.writeBranch(out, this.root, []);
  }

  private count(old: Size, now: Size): void {
    this.bytes += now.bytes - old.bytes;
    this.members += now.members - old.members;
  }

  /** Counts what is to be added in place of what is there; throws when that would go beyond the limits. */
  private makeRoom(bytes: number, members: number, old: Size): void {
    this.count(old, { bytes, members });
    if (this.bytes <= this.most && this.members <= MAX_VALUES) return;
    const what = this.bytes > this.most ? `bytes than ${this.most}` : `members than ${MAX_VALUES}`;
    this.count({ bytes, members }, old);
    throw new TooLong(`a run would have more ${what} of it`);
  }

  /** What is at the end of a path, and how many of its keys are there. */
  private find(path: readonly string[]): { node: Leaf | Branch | undefined; known: number } {
    let node: Leaf | Branch | undefined = this.root;
    for (let known = 0; known < path.length; known++) {
      node = node instanceof Map ? node.get(path[known] ?? "") : undefined;
      if (node === undefined) return { node, known };
    }
    return { node, known: path.length };
  }

  private writeBranch(out: JsonBytes, branch: Branch, path: string[]): void {
    out.byte(0x7b);
    for (const [key, node] of branch) {
      out.name(key);
      path.push(key);
      if (node instanceof Map) this.writeBranch(out, node, path);
      else if (!out.value(node.bytes, 0, node.length)) {
        this.problem("refused", path, startOf(node.bytes, 0, node.length));
      }
      path.pop();
      out.comma();
    }
    out.close("}");
  }

  private descend(branch: Branch, path: readonly string[], depth: number): Branch {
    const key = path[depth] ?? "";
    const node = branch.get(key);
    if (node instanceof Map) return node;
    const next = (node === undefined ? undefined : this.open(node, path.slice(0, depth + 1))) ?? new Map();
    if (node !== undefined) this.count(sizeOf(key, node), sizeOf(key, next));
    branch.set(key, next);
    return next;
  }

  /** The members of a whole JSON object; undefined when the value is none. */
  private open(leaf: Leaf, path: readonly string[]): Branch | undefined {
    if (leaf.bytes[0] !== 0x7b) return undefined;
    const text = textOf(leaf);
    const node = isUtf8(leaf.bytes.subarray(0, leaf.length)) ? parse(text) : undefined;
    if (node === undefined) this.problem("refused", path, text);
    if (node?.kind !== "object") return undefined;
    if (hasDuplicateKey(node)) this.problem("duplicate-key", path, text);
    const branch: Branch = new Map();
    for (const { key, value } of node.members) {
      const bytes = Buffer.from(text.slice(value.start, value.end));
      branch.set(key, { bytes, length: bytes.length });
    }
    return branch;
  }
}

function parse(text: string): ReturnType<typeof readJson> | undefined {
  try {
    return readJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

function textOf(leaf: Leaf): string {
  return decodeText(leaf.bytes, 0, leaf.length);
}

/** Room that a value has to grow in place. */
const SPARE = 8;

function newLeaf(bytes: Uint8Array, from: number, to: number): Leaf {
  const room = new Uint8Array(to - from + SPARE);
  room.set(bytes.subarray(from, to));
  return { bytes: room, length: to - from };
}

function isRoomy(node: Leaf | Branch | undefined, length: number): node is Leaf {
  return node !== undefined && !(node instanceof Map) && node.bytes.length >= length;
}

function fill(leaf: Leaf, bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) leaf.bytes[i - from] = bytes[i] as number;
  leaf.length = to - from;
}

interface Size {
  readonly bytes: number;
  readonly members: number;
}

const NOTHING: Size = { bytes: 0, members: 0 };

/** A member and all that is below it: bytes of keys and values, and how many members it is. */
function sizeOf(key: string, node: Leaf | Branch | undefined): Size {
  if (node === undefined) return NOTHING;
  if (!(node instanceof Map)) return { bytes: key.length + node.bytes.length, members: 1 };
  let bytes = key.length;
  let members = 1;
  const todo = [node];
  for (let branch = todo.pop(); branch !== undefined; branch = todo.pop()) {
    for (const [name, child] of branch) {
      members += 1;
      bytes += name.length;
      if (child instanceof Map) todo.push(child);
      else bytes += child.bytes.length;
    }
  }
  return { bytes, members };
}
