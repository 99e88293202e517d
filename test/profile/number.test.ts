import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalOf, doubleOf, integerOf } from "../../src/json/number.js";
import { CLASS_BITS, CLASS_MASK } from "../../src/profile/classes.js";
import { classifyInteger, classifyScientific } from "../../src/profile/number.js";
import { HAZARD, VALUE_CLASSES, type ValueClass } from "../../src/profile/profile.js";
import { RunSet } from "../../src/profile/run-set.js";
import { encode, numberToken, profileOf, runKey } from "./documents.js";
import { numberFact } from "./reference.js";

const NINES38 = "9".repeat(38);
const H = HAZARD;

const TABLE: readonly (readonly [token: string, kind: ValueClass, hazards: number])[] = [
  ["0", "int53", 0],
  ["-1", "int53", 0],
  ["999999999", "int53", 0],
  ["2147483648", "int53", 0],
  ["-999999999999999", "int53", 0],
  ["9007199254740991", "int53", 0],
  ["9007199254740992", "int53", 0],
  ["-9007199254740992", "int53", 0],
  ["9007199254740993", "int64", H.BEYOND_DOUBLE],
  ["-9007199254740993", "int64", H.BEYOND_DOUBLE],
  ["9223372036854775807", "int64", H.BEYOND_DOUBLE],
  ["-9223372036854775808", "int64", H.BEYOND_DOUBLE],
  ["9223372036854775808", "int38", H.BEYOND_DOUBLE | H.BEYOND_INT64],
  ["-9223372036854775809", "int38", H.BEYOND_DOUBLE | H.BEYOND_INT64],
  [NINES38, "int38", H.BEYOND_DOUBLE | H.BEYOND_INT64],
  [`-${NINES38}`, "int38", H.BEYOND_DOUBLE | H.BEYOND_INT64],
  [`1${"0".repeat(38)}`, "int_big", H.BEYOND_DOUBLE | H.BEYOND_INT64],
  ["9".repeat(308), "int_big", H.BEYOND_DOUBLE | H.BEYOND_INT64],
  ["9".repeat(309), "int_big", H.BEYOND_DOUBLE | H.BEYOND_INT64 | H.RANGE],
  ["-0", "negative_zero_integer", H.NEGATIVE_ZERO_INTEGER],
  ["-0.0", "negative_zero_float", H.NEGATIVE_ZERO_FLOAT],
  ["-0e3", "negative_zero_float", H.NEGATIVE_ZERO_FLOAT],
  ["-0.000E-999", "negative_zero_float", H.NEGATIVE_ZERO_FLOAT],
  ["0.0", "integral53", 0],
  ["0e-999", "integral53", 0],
  ["0e999999999999999999999", "integral53", 0],
  ["1.0", "integral53", 0],
  ["-1.0", "integral53", 0],
  ["12.00", "integral53", 0],
  ["1.2e1", "integral53", 0],
  ["1e3", "integral53", 0],
  ["120e-1", "integral53", 0],
  ["1e15", "integral53", 0],
  ["9007199254740992.0", "integral53", 0],
  ["-9.007199254740992e15", "integral53", 0],
  ["9007199254740993.0", "integral64", H.INTEGRAL_BEYOND_DOUBLE],
  ["1e16", "integral64", H.INTEGRAL_BEYOND_DOUBLE],
  ["-9223372036854775808.0", "integral64_excess", H.INTEGRAL_BEYOND_DOUBLE | H.EXCESS_DIGITS],
  ["9223372036854775807.0", "integral64_excess", H.INTEGRAL_BEYOND_DOUBLE | H.EXCESS_DIGITS],
  ["9223372036854775808.0", "integral38_excess", H.INTEGRAL_BEYOND_DOUBLE | H.EXCESS_DIGITS],
  ["100000000000000000000.0", "integral38", H.INTEGRAL_BEYOND_DOUBLE],
  ["1e37", "integral38", H.INTEGRAL_BEYOND_DOUBLE],
  [`${NINES38}.0`, "integral38_excess", H.INTEGRAL_BEYOND_DOUBLE | H.EXCESS_DIGITS],
  ["1e38", "float", H.INTEGRAL_BEYOND_DOUBLE],
  ["1.7976931348623157e308", "float", H.INTEGRAL_BEYOND_DOUBLE],
  ["1.7976931348623159e308", "float_range", H.INTEGRAL_BEYOND_DOUBLE | H.RANGE],
  ["1e400", "float_range", H.INTEGRAL_BEYOND_DOUBLE | H.RANGE],
  ["-1e99999999999999999999", "float_range", H.INTEGRAL_BEYOND_DOUBLE | H.RANGE],
  ["1.50", "float", 0],
  ["123e-1", "float", 0],
  ["0.5", "float", 0],
  ["1e-7", "float", 0],
  ["0.12345678901234567", "float", 0],
  ["0.00012345678901234567", "float", 0],
  ["1.2345678901234567", "float", 0],
  ["0.123456789012345678", "float_excess", H.EXCESS_DIGITS],
  ["12345678901234567.8", "float_excess", H.EXCESS_DIGITS],
  ["0.10000000000000000000", "float", 0],
  ["5e-324", "float", 0],
  ["2.4703282292062328e-324", "float", 0],
  ["2.4703282292062327e-324", "float_range", H.RANGE],
  ["1e-400", "float_range", H.RANGE],
  [`0.${"0".repeat(400)}1`, "float_range", H.RANGE],
  ["1e-99999999999999999999", "float_range", H.RANGE],
  ["123456789012345678e-400", "float_range", H.RANGE | H.EXCESS_DIGITS],
];

