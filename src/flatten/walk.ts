import { hasDuplicateKey } from "../json/duplicate-key.js";
import { integerOf } from "../json/number.js";
import { formatPointer } from "../json/pointer.js";
import { type JsonNode, type JsonObject, JsonSyntaxError, readJson } from "../json/read.js";
import { type MemberKey, Reader } from "../json/reader.js";
import type { Column } from "../plan/plan.js";
import { CLOSE_OBJECT, COMMA, OPEN_LIST, OPEN_OBJECT } from "../profile/characters.js";
import { Left } from "./left.js";
import { keysFit, resolvePattern, type ShapeFamily, type ShapeNode } from "./shape.js";
import { fitValue, isWholeInCell, type Value } from "./value.js";

/** Why a blob text cannot be taken apart. */
interface Unusable {
  readonly code: "json/refused" | "json/duplicate-key";
  readonly why: string;
}

/** The root object of a blob text, or why it has none that columns can be taken from. */
export function readBlob(text: string): JsonObject | Unusable {
  try {
    const root = readJson(text);
    if (root.kind !== "object") return { code: "json/refused", why: `expected an object, found ${root.kind}` };
    if (hasDuplicateKey(root)) return { code: "json/duplicate-key", why: "an object has a key twice" };
    return root;
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      return { code: "json/refused", why: `${error.message} at offset ${error.offset}` };
    throw error;
  }
}

/** JSON type as JSON Schema names it: null, boolean, integer (a token without fraction and exponent), number, string, array, object. */
function jsonType(node: JsonNode, text: string): string {
  if (node.kind !== "number") return node.kind;
  return /^-?\d+$/.test(text.slice(node.start, node.end)) ? "integer" : "number";
}

/** A value that does not fit the column of its path. */
interface WalkedMisfit {
  readonly column: Column;
  readonly path: string;
  readonly json_type: string;
  readonly value_text: string;
}

/** A row of a family: its keys, and the values of its member. */
interface WalkedMember {
  readonly family: ShapeFamily;
  readonly row: ReadonlyMap<string, Value>;
}

/** What the text of one blob becomes. */
export interface Walked {
  readonly cells: readonly (readonly [Column, Value])[];
  readonly members: readonly WalkedMember[];
  readonly misfits: readonly WalkedMisfit[];
  /** The text of what is left; null when nothing is. */
  readonly rest: string | null;
}

type Keys = ReadonlyMap<string, string>;
const NO_KEYS: Keys = new Map();

function isSettled(node: JsonNode, column: Column): boolean {
  return !column.type.includes("timestamp") || isWholeInCell(node);
}

/** Cells of a family member, or undefined when anything of it does not fit: then it stays whole in the residual. */
function memberCells(node: JsonNode, shape: ShapeNode, text: string): [string, Value][] | undefined {
  if (shape.column !== undefined) {
    const cell = fitValue(node, text, shape.column);
    return cell === undefined || !isSettled(node, shape.column) ? undefined : [[shape.column.name, cell]];
  }
  if (node.kind !== "object" || node.members.length === 0) return undefined;
  const cells: [string, Value][] = [];
  for (const member of node.members) {
    const next = shape.children.get(member.key);
    const found = next === undefined ? undefined : memberCells(member.value, next, text);
    if (found === undefined) return undefined;
    cells.push(...found);
  }
  return cells;
}

/** The keys that an object has so far: those without a place, and the number that the places of the others bear. */
interface SeenKeys {
  readonly object: number;
  readonly others: Set<string>;
}

let objects = 0;
const nextObject = (): number => ++objects;

/** Whether members of an object there have places of their own. */
const isInner = (shape: ShapeNode): boolean =>
  shape.sealed !== true && shape.family === undefined && shape.column === undefined;

/**
 * Reads a text and takes it apart in one go: objects that the shape knows are never built, since records that go this way
 * are flattened one by one.
 */
class BlobWalk {
  readonly cells: [Column, Value][] = [];
  readonly members: WalkedMember[] = [];
  readonly misfits: WalkedMisfit[] = [];
  /** Whether an object has a key twice. */
  repeats = false;
  readonly #text: string;
  readonly #reader: Reader;
  /** The `_step` that the key column says already; -1 when there is none. */
  readonly #step: bigint;
  /** Names of the objects that the walk is inside of. */
  readonly #path: string[] = [];

  constructor(text: string, step: bigint) {
    this.#text = text;
    this.#step = step;
    this.#reader = new Reader(text);
  }

