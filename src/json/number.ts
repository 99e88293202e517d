/** A number token taken apart without rounding. Value = ±digits × 10^exponent. */
export interface Decimal {
  readonly negative: boolean;
  /** Significant digits: no leading zeros, no trailing zeros; empty for zero. */
  readonly digits: string;
  readonly exponent: number;
  /** No fraction and no exponent part in the spelling. */
  readonly plain: boolean;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Takes a JSON number token apart; undefined for NaN, Infinity, -Infinity and anything that is no JSON number. */
export function decimalOf(token: string): Decimal | undefined {
  const match = NUMBER.exec(token);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", power = "0"] = match;
  const all = (whole + fraction).replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  return {
    negative: sign === "-",
    digits,
    exponent: digits === "" ? 0 : Number(power) - fraction.length + (all.length - digits.length),
    plain: match[3] === undefined && match[4] === undefined,
  };
}

const MINUS = 45;
const PLUS = 43;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const LETTER_E = 101;

/** What `measure` says of a token: no number, or this plus twice the number of its significant digits. */
const NO_NUMBER = -1;
const PLAIN = 1;

const isDigit = (unit: number): boolean => unit >= ZERO && unit <= NINE;

/** Where the digits from `at` on end. */
function skipDigits(token: string, at: number): number {
  let end = at;
  while (isDigit(token.charCodeAt(end))) end += 1;
  return end;
}

/** Where an exponent that begins at `at` ends; -1 when it is none. */
function skipExponent(token: string, at: number): number {
  const sign = token.charCodeAt(at + 1);
  const from = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
  const end = skipDigits(token, from);
  return end === from ? -1 : end;
}

/**
 * Reads a token as `decimalOf` does, without taking it apart: twice the number of its significant digits, plus PLAIN when
 * it has neither fraction nor exponent; NO_NUMBER when it is none.
 */
function measure(token: string): number {
  const from = token.charCodeAt(0) === MINUS ? 1 : 0;
  let at = from;
  let point = -1;
  let digits = 0;
  let zeros = 0;
  for (; at < token.length; at++) {
    const unit = token.charCodeAt(at);
    if (unit === ZERO) zeros += 1;
    else if (isDigit(unit)) {
      digits = digits === 0 ? 1 : digits + zeros + 1;
      zeros = 0;
    } else if (unit === POINT && point < 0) point = at;
    else break;
  }
  if (at === from || point === from || point === at - 1) return NO_NUMBER;
  if (at === token.length) return 2 * digits + (point < 0 ? PLAIN : 0);
  const end = (token.charCodeAt(at) | 32) === LETTER_E ? skipExponent(token, at) : -1;
  return end === token.length ? 2 * digits : NO_NUMBER;
}

const DECIMAL_DIGITS = 38;
/** Digits with which every plain integer is a double, and is made of one. */
const SAFE_DIGITS = 15;

/**
 * The value of a token that is an integer of at most 38 digits, however it is spelled (`12`, `12.0`, `1.2e1`); undefined
 * for fractions, larger values and every zero with a minus, which no integer names.
 */
export function integerOf(token: string): bigint | undefined {
  const measured = token.length <= SAFE_DIGITS ? measure(token) : NO_NUMBER;
  if (measured !== NO_NUMBER && (measured & PLAIN) !== 0) {
    const value = Number(token);
    return Object.is(value, -0) ? undefined : BigInt(value);
  }
  const decimal = decimalOf(token);
  if (decimal === undefined || decimal.exponent < 0) return undefined;
  if (decimal.digits === "") return decimal.negative ? undefined : 0n;
  if (decimal.digits.length + decimal.exponent > DECIMAL_DIGITS) return undefined;
  const magnitude = BigInt(decimal.digits + "0".repeat(decimal.exponent));
  return decimal.negative ? -magnitude : magnitude;
}

const MAX_EXACT = 2n ** 53n;
/** A double is told from every other by so many digits. */
const DOUBLE_DIGITS = 17;

/**
 * The double that a token names: a plain integer with at most 15 digits or within ±2^53, or a token with a fraction or
 * exponent and at most 17 significant digits, without overflow and without underflow to zero; NaN, Infinity, -Infinity.
 * Undefined when the token says more than a double can.
 */
export function doubleOf(token: string): number | undefined {
  const measured = measure(token);
  if (measured === NO_NUMBER) {
    return token === "NaN" || token === "Infinity" || token === "-Infinity" ? Number(token) : undefined;
  }
  const value = Number(token);
  if ((measured & PLAIN) !== 0) {
    const length = token.length - (token.charCodeAt(0) === MINUS ? 1 : 0);
    if (length <= SAFE_DIGITS) return value;
    const exact = BigInt(token);
    return exact <= MAX_EXACT && exact >= -MAX_EXACT ? value : undefined;
  }
  if (measured > 2 * DOUBLE_DIGITS || !Number.isFinite(value)) return undefined;
  return value === 0 && measured > 0 ? undefined : value;
}

/**
 * A double as the shortest JSON that `doubleOf` gives back: `9062103`, `1e+25`, `-0.0`, and the bare tokens NaN, Infinity,
 * -Infinity. Integers beyond ±2^53 are told from exact ones by a fraction: `100000000000000000000.0`.
 */
export function formatDouble(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return Math.abs(value) > 2 ** 53 && /^-?\d+$/.test(text) ? `${text}.0` : text;
}
