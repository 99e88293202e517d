import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  aligned,
  byteSize,
  counted,
  cut,
  cutMiddle,
  grouped,
  percent,
  printable,
  wrap,
} from "../../src/output/layout.js";

it.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [1234567, "1,234,567"],
])("%d is grouped as %s", (count, want) => {
  expect(grouped(count)).toBe(want);
});

it.each([
  [1, "1 family"],
  [0, "0 families"],
  [1200, "1,200 families"],
])("%d family", (count, want) => {
  expect(counted(count, "family", "families")).toBe(want);
});

it.each([
  [0, 0, "0 %"],
  [0, 5, "0 %"],
  [1, 1000, "<1 %"],
  [999, 1000, ">99 %"],
  [5, 5, "100 %"],
  [5, 6, "83 %"],
])("%d of %d is %s", (part, whole, want) => {
  expect(percent(part, whole)).toBe(want);
});

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [1400, "1.4 kB"],
  [9960, "10 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [5e15, "5.0 PB"],
  [5e19, "50000 PB"],
])("%d bytes are %s", (bytes, want) => {
  expect(byteSize(bytes)).toBe(want);
});

it.each([
  ["\u001b[31mred\u0007", "\\u001b[31mred\\u0007"],
  ["a\nb\tc", "a\\u000ab\\u0009c"],
  ["\u202eevil", "\\u202eevil"],
  ["\ud800", "\\ud800"],
  ["día 火 😀", "día 火 😀"],
])("%j is printed as %s", (text, want) => {
  expect(printable(text)).toBe(want);
});

describe("cutting", () => {
  it.each([
    ["short", 10, "short"],
    ["0123456789x", 10, "012345678…"],
    ["😀😀😀", 3, "😀😀😀"],
    ["😀😀😀", 2, "😀…"],
  ])("%j to %d", (text, width, want) => {
    expect(cut(text, width)).toBe(want);
  });
  it("in the middle keeps start and end, and the width", () => {
    expect(cutMiddle("summary/a/very/long/path/to/loss", 20)).toBe("summar…/path/to/loss");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const points = [...cutMiddle(text, width)].length;
        expect(points).toBe(Math.min([...text].length, width));
      }),
    );
  });
});

it("wrapping keeps every word and the width", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1 }),
      fc.integer({ min: 14, max: 60 }),
      (words, width) => {
        const lines = wrap(words.join(" "), width, "  ");
        expect(lines.map((line) => line.trim()).join(" ")).toBe(words.join(" "));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      },
    ),
  );
});

it("aligned cells stand in line, numbers right", () => {
  expect(
    aligned(
      [
        ["a", "1", "x"],
        ["bbb", "22", ""],
      ],
      [1],
    ),
  ).toEqual(["a     1  x", "bbb  22"]);
});
