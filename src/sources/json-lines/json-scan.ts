const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;

/** The first offset from `at` on that is no white space. */
export function skipSpace(bytes: Uint8Array, at: number, to: number): number {
  let i = at;
  while (i < to && (bytes[i] as number) <= SPACE) i++;
  return i;
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

/** Offset after the object or list that opens at `at`, or -1. Only brackets and strings are looked at. */
function containerEnd(bytes: Uint8Array, at: number, to: number): number {
  let depth = 0;
  for (let i = at; i < to; i++) {
    const c = bytes[i] as number;
    if (c === QUOTE) {
      for (i++; i < to; i++) {
        const d = bytes[i];
        if (d === QUOTE) break;
        if (d === BACKSLASH) i++;
      }
    } else if (c === OPEN_OBJECT || c === OPEN_LIST) depth++;
    else if ((c === CLOSE_OBJECT || c === CLOSE_LIST) && --depth === 0) return i + 1;
  }
  return -1;
}

/** Offset after the JSON value that starts at `at`, as seen from outside, or -1 when it does not end before `to`. */
export function valueEnd(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at];
  if (first === QUOTE) return stringEnd(bytes, at, to);
  if (first === OPEN_OBJECT || first === OPEN_LIST) return containerEnd(bytes, at, to);
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
  /** The object closed, as an object does; false while walking, and when the walk stopped at something else. */
  closed = false;
  /** Where the walk stands. */
  at = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #to = 0;
  #isFirst = true;

  /** Starts at the object `bytes[from..to)`. */
  begin(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#to = to;
    this.#isFirst = true;
    this.closed = false;
    this.at = from;
  }

  /** Goes to the next member; false at the end of the object, or where it is not JSON any more. */
  next(): boolean {
    const bytes = this.#bytes;
    const to = this.#to;
    let i = this.at;
    if (this.#isFirst) {
      if (bytes[i] !== OPEN_OBJECT) return false;
      this.#isFirst = false;
      this.commaAt = -1;
      i = skipSpace(bytes, i + 1, to);
      if (bytes[i] === CLOSE_OBJECT) return this.#close(i);
    } else {
      i = skipSpace(bytes, i, to);
      if (bytes[i] === CLOSE_OBJECT) return this.#close(i);
      if (i >= to || bytes[i] !== COMMA) return false;
      this.commaAt = i;
      i = skipSpace(bytes, i + 1, to);
    }
    if (i >= to || bytes[i] !== QUOTE) return false;
    const keyEnd = stringEnd(bytes, i, to);
    if (keyEnd < 0) return false;
    const colon = skipSpace(bytes, keyEnd, to);
    if (colon >= to || bytes[colon] !== COLON) return false;
    const value = skipSpace(bytes, colon + 1, to);
    const valueTo = value < to ? valueEnd(bytes, value, to) : -1;
    if (valueTo < 0) return false;
    this.keyFrom = i + 1;
    this.keyTo = keyEnd - 1;
    this.valueFrom = value;
    this.valueTo = valueTo;
    this.at = valueTo;
    return true;
  }

  #close(at: number): false {
    this.closed = at < this.#to;
    this.at = at + 1;
    return false;
  }
}
