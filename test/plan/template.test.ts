import { describe, expect, test } from "vitest";
import { patternForm, readPattern } from "../../src/plan/template.js";
import { schemaError } from "../schema/fixture.js";

const where = { file: "a.schema.json", line: 3, column: 7 };

test.each([
  ["^system\\.gpu\\.(?<gpu>\\d+)\\.(?<metric>.+)$", "system.gpu.{gpu}.{metric}", ["gpu", "metric"]],
  ["^(?<name>.+)$", "{name}", ["name"]],
  ["^a/b-c:(?<k>x|y)!$", "a/b-c:{k}!", ["k"]],
  ["^\\$\\(\\^(?<k>(?:a(b)*)+[()\\]]*)\\)$", "$(^{k})", ["k"]],
  ["^損失/(?<layer>\\d+)$", "損失/{layer}", ["layer"]],
])("%s gives %s", (pattern, template, groups) => {
  expect(readPattern(pattern, where)).toEqual({ pattern, template, groups });
});

describe("a pattern that cannot give a name back is refused at its place", () => {
  test.each([
    ["no beginning", "a(?<k>x)$"],
    ["no end", "^a(?<k>x)"],
    ["an escaped dollar at the end", "^(?<k>x)\\$"],
    ["no group", "^a$"],
    ["an unnamed group", "^(a)(?<k>x)$"],
    ["a look-behind", "^(?<=a)(?<k>x)$"],
    ["a look-ahead", "^(?!a)(?<k>x)$"],
    ["a group that is not ASCII", "^(?<層>x)$"],
    ["two groups side by side", "^(?<a>x)(?<b>y)$"],
    ["a group inside a group", "^(?<a>x(?<b>y))$"],
    ["one name twice", "^(?<a>x)-(?<a>y)$"],
    ["an optional group", "^a(?<k>x)?$"],
    ["a dot that is not escaped", "^a.(?<k>x)$"],
    ["a class outside a group", "^[ab](?<k>x)$"],
    ["a choice outside a group", "^a|b(?<k>x)$"],
    ["a character escape", "^\\d(?<k>x)$"],
    ["a literal brace", "^\\{(?<k>x)\\}$"],
    ["nothing", ""],
  ])("%s", (_name, pattern) => {
    const error = schemaError(() => readPattern(pattern, where));
    expect(error.code).toBe("schema/family-pattern");
    expect(error.where).toEqual(where);
    expect(error.next).toContain("^system");
  });
});

test("two patterns that differ in group names only have one form", () => {
  expect(patternForm("^a\\.(?<x>\\d+)$")).toBe(patternForm("^a\\.(?<y_1>\\d+)$"));
  expect(patternForm("^a\\.(?<x>\\d+)$")).not.toBe(patternForm("^a\\.(?<x>.+)$"));
});
