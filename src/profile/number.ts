import { MINUS, PLUS, POINT, ZERO } from "./characters.js";
import { CLASS, CLASS_BITS } from "./classes.js";
import { HAZARD } from "./profile.js";

const DOUBLE_INTEGER = ascii("9007199254740992");
const INT64_MAX = ascii("9223372036854775807");
const INT64_MIN = ascii("9223372036854775808");
const INT38_DIGITS = 38;
const DOUBLE_DIGITS = 17;
const SAFE_DIGITS = 15;
/** Numbers of fewer digits before the point are no overflow, of more zeros after it no underflow: 5e-324 to 1.8e308. */
const SAFE_MAGNITUDE = 300;
/** An exponent beyond this is as good as infinite: no text is long enough to make up for it. */
const EXPONENT_LIMIT = 1e12;

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The ASCII text `bytes[from..to)`. */
export function asciiText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

/** Whether the digits at `from`, as many as `limit` has, are at most `limit`. */
function atMost(bytes: Uint8Array, from: number, limit: Uint8Array): boolean {
  for (let k = 0; k < limit.length; k++) {
    const difference = (bytes[from + k] ?? 0) - (limit[k] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/**
 * Classifies an integer token by its digits, without rounding. `bytes[from..to)` must be a number of RFC 8259 §6 without
 * fraction and exponent.
 * @returns the index of its VALUE_CLASS, with its HAZARD bits above: `class | hazards << CLASS_BITS`.
 */
export function classifyInteger(bytes: Uint8Array, from: number, to: number): number {
  const negative = bytes[from] === MINUS;
  const start = negative ? from + 1 : from;
  const digits = to - start;
  if (negative && bytes[start] === ZERO) {
    return CLASS.negative_zero_integer | (HAZARD.NEGATIVE_ZERO_INTEGER << CLASS_BITS);
  }
  if (digits <= SAFE_DIGITS || (digits === DOUBLE_INTEGER.length && atMost(bytes, start, DOUBLE_INTEGER))) {
    return CLASS.int53;
  }
  const limit = negative ? INT64_MIN : INT64_MAX;
  if (digits < limit.length || (digits === limit.length && atMost(bytes, start, limit))) {
    return CLASS.int64 | (HAZARD.BEYOND_DOUBLE << CLASS_BITS);
  }
  const hazards = HAZARD.BEYOND_DOUBLE | HAZARD.BEYOND_INT64;
  if (digits <= INT38_DIGITS) return CLASS.int38 | (hazards << CLASS_BITS);
  const overflows = digits > SAFE_MAGNITUDE && !Number.isFinite(Number(asciiText(bytes, from, to)));
  return CLASS.int_big | ((overflows ? hazards | HAZARD.RANGE : hazards) << CLASS_BITS);
}

/** A token with a fraction or exponent: where its significant digits stand, counted in digits from the first one. */
interface Scientific {
  readonly negative: boolean;
  /** First and last digit that is not zero, -1 when all are. */
  readonly first: number;
  readonly last: number;
  /** Number of digits before the point, after the exponent has moved it; negative when zeros follow the point. */
  readonly point: number;
}

function readExponent(bytes: Uint8Array, from: number, to: number): number {
  if (from >= to) return 0;
  const sign = bytes[from];
  let value = 0;
  for (let i = sign === MINUS || sign === PLUS ? from + 1 : from; i < to; i++) {
    value = Math.min(value * 10 + (bytes[i] ?? ZERO) - ZERO, EXPONENT_LIMIT);
  }
  return sign === MINUS ? -value : value;
}

function readScientific(bytes: Uint8Array, from: number, to: number): Scientific {
  const negative = bytes[from] === MINUS;
  let first = -1;
  let last = -1;
  let point = -1;
  let digit = 0;
  let i = negative ? from + 1 : from;
  for (; i < to; i++) {
    const value = (bytes[i] ?? 0) - ZERO;
    if (value === POINT - ZERO) point = digit;
    else if (value > 9) break;
    else {
      if (value > 0) {
        if (first < 0) first = digit;
        last = digit;
      }
      digit += 1;
    }
  }
  return { negative, first, last, point: (point < 0 ? digit : point) + readExponent(bytes, i + 1, to) };
}

/** Digits of an integer-valued token of at most 19 digits. */
function integralDigits(bytes: Uint8Array, from: number, size: number): Uint8Array {
  const digits = new Uint8Array(size).fill(ZERO);
  let filled = 0;
  for (let i = from; filled < size; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === POINT || byte === MINUS || (byte === ZERO && filled === 0)) continue;
    if (byte < ZERO || byte > ZERO + 9) break;
    digits[filled++] = byte;
  }
  return digits;
}

/** Class of an integer-valued token with a fraction or exponent that has `size` digits; undefined beyond 38 digits. */
function integralClass(bytes: Uint8Array, from: number, size: number, parts: Scientific): number | undefined {
  if (size <= SAFE_DIGITS) return CLASS.integral53;
  if (size > INT38_DIGITS) return undefined;
  const excess = parts.last - parts.first + 1 > DOUBLE_DIGITS;
  if (size <= INT64_MAX.length) {
    const digits = integralDigits(bytes, from, size);
    if (size === DOUBLE_INTEGER.length && atMost(digits, 0, DOUBLE_INTEGER)) return CLASS.integral53;
    if (size < INT64_MAX.length || atMost(digits, 0, parts.negative ? INT64_MIN : INT64_MAX)) {
      return excess ? CLASS.integral64_excess : CLASS.integral64;
    }
  }
  return excess ? CLASS.integral38_excess : CLASS.integral38;
}

/** Whether a token that is not zero overflows to infinity or underflows to zero as a double. */
function leavesDouble(bytes: Uint8Array, from: number, to: number, size: number): boolean {
  if (Math.abs(size) <= SAFE_MAGNITUDE) return false;
  const value = Number(asciiText(bytes, from, to));
  return value === 0 || !Number.isFinite(value);
}

/**
 * The same for a number of RFC 8259 §6 that has a fraction or an exponent or both.
 */
export function classifyScientific(bytes: Uint8Array, from: number, to: number): number {
  const parts = readScientific(bytes, from, to);
  if (parts.first < 0) {
    if (!parts.negative) return CLASS.integral53;
    return CLASS.negative_zero_float | (HAZARD.NEGATIVE_ZERO_FLOAT << CLASS_BITS);
  }
  const size = parts.point - parts.first;
  const integral = parts.last < parts.point;
  const excess = parts.last - parts.first + 1 > DOUBLE_DIGITS;
  const exact = integral ? integralClass(bytes, from, size, parts) : undefined;
  if (exact === CLASS.integral53) return exact;
  let hazards = (integral ? HAZARD.INTEGRAL_BEYOND_DOUBLE : 0) | (excess ? HAZARD.EXCESS_DIGITS : 0);
  if (exact !== undefined) return exact | (hazards << CLASS_BITS);
  const outside = leavesDouble(bytes, from, to, size);
  if (outside) hazards |= HAZARD.RANGE;
  const kind = outside ? CLASS.float_range : excess ? CLASS.float_excess : CLASS.float;
  return kind | (hazards << CLASS_BITS);
}

/** The value of an integer token of class int53. */
export function integerValue(bytes: Uint8Array, from: number, to: number): number {
  const negative = bytes[from] === MINUS;
  let value = 0;
  for (let i = negative ? from + 1 : from; i < to; i++) value = value * 10 + (bytes[i] ?? ZERO) - ZERO;
  return negative ? -value : value;
}

/** The value of a token of class integral53. */
export function scientificValue(bytes: Uint8Array, from: number, to: number): number {
  return Number(asciiText(bytes, from, to));
}
