import { sequenceEnd } from "../../profile/text.js";
import { decodeText } from "./text.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const FIRST_CAPACITY = 4096;
const SHORT = 48;
const encoder = new TextEncoder();
const WORDS = new Set(["null", "true", "false", "NaN", "Infinity", "-Infinity"]);
const IS_NUMBER_BYTE = numberBytes("0123456789+-.eE");

function numberBytes(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** More was to be written than the limit. */
export class TooLong extends RangeError {}

const ESCAPES: ReadonlyMap<number, string> = new Map(
  Array.from({ length: 128 }, (_, code): [number, string] => {
    return [code, JSON.stringify(String.fromCharCode(code)).slice(1, -1)];
  }).filter(([code, text]) => text !== String.fromCharCode(code)),
);

/**
 * JSON text under construction, in one growing buffer that is used again: `bytes[0..length)`. Values are spliced byte by
 * byte, never parsed and written again.
 */
export class JsonBytes {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  private readonly most: number;

  /** @param most bytes that the text may have. Every call that would write more throws TooLong. */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.most = most;
    this.bytes = new Uint8Array(Math.min(FIRST_CAPACITY, most));
  }

  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A text as UTF-8, unquoted. */
  text(text: string): void {
    this.reserve(text.length > SHORT ? Buffer.byteLength(text) : text.length * 3);
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** A JSON string; lone surrogates become escapes. */
  string(text: string): void {
    this.text(JSON.stringify(text));
  }

  /** The JSON string of `decodeText` of these bytes, without making it. */
  escaped(bytes: Uint8Array, from: number, to: number): void {
    this.byte(QUOTE);
    for (let at = from; at < to; ) {
      const byte = bytes[at] as number;
      const escaped = ESCAPES.get(byte);
      const end = byte < 0x80 ? at + 1 : sequenceEnd(bytes, at);
      const isDamaged = end < 0 || end > to;
      if (escaped !== undefined) this.text(escaped);
      else if (isDamaged) this.text(`\\udc${byte.toString(16)}`);
      else this.copy(bytes, at, end);
      at = isDamaged ? at + 1 : end;
    }
    this.byte(QUOTE);
  }

  copy(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    this.reserve(length);
    if (length > SHORT) this.bytes.set(bytes.subarray(from, to), this.length);
    else for (let i = 0; i < length; i++) this.bytes[this.length + i] = bytes[from + i] as number;
    this.length += length;
  }

  /** The UTF-8 text `bytes[from..to)`, with `prefix` (ASCII, no escapes) before it, as member name with its colon. */
  key(bytes: Uint8Array, from: number, to: number, prefix = ""): void {
    const start = this.length;
    this.reserve(to - from + prefix.length + 3);
    const out = this.bytes;
    let at = start;
    out[at++] = QUOTE;
    for (let i = 0; i < prefix.length; i++) out[at++] = prefix.charCodeAt(i);
    for (let i = from; i < to; i++) {
      const byte = bytes[i] as number;
      if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) {
        this.name(prefix + decodeText(bytes, from, to));
        return;
      }
      out[at++] = byte;
    }
    out[at++] = QUOTE;
    out[at++] = 0x3a;
    this.length = at;
  }

  /** A member name with its colon. */
  name(text: string): void {
    this.string(text);
    this.byte(0x3a);
  }

  /**
   * Splices the JSON value `bytes[from..to)`. False when it is not one value; then it is written as a JSON string, so
   * that a broken or hostile value cannot change the members around it.
   */
  value(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from <= SHORT && this.number(bytes, from, to)) return true;
    if (isJsonValue(bytes, from, to)) {
      this.copy(bytes, from, to);
      return true;
    }
    this.escaped(bytes, from, to);
    return false;
  }

  /** Copies what has only the characters of numbers, as `isJsonValue` takes it; false, and nothing, for all else. */
  private number(bytes: Uint8Array, from: number, to: number): boolean {
    this.reserve(to - from);
    const out = this.bytes;
    let end = this.length;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number;
      if (IS_NUMBER_BYTE[byte] === 0) return false;
      out[end++] = byte;
    }
    this.length = end;
    return to > from;
  }

  comma(): void {
    this.byte(COMMA);
  }

  /** Ends an object or list: a comma that was just written becomes the closing bracket, else it is added. */
  close(bracket: "}" | "]"): void {
    const byte = bracket.charCodeAt(0);
    if (this.bytes[this.length - 1] === COMMA) this.bytes[this.length - 1] = byte;
    else this.byte(byte);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    if (needed > this.most) throw new TooLong(`a text has more than ${this.most} bytes`);
    const grown = new Uint8Array(Math.min(Math.max(needed, this.bytes.length * 2), this.most));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/**
 * Whether `bytes[from..to)` is one JSON value as seen from outside: a word or number, a string that ends at the end, or
 * a container that closes at the end. What is inside a container is not checked; that is the profiler's work.
 */
export function isJsonValue(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && IS_NUMBER_BYTE[bytes[at] as number] === 1) at++;
  if (at === to) return to > from;
  const first = bytes[from];
  if (first === QUOTE) return stringEnd(bytes, from, to) === to;
  if (first === 0x7b || first === 0x5b) return containerEnd(bytes, from, to) === to;
  return to - from <= 9 && WORDS.has(decodeText(bytes, from, to));
}

/** Offset after the string that starts at `from`, or -1. */
function stringEnd(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from + 1; at < to; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at + 1;
  }
  return -1;
}

/** Offset after the bracket that closes the one at `from`, or -1. */
function containerEnd(bytes: Uint8Array, from: number, to: number): number {
  let depth = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = stringEnd(bytes, at, to);
      if (end < 0) return -1;
      at = end - 1;
    } else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at + 1;
  }
  return -1;
}
