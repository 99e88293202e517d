import { isUtf8 } from "node:buffer";
import { hasDuplicateKey, JsonSyntaxError, readJson } from "../../json/read.js";
import { JsonBytes } from "./json-bytes.js";
import { decodeText } from "./text.js";

/** Called for a value that cannot be placed as it is; `text` is what was found. */
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

  constructor(problem: TreeProblem) {
    this.problem = problem;
  }

  /** Sets a top-level key; the hot case. */
  set(key: string, bytes: Uint8Array, from: number, to: number): void {
    setLeaf(this.root, key, bytes, from, to);
  }

  update(path: readonly string[], bytes: Uint8Array, from = 0, to = bytes.length): void {
    if (path.length > MAX_PATH) {
      this.problem("refused", path.slice(0, 8), `${path.length} nested keys: ${decodeText(bytes, from, to)}`);
      return;
    }
    let branch = this.root;
    for (let depth = 0; depth < path.length - 1; depth++) branch = this.descend(branch, path, depth);
    setLeaf(branch, path.at(-1) ?? "", bytes, from, to);
  }

  remove(path: readonly string[]): void {
    const branches = [this.root];
    for (const key of path.slice(0, -1)) {
      const next = branches.at(-1)?.get(key);
      if (!(next instanceof Map)) return;
      branches.push(next);
    }
    for (let depth = path.length - 1; depth >= 0; depth--) {
      branches[depth]?.delete(path[depth] ?? "");
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

  private writeBranch(out: JsonBytes, branch: Branch, path: string[]): void {
    out.byte(0x7b);
    for (const [key, node] of branch) {
      out.name(key);
      path.push(key);
      if (node instanceof Map) this.writeBranch(out, node, path);
      else if (!out.value(node.bytes, 0, node.length)) this.problem("refused", path, textOf(node));
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

function setLeaf(branch: Branch, key: string, bytes: Uint8Array, from: number, to: number): void {
  const length = to - from;
  const leaf = branch.get(key);
  if (leaf === undefined || leaf instanceof Map || leaf.bytes.length < length) {
    const room = new Uint8Array(length + 8);
    room.set(bytes.subarray(from, to));
    branch.set(key, { bytes: room, length });
    return;
  }
  for (let i = 0; i < length; i++) leaf.bytes[i] = bytes[from + i] as number;
  leaf.length = length;
}
