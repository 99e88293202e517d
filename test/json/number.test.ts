import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalOf, doubleOf, formatDouble, integerOf } from "../../src/json/number.js";

const INTEGERS: readonly (readonly [token: string, want: bigint | undefined])[] = [
  ["0", 0n],
  ["-0", undefined],
  ["-0.0", undefined],
  ["0.000", 0n],
  ["12.0", 12n],
  ["1.2e1", 12n],
  ["120e-1", 12n],
  ["1e3", 1000n],
  ["12e-1", undefined],
  ["9007199254740993.0", 9007199254740993n],
  ["99999999999999999999999999999999999999", 10n ** 38n - 1n],
  ["100000000000000000000000000000000000000", undefined],
  ["1e38", undefined],
  ["1e400", undefined],
  ["NaN", undefined],
];

const DOUBLES: readonly (readonly [token: string, want: number | undefined])[] = [
  ["-0", -0],
  ["-0.0", -0],
  ["999999999999999", 999999999999999],
  ["9007199254740992", 9007199254740992],
  ["9007199254740993", undefined],
  ["-9007199254740993", undefined],
  ["1e25", 1e25],
  ["0.30000000000000004", 0.30000000000000004],
  ["0.1234567890123456789", undefined],
  ["100000000000000000000.0", 1e20],
  ["5e-324", 5e-324],
  ["1e-400", undefined],
  ["0e-400", 0],
  ["1e400", undefined],
  ["NaN", Number.NaN],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["nan", undefined],
];

describe("number tokens", () => {
  it.each(INTEGERS)("%s as an integer", (token, want) => {
    expect(integerOf(token)).toBe(want);
  });

  it.each(DOUBLES)("%s as a double", (token, want) => {
    expect(doubleOf(token)).toBe(want);
  });

  it("take apart to what they say", () => {
    expect(decimalOf("-012")).toEqual({ negative: true, digits: "12", exponent: 0, plain: true });
    expect(decimalOf("1500e-1")).toEqual({ negative: false, digits: "15", exponent: 1, plain: false });
    expect(decimalOf("Infinity")).toBeUndefined();
  });

  it("say the same when they are only measured as when they are taken apart", () => {
    const text = fc.string({ unit: fc.constantFrom(..."00123456789..-+eE"), maxLength: 24 });
    fc.assert(
      fc.property(text, (token) => {
        const decimal = decimalOf(token);
        const value = Number(token);
        const isShort = decimal?.plain
          ? token.replace("-", "").length <= 15 || (BigInt(token) <= 2n ** 53n && BigInt(token) >= -(2n ** 53n))
          : (decimal?.digits.length ?? 0) <= 17 && Number.isFinite(value) && (value !== 0 || decimal?.digits === "");
        expect(doubleOf(token)).toBe(decimal !== undefined && isShort ? value : undefined);
        const whole = decimal !== undefined && decimal.exponent >= 0 && decimal.digits.length + decimal.exponent <= 38;
        const isZero = decimal?.digits === "";
        expect(integerOf(token) !== undefined).toBe(whole && !(isZero && decimal.negative));
        if (decimal?.plain && integerOf(token) !== undefined) expect(integerOf(token)).toBe(BigInt(token));
      }),
      { numRuns: 20_000 },
    );
  });

  it("every double is named by its shortest spelling", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(doubleOf(formatDouble(value))).toBe(value);
      }),
    );
  });

  it.each([
    [2 ** 53, "9007199254740992"],
    [-(2 ** 53), "-9007199254740992"],
    [2 ** 53 + 2, "9007199254740994.0"],
    [1.5e18, "1500000000000000000.0"],
    [-1e20, "-100000000000000000000.0"],
    [1e21, "1e+21"],
  ])("the double %d is spelled %s and read back", (value, text) => {
    expect(formatDouble(value)).toBe(text);
    expect(doubleOf(text)).toBe(value);
  });

  it("every integer of up to 38 digits survives", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n - 10n ** 38n, max: 10n ** 38n - 1n }), (value) => {
        expect(integerOf(String(value))).toBe(value);
      }),
    );
  });
});
