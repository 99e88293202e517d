/** Members of a JSON object found in its bytes, without building values: for texts that are taken apart and spliced. */

const BYTE = { quote: 0x22, backslash: 0x5c, open: 0x7b, close: 0x7d, openList: 0x5b, closeList: 0x5d } as const;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;

/** The first offset from `at` on that is no white space; `to` when there is none. */
export function skipSpace(bytes: Uint8Array, at: number, to: number): number {
  let i = at;
  while (i < to && (bytes[i] as number) <= SPACE) i++;
  return i;
}

/** Offset after the string that opens at `at`, -1 when it does not end before `to`. */
function stringEnd(bytes: Uint8Array, at: number, to: number): number {
  for (let i = at + 1; i < to; i++) {
    const byte = bytes[i];
    if (byte === BYTE.quote) return i + 1;
    if (byte === BYTE.backslash) i++;
  }
  return -1;
}

/** Offset after the bracket that closes the one at `at`, -1 when there is none. */
function containerEnd(bytes: Uint8Array, at: number, to: number): number {
  let depth = 0;
  for (let i = at; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte === BYTE.quote) {
      i = stringEnd(bytes, i, to) - 1;
      if (i < 0) return -1;
    } else if (byte === BYTE.open || byte === BYTE.openList) depth++;
    else if ((byte === BYTE.close || byte === BYTE.closeList) && --depth === 0) return i + 1;
  }
  return -1;
}

function valueEnd(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at];
  if (first === BYTE.quote) return stringEnd(bytes, at, to);
  if (first === BYTE.open || first === BYTE.openList) return containerEnd(bytes, at, to);
  let i = at;
  for (; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte === COMMA || byte === BYTE.close || byte === BYTE.closeList || byte <= SPACE) break;
  }
  return i === at ? -1 : i;
}

/**
 * Walks over the members of one object. Each `next` sets where the key (without its quotes) and the value stand. Only
 * brackets and strings of a value are looked at: whether it is strict JSON is for a scanner to say.
 */
export class MemberWalk {
  keyFrom = 0;
  keyTo = 0;
  valueFrom = 0;
  valueTo = 0;
  /** Whether the object closed and nothing but white space follows; false while walking and after a walk that broke off. */
  closed = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #to = 0;
  #isFirst = true;

  /** Starts at `bytes[from..to)`, which should be one object. */
  begin(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#at = skipSpace(bytes, from, to);
    this.#to = to;
    this.#isFirst = true;
    this.closed = false;
  }

  /** Goes to the next member; false after the last, and where the text is no object any more. */
  next(): boolean {
    const bytes = this.#bytes;
    const to = this.#to;
    const opens = this.#isFirst;
    this.#isFirst = false;
    let i = this.#at;
    if (opens && bytes[i] !== BYTE.open) return false;
    if (opens) i = skipSpace(bytes, i + 1, to);
    if (bytes[i] === BYTE.close && i < to) {
      this.closed = skipSpace(bytes, i + 1, to) === to;
      return false;
    }
    if (!opens) {
      if (i >= to || bytes[i] !== COMMA) return false;
      i = skipSpace(bytes, i + 1, to);
    }
    return this.#member(bytes, i, to);
  }

  #member(bytes: Uint8Array, at: number, to: number): boolean {
    if (at >= to || bytes[at] !== BYTE.quote) return false;
    const keyEnd = stringEnd(bytes, at, to);
    if (keyEnd < 0) return false;
    const colon = skipSpace(bytes, keyEnd, to);
    if (colon >= to || bytes[colon] !== COLON) return false;
    const value = skipSpace(bytes, colon + 1, to);
    const end = value < to ? valueEnd(bytes, value, to) : -1;
    if (end < 0) return false;
    this.keyFrom = at + 1;
    this.keyTo = keyEnd - 1;
    this.valueFrom = value;
    this.valueTo = end;
    this.#at = skipSpace(bytes, end, to);
    return true;
  }
}

/** Whether `bytes[from..to)` is the ASCII text. */
export function isText(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}
