import { parseTimestamp } from "../json/timestamp.js";
import {
  BACKSLASH,
  COLON,
  LETTER_I,
  LETTER_N,
  LETTER_T,
  LETTER_U,
  LETTER_Z,
  MINUS,
  POINT,
  QUOTE,
} from "./characters.js";
import { CLASS } from "./classes.js";
import { asciiText } from "./number.js";
import { HAZARD } from "./profile.js";
import { widenBytes } from "./widen.js";

const MIN_TIMESTAMP = "0001-01-01T00:00:00".length;
const MAX_TIMESTAMP = "0001-01-01T00:00:00.000000+00:00".length;
// A copy, because V8 reads an imported binding from memory each time.
const STRING = CLASS.string;
const NONFINITE = new Set(["NaN", "Infinity", "-Infinity"]);
const LONGEST_NONFINITE = "-Infinity".length;

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/**
 * End of the well-formed UTF-8 sequence of two to four bytes that starts at `at` (Unicode 16 table 3-7: nothing overlong,
 * no surrogates, at most U+10FFFF), or -1 when there is none. A byte that is no continuation must stand at the end of
 * the text.
 */
export function sequenceEnd(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  if (lead < 0xc2 || !isContinuation(second)) return -1;
  if (lead < 0xe0) return at + 2;
  if (!isContinuation(bytes[at + 2])) return -1;
  if (lead < 0xf0) {
    if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return -1;
    return at + 3;
  }
  if (!isContinuation(bytes[at + 3]) || lead > 0xf4) return -1;
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return -1;
  return at + 4;
}

const two = (bytes: Uint8Array, at: number): number => {
  const tens = (bytes[at] ?? 0) - 48;
  const ones = (bytes[at + 1] ?? 0) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : 100;
};

/**
 * Whether a text is surely a timestamp, seen without reading it as one: date and time joined by `T`, at most the 28th,
 * 1970 to 2099, no fraction, or three or six digits of which the last three are not all zero, then `Z` or nothing.
 */
function isUsualTimestamp(bytes: Uint8Array, from: number, end: number): boolean {
  const century = two(bytes, from);
  const month = two(bytes, from + 5);
  const day = two(bytes, from + 8);
  if ((century !== 20 && !(century === 19 && two(bytes, from + 2) >= 70)) || two(bytes, from + 2) > 99) return false;
  if (month < 1 || month > 12 || day < 1 || day > 28 || bytes[from + 10] !== LETTER_T) return false;
  if (two(bytes, from + 11) > 23 || two(bytes, from + 14) > 59 || bytes[from + 16] !== COLON) return false;
  if (two(bytes, from + 17) > 59) return false;
  const point = from + MIN_TIMESTAMP;
  if (point === end) return true;
  if (bytes[point] !== POINT || (end - point !== 4 && end - point !== 7)) return false;
  if (bytes[end - 1] === 48 && bytes[end - 2] === 48 && bytes[end - 3] === 48) return false;
  for (let i = point + 1; i < end; i++) if ((bytes[i] ?? 0) < 48 || (bytes[i] ?? 0) > 57) return false;
  return true;
}

function timestampClass(bytes: Uint8Array, from: number, to: number): number {
  const zulu = bytes[to - 1] === LETTER_Z;
  if (isUsualTimestamp(bytes, from, zulu ? to - 1 : to)) {
    return zulu ? CLASS.timestamp_canonical : CLASS.timestamp_zoneless;
  }
  const timestamp = parseTimestamp(asciiText(bytes, from, to));
  if (timestamp === undefined) return STRING;
  if (!timestamp.zoned) return CLASS.timestamp_zoneless;
  return timestamp.canonical ? CLASS.timestamp_canonical : CLASS.timestamp_other;
}

