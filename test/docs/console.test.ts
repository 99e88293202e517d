import { expect, test } from "vitest";
import { patternOf } from "./console.js";

test.each([
  ["a\nb", "a\nb\n", true],
  ["a\nb", "a\nc\n", false],
  ["a\n…\nz", "a\nb\nc\nz\n", true],
  ["a\n…\nz", "a\nz\n", true],
  ["a\n…\nz", "a\nb\n", false],
  ["…", "anything\nat all\n", true],
  ["took … ms (a+b)", "took 12.5 ms (a+b)\n", true],
  ["took … ms", "took 12\nms\n", false],
  ["a", "a\nb\n", false],
])("%j of %j: %s", (shown, printed, fits) => {
  expect(patternOf(shown).test(printed)).toBe(fits);
});
