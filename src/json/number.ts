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

const DECIMAL_DIGITS = 38;

/**
 * The value of a token that is an integer of at most 38 digits, however it is spelled (`12`, `12.0`, `1.2e1`); undefined
 * for fractions, larger values and every zero with a minus, which no integer names.
 */
export function integerOf(token: string): bigint | undefined {
  const decimal = decimalOf(token);
  if (decimal === undefined || decimal.exponent < 0) return undefined;
  if (decimal.digits === "") return decimal.negative ? undefined : 0n;
  if (decimal.digits.length + decimal.exponent > DECIMAL_DIGITS) return undefined;
  const magnitude = BigInt(decimal.digits + "0".repeat(decimal.exponent));
  return decimal.negative ? -magnitude : magnitude;
}

const MAX_EXACT = 2n ** 53n;

/**
 * The double that a token names: a plain integer with at most 15 digits or within ±2^53, or a token with a fraction or
 * exponent and at most 17 significant digits, without overflow and without underflow to zero; NaN, Infinity, -Infinity.
 * Undefined when the token says more than a double can.
 */
export function doubleOf(token: string): number | undefined {
  if (token === "NaN" || token === "Infinity" || token === "-Infinity") return Number(token);
  const decimal = decimalOf(token);
  if (decimal === undefined) return undefined;
  const value = Number(token);
  if (decimal.plain) {
    const length = token.length - (decimal.negative ? 1 : 0);
    if (length <= 15) return value;
    const exact = BigInt(token);
    return exact <= MAX_EXACT && exact >= -MAX_EXACT ? value : undefined;
  }
  if (decimal.digits.length > 17 || !Number.isFinite(value)) return undefined;
  return value === 0 && decimal.digits !== "" ? undefined : value;
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