/** Index of the class of a string without lone surrogates; `bytes[from..to)` is its unescaped content in UTF-8. */
export function classifyString(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length <= LONGEST_NONFINITE) {
    const first = bytes[from];
    if (first !== LETTER_N && first !== LETTER_I && first !== MINUS) return STRING;
    return NONFINITE.has(asciiText(bytes, from, to)) ? CLASS.nonfinite_string : STRING;
  }
  if (length < MIN_TIMESTAMP || length > MAX_TIMESTAMP) return STRING;
  if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS || bytes[from + 13] !== COLON) return STRING;
  return timestampClass(bytes, from, to);
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The code unit of `\uXXXX` at `at`, or -1. */
function unicodeEscape(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== BACKSLASH || bytes[at + 1] !== LETTER_U) return -1;
  let unit = 0;
  for (let k = 2; k < 6; k++) {
    const digit = hexDigit(bytes[at + k]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

/** Byte after a backslash to the byte it means. */
const SIMPLE_ESCAPES = new Map([
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
  [47, 47],
  [98, 8],
  [102, 12],
  [110, 10],
  [114, 13],
  [116, 9],
]);

/**
 * Unescapes one string token at a time into a buffer of its own, as UTF-8 in which a lone surrogate is the three bytes
 * of its code point (WTF-8), so that equal strings have equal bytes and the others differ.
 */
export class Unescaper {
  /** The content of the last string, `bytes[0..length)`. */
  bytes = new Uint8Array(256);
  length = 0;
  /** Hazards of the last string: ESCAPE, LONE_SURROGATE, NUL. */
  hazards = 0;

  /**
   * Reads the string whose first byte after the opening quote is at `from`. A byte below 0x20 must stand at the end of
   * the text.
   * @returns the offset of the closing quote, or `-1 - offset` of the first byte that cannot stand there.
   */
  read(text: Uint8Array, from: number): number {
    this.length = 0;
    this.hazards = 0;
    let at = from;
    for (;;) {
      const byte = text[at] ?? 0;
      if (byte === QUOTE) return at;
      if (byte < 0x20) return -1 - at;
      if (byte === BACKSLASH) {
        const next = this.escape(text, at);
        if (next < 0) return -1 - at;
        at = next;
        continue;
      }
      const end = byte < 0x80 ? at + 1 : sequenceEnd(text, at);
      if (end < 0) return -1 - at;
      for (; at < end; at++) this.push(text[at] ?? 0);
    }
  }

  /** Takes the escape at `at`; gives the offset after it, or -1. */
  private escape(text: Uint8Array, at: number): number {
    this.hazards |= HAZARD.ESCAPE;
    const simple = SIMPLE_ESCAPES.get(text[at + 1] ?? 0);
    if (simple !== undefined) {
      this.push(simple);
      return at + 2;
    }
    const unit = unicodeEscape(text, at);
    if (unit < 0) return -1;
    if (unit === 0) this.hazards |= HAZARD.NUL;
    if (unit < 0xd800 || unit > 0xdfff) {
      this.pushCodePoint(unit);
      return at + 6;
    }
    const low = unit < 0xdc00 ? unicodeEscape(text, at + 6) : -1;
    if (low >= 0xdc00 && low <= 0xdfff) {
      this.pushCodePoint(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
      return at + 12;
    }
    this.hazards |= HAZARD.LONE_SURROGATE;
    this.pushCodePoint(unit);
    return at + 6;
  }

  private pushCodePoint(point: number): void {
    if (point < 0x80) this.push(point);
    else if (point < 0x800) this.pushAll(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) {
      this.pushAll(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    } else {
      this.pushAll(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63));
      this.pushAll(0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    }
  }

  private pushAll(...bytes: number[]): void {
    for (const byte of bytes) this.push(byte);
  }

  private push(byte: number): void {
    if (this.length === this.bytes.length) this.bytes = widenBytes(this.bytes, 2 * this.length);
    this.bytes[this.length++] = byte;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The string of UTF-8 bytes in which lone surrogates are three bytes each, as `Unescaper` writes them. */
export function decodeWtf8(bytes: Uint8Array): string {
  const pieces: string[] = [];
  let plain = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0xed || (bytes[i + 1] ?? 0) < 0xa0) continue;
    pieces.push(UTF8.decode(bytes.subarray(plain, i)));
    pieces.push(String.fromCharCode(0xd000 | (((bytes[i + 1] ?? 0) & 63) << 6) | ((bytes[i + 2] ?? 0) & 63)));
    i += 2;
    plain = i + 1;
  }
  pieces.push(UTF8.decode(bytes.subarray(plain)));
  return pieces.join("");
}
