import { PARTS, type Place } from "./places.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const CLOSE_OBJECT = 0x7d;
const LONGEST = 128;

const IS_NUMBER_BYTE = Uint8Array.from({ length: 256 }, (_, byte) =>
  "0123456789+-.eE".includes(String.fromCharCode(byte)) ? 1 : 0,
);

function matches(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Offset after the string without escapes, or the number, that starts at `at`; -1 for anything else. */
function tokenEnd(bytes: Uint8Array, at: number, to: number): number {
  let i = at + 1;
  if (bytes[at] !== QUOTE) {
    while (i < to && IS_NUMBER_BYTE[bytes[i] as number] === 1) i++;
    return IS_NUMBER_BYTE[bytes[at] as number] === 1 ? i : -1;
  }
  while (i < to && bytes[i] !== QUOTE) if (bytes[i++] === BACKSLASH) return -1;
  return i < to ? i + 1 : -1;
}

/** Start of the string without escapes, or the number, that ends before `end`; -1 for anything else. */
function tokenStart(bytes: Uint8Array, end: number, from: number): number {
  let i = end - 2;
  if (bytes[end - 1] !== QUOTE) {
    while (i > from && IS_NUMBER_BYTE[bytes[i] as number] === 1) i--;
    return IS_NUMBER_BYTE[bytes[end - 1] as number] === 1 ? i + 1 : -1;
  }
  while (i > from && bytes[i] !== QUOTE) if (bytes[i--] === BACKSLASH) return -1;
  return i > from ? i : -1;
}

/**
 * How records of a file begin, or how they end, when their identity stands there: the bytes between its values, which
 * are the same from record to record. Of a record that is JSON the members so found are those of its root.
 */
export class Edge {
  side: "head" | "tail" | undefined;
  /** Of the record matched last: what the edge covers, to be cut out, and for each part its value; -1 without one. */
  cutFrom = 0;
  cutTo = 0;
  readonly valueFrom = new Int32Array(PARTS.length);
  readonly valueTo = new Int32Array(PARTS.length);
  /** The record matched last has the edge of the one matched before it, byte for byte. */
  isRepeated = false;
  /** The edge matched last, when it is short. */
  readonly #last = new Uint8Array(LONGEST);
  #lastLength = 0;
  /** The parts in the order of their values; what stands before each value, and after the last one. */
  #parts: number[] = [];
  #literals: Uint8Array[] = [];

  /**
   * Learns from a record `bytes[from..to)` whose identity is cut out as `cutFrom..cutTo`.
   * @param parts the parts in the order of their places.
   */
  learn(
    bytes: Uint8Array,
    [from, to]: readonly [number, number],
    [cutFrom, cutTo]: readonly [number, number],
    places: readonly Place[],
    parts: readonly number[],
  ): void {
    this.forget();
    if (places.some(({ object }) => object !== from)) return;
    const isHead = cutFrom === from + 1 && bytes[cutTo] === QUOTE;
    const isTail = cutTo === to - 1 && bytes[cutFrom] === COMMA && bytes[cutTo] === CLOSE_OBJECT;
    if (!isHead && !isTail) return;
    this.side = isHead ? "head" : "tail";
    this.#parts = [...parts];
    const starts = [isHead ? from : cutFrom, ...places.map(({ valueTo }) => valueTo)];
    const ends = [...places.map(({ valueFrom }) => valueFrom), isHead ? cutTo : to];
    this.#literals = starts.map((start, i) => Uint8Array.from(bytes.subarray(start, ends[i])));
    this.valueFrom.fill(-1);
    this.valueTo.fill(-1);
  }

  forget(): void {
    this.side = undefined;
    this.#lastLength = 0;
  }

  /** Whether a record, an object seen from its ends, begins or ends so; sets where the values are, unless it repeats. */
  match(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.side === undefined) return false;
    const isHead = this.side === "head";
    const length = this.#lastLength;
    const at = isHead ? from : to - length;
    this.isRepeated = length > 0 && to - from > length && this.#repeats(bytes, at);
    if (this.isRepeated) {
      this.cutFrom = isHead ? from + 1 : at;
      this.cutTo = isHead ? from + length : to - 1;
      return true;
    }
    const matched = isHead ? this.#matchHead(bytes, from, to) : this.#matchTail(bytes, from, to);
    if (matched) this.#keep(bytes, isHead ? from : this.cutFrom, isHead ? this.cutTo : to);
    return matched;
  }

  #repeats(bytes: Uint8Array, at: number): boolean {
    const length = this.#lastLength;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== this.#last[i]) return false;
    return true;
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    this.#lastLength = length > LONGEST ? 0 : length;
    for (let i = 0; i < this.#lastLength; i++) this.#last[i] = bytes[from + i] as number;
  }

  #matchHead(bytes: Uint8Array, from: number, to: number): boolean {
    const literals = this.#literals;
    const count = this.#parts.length;
    let at = from;
    for (let i = 0; ; i++) {
      const literal = literals[i] as Uint8Array;
      if (!matches(bytes, at, literal)) return false;
      at += literal.length;
      if (i === count) break;
      const end = tokenEnd(bytes, at, to);
      if (end < 0) return false;
      const part = this.#parts[i] as number;
      this.valueFrom[part] = at;
      this.valueTo[part] = end;
      at = end;
    }
    this.cutFrom = from + 1;
    this.cutTo = at;
    return bytes[at] === QUOTE && at < to;
  }

  #matchTail(bytes: Uint8Array, from: number, to: number): boolean {
    const literals = this.#literals;
    let at = to;
    for (let i = this.#parts.length; ; i--) {
      const literal = literals[i] as Uint8Array;
      at -= literal.length;
      if (at <= from || !matches(bytes, at, literal)) return false;
      if (i === 0) break;
      const start = tokenStart(bytes, at, from);
      if (start < 0) return false;
      const part = this.#parts[i - 1] as number;
      this.valueFrom[part] = start;
      this.valueTo[part] = at;
      at = start;
    }
    this.cutFrom = at;
    this.cutTo = to - 1;
    return true;
  }
}