const classify = (token: string): { kind: ValueClass | undefined; hazards: number } => {
  const bytes = encode(`,${token},`);
  const packed = (/[.eE]/.test(token) ? classifyScientific : classifyInteger)(bytes, 1, bytes.length - 1);
  return { kind: VALUE_CLASSES[packed & CLASS_MASK], hazards: packed >>> CLASS_BITS };
};

describe("number classes", () => {
  it.each(TABLE)("%s is %s", (token, kind, hazards) => {
    expect(classify(token)).toEqual({ kind, hazards });
    expect(numberFact(token)).toEqual({ kind, hazards });
    const root = profileOf([{ run: runKey("r"), blob: "history", bytes: encode(`{"v":${token}}`) }]).blobs.history
      ?.root;
    expect(root?.children?.get("v")).toMatchObject({ counts: { [kind]: 1 }, hazards });
  });

  it("are those of exact arithmetic", () => {
    fc.assert(
      fc.property(numberToken, (token) => {
        expect(classify(token)).toEqual(numberFact(token));
      }),
      { numRuns: 5000 },
    );
  });

  it("agree with the readers of json/number.ts on what fits a double and an integer", () => {
    const doubles = new Set<ValueClass | undefined>(["int53", "integral53", "integral64", "integral38", "float"]);
    doubles.add("negative_zero_integer").add("negative_zero_float");
    const integers = /^(int53|int64|int38|integral53|integral64|integral64_excess|integral38|integral38_excess)$/;
    fc.assert(
      fc.property(numberToken, (token) => {
        const { kind } = classify(token);
        const { negative, digits, exponent } = decimalOf(token) ?? { negative: true, digits: "none", exponent: 0 };
        expect(Number(`${negative ? "-" : ""}${digits === "" ? "0" : digits}e${exponent}`)).toBe(Number(token));
        expect(doubles.has(kind)).toBe(doubleOf(token) !== undefined);
        expect(integers.test(kind ?? "")).toBe(integerOf(token) !== undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it("take a megabyte of digits in linear time", () => {
    const digits = "1".repeat(1_000_000);
    for (const [token, kind] of [
      [digits, "int_big"],
      [`0.${digits}`, "float_excess"],
      [`${digits}e-999999`, "float_excess"],
      [`1.0${"0".repeat(1_000_000)}`, "integral53"],
    ] as const) {
      const bytes = encode(`{"v":${token}}`);
      const root = profileOf([{ run: runKey("r"), blob: "history", bytes }]).blobs.history?.root;
      expect(root?.children?.get("v")?.counts).toEqual({ [kind]: 1 });
    }
  });
});

describe("min and max", () => {
  it("cover int53 and integral53, exactly", () => {
    const texts = ["9007199254740992", "-9007199254740992.0", "9007199254740993", "1e300", "-0", "0.5", "null", '"7"'];
    const records = texts.map((text) => ({
      run: runKey("r"),
      blob: "config" as const,
      bytes: encode(`{"v":${text}}`),
    }));
    const path = profileOf(records).blobs.config?.root.children?.get("v");
    expect(path?.min).toBe(-9007199254740992);
    expect(path?.max).toBe(9007199254740992);
    expect(path?.maxLength).toBe(1);
  });

  it("are absent when there are none", () => {
    const bytes = encode('{"v":0.5}');
    const path = profileOf([{ run: runKey("r"), blob: "config", bytes }]).blobs.config?.root.children?.get("v");
    expect(path).toEqual({ counts: { float: 1 }, hazards: 0, runs: RunSet.of(1, [0]) });
  });
});
