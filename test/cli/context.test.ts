import { describe, expect, test } from "vitest";
import { exitCodeOf, styleOf } from "../../src/cli/context.js";
import { shellWord } from "../../src/cli/shell.js";
import { finding } from "../../src/finding.js";

const output = (isTerminal: boolean, columns = 80) => ({ isTerminal, columns, write: async () => {} });

describe("the style of a text", () => {
  test.each<[name: string, isTerminal: boolean, variables: Record<string, string>, color: boolean]>([
    ["a terminal", true, {}, true],
    ["a pipe", false, {}, false],
    ["a terminal with NO_COLOR", true, { NO_COLOR: "1" }, false],
    ["a terminal with an empty NO_COLOR, which says nothing", true, { NO_COLOR: "" }, true],
    ["a dumb terminal", true, { TERM: "dumb" }, false],
  ])("on %s", (_name, isTerminal, variables, color) => {
    expect(styleOf(output(isTerminal), variables).color).toBe(color);
  });

  test.each([
    [10, 40],
    [100, 100],
    [500, 120],
  ])("a terminal of %d columns is written %d wide", (columns, width) => {
    expect(styleOf(output(true, columns), {}).width).toBe(width);
  });
});

describe("the exit code", () => {
  const error = finding("source/damaged", "x");
  const warning = finding("run/growing", "x");
  const note = finding("column/collision", "x");
  test.each([
    [[], "note", 0],
    [[note], "note", 1],
    [[note], "warning", 0],
    [[note, warning], "warning", 1],
    [[note, warning], "error", 0],
    [[error, note], "error", 1],
    [[error], "never", 0],
  ] as const)("of %j with --fail-on %s is %d", (findings, failOn, code) => {
    expect(exitCodeOf(findings, failOn)).toBe(code);
  });
});

test.each([
  ["plain/path-1.parquet", "plain/path-1.parquet"],
  ["two words", "'two words'"],
  ["SELECT * FROM 'a b'", `"SELECT * FROM 'a b'"`],
  ["it's $HOME", `'it'\\''s $HOME'`],
  ["", "''"],
])("%j for a shell is %s", (text, want) => {
  expect(shellWord(text)).toBe(want);
});
