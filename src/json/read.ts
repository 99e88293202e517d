/**
 * A lossless reader of one JSON text: every value knows its span, so that numbers keep their spelling and any part can
 * be spliced out unchanged. Grammar: RFC 8259, plus the bare tokens NaN, Infinity and -Infinity, which all W&B clients
 * write. Objects keep every member in order, duplicates included.
 */

interface Span {
  /** Offsets into the text, in UTF-16 code units: `[start, end)`. */
  readonly start: number;
  readonly end: number;
}
export interface JsonNull extends Span {
  readonly kind: "null";
}
export interface JsonBoolean extends Span {
  readonly kind: "boolean";
  readonly value: boolean;
}
/** Its value is its text: `text.slice(start, end)`; NaN, Infinity and -Infinity are numbers too. */
export interface JsonNumber extends Span {
  readonly kind: "number";
}
/** `value` may hold lone surrogates, when the text has them as escapes. */
export interface JsonString extends Span {
  readonly kind: "string";
  readonly value: string;
}
export interface JsonArray extends Span {
  readonly kind: "array";
  readonly items: readonly JsonNode[];
}
export interface JsonMember {
  readonly key: string;
  /** Span of the key with its quotes. */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: JsonNode;
}
export interface JsonObject extends Span {
  readonly kind: "object";
  readonly members: readonly JsonMember[];
}
export type JsonNode = JsonNull | JsonBoolean | JsonNumber | JsonString | JsonArray | JsonObject;

/** Nesting beyond this is refused (RFC 8259 §9 lets a parser set a limit). */
export const MAX_DEPTH = 10_000;
/** More members and elements than this in one text are refused, so that reading it has a bound in memory. */
export const MAX_VALUES = 2_000_000;

/** A text that is not JSON. `offset` is in UTF-16 code units. */
export class JsonSyntaxError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = "JsonSyntaxError";
    this.offset = offset;
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING_CHUNK = /[ !#-[\]-\uffff]*/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS = ["null", "true", "false", "NaN", "Infinity", "-Infinity"] as const;
const ESCAPES: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface OpenArray {
  readonly node: Mutable<JsonArray> & { items: JsonNode[] };
}
interface OpenObject {
  readonly node: Mutable<JsonObject> & { members: JsonMember[] };
  key: { readonly key: string; readonly keyStart: number; readonly keyEnd: number };
}
type Open = OpenArray | OpenObject;

class Reader {
  readonly text: string;
  at = 0;
  /** Members and elements so far. */
  values = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(expected: string, offset = this.at): never {
    const found = offset >= this.text.length ? "the end" : JSON.stringify(this.text.slice(offset, offset + 12));
    throw new JsonSyntaxError(`expected ${expected}, found ${found}`, offset);
  }

  skip(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  string(): string {
    const start = this.at;
    if (!this.take('"')) this.fail("a string");
    let value = "";
    for (;;) {
      value += this.skip(STRING_CHUNK);
      const next = this.text[this.at];
      if (next === '"') {
        this.at += 1;
        return value;
      }
      if (next === undefined) throw new JsonSyntaxError("a string does not end", start);
      if (next !== "\\") this.fail("no control character inside a string");
      value += this.escape();
    }
  }

  escape(): string {
    const letter = this.text[this.at + 1] ?? "";
    const simple = ESCAPES[letter];
    if (simple !== undefined) {
      this.at += 2;
      return simple;
    }
    const hex = this.text.slice(this.at + 2, this.at + 6);
    if (letter !== "u" || !/^[0-9a-fA-F]{4}$/.test(hex)) this.fail("an escape");
    this.at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  scalar(): JsonNode {
    const start = this.at;
    if (this.text[start] === '"') {
      const value = this.string();
      return { kind: "string", start, end: this.at, value };
    }
    const word = WORDS.find((candidate) => this.text.startsWith(candidate, start));
    if (word !== undefined) {
      this.at += word.length;
      if (word === "null") return { kind: "null", start, end: this.at };
      if (word === "true" || word === "false") return { kind: "boolean", start, end: this.at, value: word === "true" };
      return { kind: "number", start, end: this.at };
    }
    if (this.skip(NUMBER) === "") this.fail("a value", start);
    return { kind: "number", start, end: this.at };
  }

  memberKey(): OpenObject["key"] {
    this.skip(SPACE);
    const keyStart = this.at;
    const key = this.string();
    const keyEnd = this.at;
    this.skip(SPACE);
    if (!this.take(":")) this.fail('":"');
    return { key, keyStart, keyEnd };
  }

  /** A container that opens here and has a first element, or undefined; an empty container is a finished value. */
  open(): Open | JsonNode | undefined {
    const start = this.at;
    if (this.take("[")) {
      this.skip(SPACE);
      if (this.take("]")) return { kind: "array", start, end: this.at, items: [] };
      return { node: { kind: "array", start, end: start, items: [] } };
    }
    if (this.take("{")) {
      this.skip(SPACE);
      if (this.take("}")) return { kind: "object", start, end: this.at, members: [] };
      return { node: { kind: "object", start, end: start, members: [] }, key: this.memberKey() };
    }
    return undefined;
  }

  /** Adds a finished value to its container; gives the container when it closes here. */
  close(open: Open, value: JsonNode): JsonNode | undefined {
    this.values += 1;
    if (this.values > MAX_VALUES) this.fail(`at most ${MAX_VALUES} members and elements`, value.start);
    if ("key" in open) {
      const { key, keyStart, keyEnd } = open.key;
      open.node.members.push({ key, keyStart, keyEnd, value });
    } else open.node.items.push(value);
    this.skip(SPACE);
    if (this.take(",")) {
      if ("key" in open) open.key = this.memberKey();
      return undefined;
    }
    const bracket = "key" in open ? "}" : "]";
    if (!this.take(bracket)) this.fail(`"," or "${bracket}"`);
    open.node.end = this.at;
    return open.node;
  }

  value(): JsonNode {
    const stack: Open[] = [];
    for (;;) {
      this.skip(SPACE);
      const opened = this.open();
      if (opened !== undefined && "node" in opened) {
        stack.push(opened);
        if (stack.length > MAX_DEPTH) this.fail(`nesting of at most ${MAX_DEPTH}`);
        continue;
      }
      let done: JsonNode | undefined = opened ?? this.scalar();
      while (done !== undefined) {
        const parent = stack.at(-1);
        if (parent === undefined) return done;
        done = this.close(parent, done);
        if (done !== undefined) stack.pop();
      }
    }
  }
}

/**
 * Reads one JSON text.
 * @throws JsonSyntaxError when it is not RFC 8259 JSON (bare NaN, Infinity, -Infinity allowed), nests beyond MAX_DEPTH or
 * has more than MAX_VALUES members and elements.
 */
export function readJson(text: string): JsonNode {
  const reader = new Reader(text);
  const value = reader.value();
  reader.skip(SPACE);
  if (reader.at < text.length) reader.fail("the end of the text");
  return value;
}

const hasInside = (node: JsonNode): boolean => node.kind === "object" || node.kind === "array";

/** Whether any object inside has a key twice. */
export function hasDuplicateKey(root: JsonNode): boolean {
  const todo: JsonNode[] = [root];
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    if (node.kind === "array") for (const item of node.items) if (hasInside(item)) todo.push(item);
    if (node.kind !== "object") continue;
    const keys = new Set<string>();
    for (const { key, value } of node.members) {
      if (keys.has(key)) return true;
      keys.add(key);
      if (hasInside(value)) todo.push(value);
    }
  }
  return false;
}

/** Line and column, both 1-based, columns in UTF-16 code units, of an offset. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}