  /** The text of what is left; undefined when the text is no object. @throws JsonSyntaxError */
  root(shape: ShapeNode): { readonly rest: string | null } | undefined {
    const reader = this.#reader;
    if (reader.next() !== OPEN_OBJECT) return undefined;
    const left = this.#object(shape, NO_KEYS);
    const isEmpty = reader.values === 0;
    reader.next();
    if (reader.at < this.#text.length) reader.fail("the end of the text");
    return { rest: left !== undefined || isEmpty ? `{${left ?? ""}}` : null };
  }

  /** Takes the object that begins here apart; gives its members that are left, undefined when none are. */
  #object(shape: ShapeNode, keys: Keys): string | undefined {
    const reader = this.#reader;
    const member: MemberKey = { key: "", keyStart: 0, keyEnd: 0 };
    const left = new Left(this.#text);
    const seen: SeenKeys = { object: nextObject(), others: new Set() };
    reader.at += 1;
    if (reader.next() === CLOSE_OBJECT) {
      reader.at += 1;
      return undefined;
    }
    reader.depth += 1;
    for (;;) {
      reader.memberKey(member);
      this.#member(member, shape, keys, left, seen);
      const unit = reader.next();
      reader.at += 1;
      if (unit === COMMA) continue;
      if (unit !== CLOSE_OBJECT) reader.fail('"," or "}"', reader.at - 1);
      reader.depth -= 1;
      return left.members();
    }
  }

  /** Notes that an object has a key. @param place where the shape has the name by itself: it needs no set then. */
  #see(key: string, place: ShapeNode | undefined, { object, others }: SeenKeys): void {
    if (place === undefined) {
      this.repeats ||= others.has(key);
      others.add(key);
    } else {
      this.repeats ||= place.seen === object;
      place.seen = object;
    }
  }

  #member(member: MemberKey, shape: ShapeNode, keys: Keys, left: Left, seen: SeenKeys): void {
    const reader = this.#reader;
    const { key } = member;
    const place = shape.children.get(key);
    this.#see(key, place, seen);
    const pattern = place === undefined ? resolvePattern(shape, key) : undefined;
    const next = place ?? pattern?.next;
    const unit = reader.next();
    const start = reader.at;
    if (next === undefined) {
      const node = this.#value(unit);
      if (!this.#isKeyStep(member, node)) left.whole(member, start, reader.at);
    } else {
      const all = pattern === undefined ? keys : new Map([...keys, ...pattern.keys]);
      const isWalked = unit === OPEN_OBJECT && isInner(next);
      const rest = isWalked ? this.#inner(member, next, all, start) : this.#take(member, this.#value(unit), next, all);
      if (rest !== undefined) left.part(member, rest);
    }
    reader.count(start);
  }

  /** An object whose members have places. */
  #inner(member: MemberKey, shape: ShapeNode, keys: Keys, start: number): string | undefined {
    const reader = this.#reader;
    const before = reader.values;
    this.#path.push(member.key);
    const left = this.#object(shape, keys);
    this.#path.pop();
    if (reader.values === before) return this.#text.slice(start, reader.at);
    return left === undefined ? undefined : `{${left}}`;
  }

  /** Reads a value that is not taken apart as it is read. */
  #value(unit: number): JsonNode {
    if (unit !== OPEN_OBJECT && unit !== OPEN_LIST) return this.#reader.scalar(unit);
    const node = this.#reader.value();
    this.repeats ||= hasDuplicateKey(node);
    return node;
  }

  /** Takes a value; gives the text of what is left of it, or undefined when nothing is. */
  #take(member: MemberKey, node: JsonNode, shape: ShapeNode, keys: Keys): string | undefined {
    const { column, family } = shape;
    if (this.#isKeyStep(member, node)) return undefined;
    if (shape.sealed === true) return this.#textOf(node);
    if (family !== undefined) {
      const cells = keysFit(family.table, keys) ? memberCells(node, family.values, this.#text) : undefined;
      if (cells === undefined) return this.#textOf(node);
      this.members.push({ family, row: new Map<string, Value>([...keys, ...cells]) });
      return undefined;
    }
    if (column === undefined || node.kind === "null") return this.#textOf(node);
    const cell = fitValue(node, this.#text, column);
    if (cell === undefined) this.#misfit(member, column, node);
    else this.cells.push([column, cell]);
    return cell === undefined || !isSettled(node, column) ? this.#textOf(node) : undefined;
  }

  #misfit({ key }: MemberKey, column: Column, node: JsonNode): void {
    const path = formatPointer([...this.#path, key]);
    this.misfits.push({ column, path, json_type: jsonType(node, this.#text), value_text: this.#textOf(node) });
  }

  #textOf(node: JsonNode): string {
    return this.#text.slice(node.start, node.end);
  }

  /** Whether a value is a `_step` that the key column `step` alone gives back. */
  #isKeyStep({ key }: MemberKey, node: JsonNode): boolean {
    if (key !== "_step" || this.#step === -1n || this.#path.length > 0 || node.kind !== "number") return false;
    return integerOf(this.#textOf(node)) === this.#step;
  }
}

/**
 * Takes the text of a blob apart. A text that is not a strict JSON object, or has a key twice, is unusable.
 * @param step of a history row, whose `_step` needs no other place when it says the same; -1 elsewhere.
 */
export function walkBlob(text: string, shape: ShapeNode, step: bigint): Walked | Unusable {
  const walk = new BlobWalk(text, step);
  try {
    const found = walk.root(shape);
    if (found !== undefined && !walk.repeats) {
      const { cells, members, misfits } = walk;
      return { cells, members, misfits, rest: found.rest };
    }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
  }
  const why = readBlob(text);
  if ("why" in why) return why;
  throw new Error("A text is JSON to one reader and none to another");
}
