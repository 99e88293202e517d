import type { JsonArray, JsonMember, JsonNode, JsonObject } from "./node.js";

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

// Constants of this file's own: V8 reads an imported binding from memory each time.
const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const LETTER_I = 73;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const LETTER_E = 101;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** An array that is open, and its elements. */
interface OpenArray {
  readonly node: Mutable<JsonArray>;
  readonly items: JsonNode[];
  readonly members: undefined;
}
/** An object that is open, its members, and the key whose value comes next. */
interface OpenObject {
  readonly node: Mutable<JsonObject>;
  readonly members: JsonMember[];
  key: string;
  keyStart: number;
  keyEnd: number;
}
type Open = OpenArray | OpenObject;
/** The key of a member, and its span with its quotes. */
export type MemberKey = Pick<OpenObject, "key" | "keyStart" | "keyEnd">;

/**
 * Reads a text from `at` on, and throws JsonSyntaxError where it is no JSON. By code units: a regular expression for each
 * token would be most of the time.
 */
export class Reader {
  readonly text: string;
  at = 0;
  /** Members and elements so far. */
  values = 0;
  /** Containers around the value that is read. */
  depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(expected: string, offset = this.at): never {
    const found = offset >= this.text.length ? "the end" : JSON.stringify(this.text.slice(offset, offset + 12));
    throw new JsonSyntaxError(`expected ${expected}, found ${found}`, offset);
  }

  /** The code unit after white space; NaN at the end. */
  next(): number {
    const { text } = this;
    for (;;) {
      const unit = text.charCodeAt(this.at);
      if (unit !== SPACE && unit !== NEWLINE && unit !== RETURN && unit !== TAB) return unit;
      this.at += 1;
    }
  }

  string(): string {
    const { text } = this;
    const start = this.at;
    if (text.charCodeAt(start) !== QUOTE) this.fail("a string");
    let at = start + 1;
    let from = at;
    let value = "";
    for (;;) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) {
        this.at = at + 1;
        return from === start + 1 ? text.slice(from, at) : value + text.slice(from, at);
      }
      if (unit === BACKSLASH) {
        value += text.slice(from, at);
        this.at = at;
        value += this.escape();
        at = this.at;
        from = at;
      } else if (unit >= SPACE) at += 1;
      else if (at >= text.length) throw new JsonSyntaxError("a string does not end", start);
      else this.fail("no control character inside a string", at);
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

  /** Skips digits; gives whether there were any. */
  digits(): boolean {
    const start = this.at;
    for (let unit = this.text.charCodeAt(start); unit >= ZERO && unit <= NINE; ) {
      this.at += 1;
      unit = this.text.charCodeAt(this.at);
    }
    return this.at > start;
  }

  /**
   * Skips a number as far as it is one: of `1.x` the `1`, of `01` the `0`; what follows is refused by whoever comes next.
   */
  number(start: number): JsonNode {
    const { text } = this;
    if (text.charCodeAt(this.at) === MINUS) this.at += 1;
    if (text.charCodeAt(this.at) === ZERO) this.at += 1;
    else if (!this.digits()) {
      this.at = start;
      this.fail("a value", start);
    }
    let end = this.at;
    if (text.charCodeAt(end) === POINT) {
      this.at += 1;
      if (this.digits()) end = this.at;
      else this.at = end;
    }
    if ((text.charCodeAt(end) | 32) === LETTER_E && this.at === end) {
      this.at += 1;
      const sign = text.charCodeAt(this.at);
      if (sign === PLUS || sign === MINUS) this.at += 1;
      if (!this.digits()) this.at = end;
    }
    return { kind: "number", start, end: this.at };
  }

  /** Reads a value that is no container and begins with `unit`. */
  scalar(unit: number): JsonNode {
    const start = this.at;
    if (unit === QUOTE) {
      const value = this.string();
      return { kind: "string", start, end: this.at, value };
    }
    if ((unit >= ZERO && unit <= NINE) || (unit === MINUS && this.text.charCodeAt(start + 1) !== LETTER_I)) {
      return this.number(start);
    }
    const word = WORDS.find((candidate) => this.text.startsWith(candidate, start));
    if (word === undefined) this.fail("a value", start);
    this.at += word.length;
    if (word === "null") return { kind: "null", start, end: this.at };
    if (word === "true" || word === "false") return { kind: "boolean", start, end: this.at, value: word === "true" };
    return { kind: "number", start, end: this.at };
  }

  /** Reads a key with its colon. */
  memberKey(open: MemberKey): void {
    this.next();
    open.keyStart = this.at;
    open.key = this.string();
    open.keyEnd = this.at;
    if (this.next() !== COLON) this.fail('":"');
    this.at += 1;
  }

  /** A container that opens here and has a first element; an empty container is a finished value. */
  open(unit: number): Open | JsonNode {
    const start = this.at;
    this.at += 1;
    if (unit === OPEN_LIST) {
      const items: JsonNode[] = [];
      const node: Mutable<JsonArray> = { kind: "array", start, end: start, items };
      if (this.next() !== CLOSE_LIST) return { node, items, members: undefined };
      this.at += 1;
      node.end = this.at;
      return node;
    }
    const members: JsonMember[] = [];
    const node: Mutable<JsonObject> = { kind: "object", start, end: start, members };
    if (this.next() !== CLOSE_OBJECT) {
      const open: OpenObject = { node, members, key: "", keyStart: 0, keyEnd: 0 };
      this.memberKey(open);
      return open;
    }
    this.at += 1;
    node.end = this.at;
    return node;
  }

  /** Counts the member or element that starts at `start`. */
  count(start: number): void {
    this.values += 1;
    if (this.values > MAX_VALUES) this.fail(`at most ${MAX_VALUES} members and elements`, start);
  }

  /** Adds a finished value to its container; gives the container when it closes here. */
  close(open: Open, value: JsonNode): JsonNode | undefined {
    this.count(value.start);
    const isObject = open.members !== undefined;
    if (isObject) {
      const { key, keyStart, keyEnd } = open;
      open.members.push({ key, keyStart, keyEnd, value });
    } else open.items.push(value);
    const unit = this.next();
    if (unit === COMMA) {
      this.at += 1;
      if (isObject) this.memberKey(open);
      return undefined;
    }
    if (unit !== (isObject ? CLOSE_OBJECT : CLOSE_LIST)) this.fail(`"," or "${isObject ? "}" : "]"}"`);
    this.at += 1;
    open.node.end = this.at;
    return open.node;
  }

  /** Reads a value and what is inside. */
  value(): JsonNode {
    const stack: Open[] = [];
    for (;;) {
      const unit = this.next();
      let done: JsonNode | undefined;
      if (unit === OPEN_OBJECT || unit === OPEN_LIST) {
        const opened = this.open(unit);
        if ("node" in opened) {
          stack.push(opened);
          if (this.depth + stack.length > MAX_DEPTH) this.fail(`nesting of at most ${MAX_DEPTH}`);
          continue;
        }
        done = opened;
      } else done = this.scalar(unit);
      while (done !== undefined) {
        const parent = stack[stack.length - 1];
        if (parent === undefined) return done;
        done = this.close(parent, done);
        if (done !== undefined) stack.pop();
      }
    }
  }
}
