/** JSON found in its bytes, without building values: for texts that are taken apart and spliced. */

// Constants of this file's own: V8 reads an imported binding from memory each time, which costs a third of the speed.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
/** The bit that tells `[` from `{` and `]` from `}`. */
const BRACKET_BIT = 0x20;

/** The first offset from `at` on that is no white space. */
export function skipSpace(bytes: Uint8Array, at: number, to: number): number {
  let i = at;
  while (i < to && (bytes[i] as number) <= SPACE) i++;
  return i;
}

/** Whether a text is, seen from its ends, one object. */
export function isBraced(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= 2 && bytes[from] === OPEN_OBJECT && bytes[to - 1] === CLOSE_OBJECT;
}

/** Offset after the string whose opening quote stands at `at`, or -1 when it does not end before `to`. */
export function stringEnd(bytes: Uint8Array, at: number, to: number): number {
  for (let i = at + 1; i < to; i++) {
    const c = bytes[i];
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH) i++;
  }
  return -1;
}

/**
 * Offset after the object or list that opens at `at`, or -1. Only brackets and strings are looked at; most bytes outside
 * of strings are smaller than any bracket, so they are passed in a loop of their own.
 */
function containerEnd(bytes: Uint8Array, at: number, to: number): number {
  let depth = 0;
  for (let i = at; i < to; i++) {
    let c = bytes[i] as number;
    while (c < OPEN_LIST && c !== QUOTE) {
      if (++i >= to) return -1;
      c = bytes[i] as number;
    }
    if (c === QUOTE) {
      for (i++; ; i++) {
        if (i >= to) return -1;
        c = bytes[i] as number;
        if (c === QUOTE) break;
        if (c === BACKSLASH) i++;
      }
    } else if ((c | BRACKET_BIT) === OPEN_OBJECT) depth++;
    else if ((c | BRACKET_BIT) === CLOSE_OBJECT && --depth === 0) return i + 1;
  }
  return -1;
}

/** Offset after the JSON value that starts at `at`, as seen from outside, or -1 when it does not end before `to`. */
export function valueEnd(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at] as number;
  if (first === QUOTE) return stringEnd(bytes, at, to);
  if ((first | BRACKET_BIT) === OPEN_OBJECT) return containerEnd(bytes, at, to);
  let i = at;
  while (i < to) {
    const c = bytes[i] as number;
    if (c === COMMA || c === CLOSE_OBJECT || c === CLOSE_LIST || c <= SPACE) break;
    i++;
  }
  return i === at ? -1 : i;
}

/**
 * Walks over the members of one object without building anything. Each `next` sets where the member's key and value
 * stand; quotes of the key are outside of `keyFrom..keyTo`.
 */
export class MemberWalk {
  keyFrom = 0;
  keyTo = 0;
  valueFrom = 0;
  valueTo = 0;
  /** Offset of the comma before the member; -1 for the first one. */
  commaAt = -1;
  /** Place of the member in its object, from 0. */
  ordinal = -1;
  /** The object was read to its closing bracket. */
  closed = false;
  /** The text ends inside of a value, whose key is in `keyFrom..keyTo`. */
  endsInValue = false;
  /** Where the walk stands. */
  at = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #to = 0;

  /** The object was read to its closing bracket, and nothing but white space follows. */
  get isWhole(): boolean {
    return this.closed && skipSpace(this.#bytes, this.at, this.#to) === this.#to;
  }

  /** Starts at the object `bytes[from..to)`. */
  begin(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#to = to;
    this.ordinal = -1;
    this.commaAt = -1;
    this.closed = false;
    this.endsInValue = false;
    this.at = from;
  }

  /** Goes to the next member; false at the end of the object, or where it is not JSON any more. */
  next(): boolean {
    const bytes = this.#bytes;
    const to = this.#to;
    const quote = this.#openMember(bytes, to);
    if (quote < 0) return false;
    const keyEnd = stringEnd(bytes, quote, to);
    if (keyEnd < 0) return false;
    const colon = skipSpace(bytes, keyEnd, to);
    if (colon >= to || bytes[colon] !== COLON) return false;
    const value = skipSpace(bytes, colon + 1, to);
    const valueTo = value < to ? valueEnd(bytes, value, to) : -1;
    this.keyFrom = quote + 1;
    this.keyTo = keyEnd - 1;
    this.endsInValue = valueTo < 0;
    if (valueTo < 0) return false;
    this.valueFrom = value;
    this.valueTo = valueTo;
    this.at = valueTo;
    this.ordinal += 1;
    return true;
  }

  /** Offset of the quote that the next member starts with, or -1. */
  #openMember(bytes: Uint8Array, to: number): number {
    let i = skipSpace(bytes, this.at, to);
    if (i >= to) return -1;
    const isFirst = this.ordinal < 0;
    if (isFirst) {
      if (bytes[i] !== OPEN_OBJECT) return -1;
    } else if (bytes[i] === COMMA) this.commaAt = i;
    else return this.#close(i);
    i = skipSpace(bytes, i + 1, to);
    if (i < to && bytes[i] === QUOTE) return i;
    return isFirst ? this.#close(i) : -1;
  }

  #close(at: number): number {
    this.closed = at < this.#to && this.#bytes[at] === CLOSE_OBJECT;
    this.at = at + 1;
    return -1;
  }
}

/** The text of the JSON string `bytes[from..to)`, quotes included; undefined when it is none. */
export function unescaped(bytes: Uint8Array, from: number, to: number): string | undefined {
  try {
    const text: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8"));
    return typeof text === "string" ? text : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether `bytes[from..to)` is this ASCII text. */
export function isText(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Whether a key, without its quotes, is `key`, however it is spelled. */
export function isKey(bytes: Uint8Array, from: number, to: number, key: Buffer): boolean {
  if (to - from < key.length) return false;
  let same = to - from === key.length;
  for (let i = from; i < to; i++) {
    const c = bytes[i];
    if (c === BACKSLASH) return unescaped(bytes, from - 1, to + 1) === key.toString("utf8");
    if (c !== key[i - from]) same = false;
  }
  return same;
}
