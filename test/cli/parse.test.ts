import { describe, expect, test } from "vitest";
import { parseCommandLine } from "../../src/cli/parse.js";
import { CliError } from "../../src/errors.js";

const parsed = (line: string) => {
  const { command, positionals, options } = parseCommandLine(line.split(" ").filter((word) => word !== ""));
  return { command: command?.name, positionals, options: Object.fromEntries(options) };
};

describe("a command line", () => {
  const table: [line: string, want: ReturnType<typeof parsed>][] = [
    ["", { command: undefined, positionals: [], options: {} }],
    ["sync a b", { command: "sync", positionals: ["a", "b"], options: {} }],
    ["--project p sync a", { command: "sync", positionals: ["a"], options: { project: "p" } }],
    ["sync --json 01234567", { command: "sync", positionals: ["01234567"], options: { json: true } }],
    ["sync a --entity 0x1f", { command: "sync", positionals: ["a"], options: { entity: "0x1f" } }],
    ["sync a --entity=-x", { command: "sync", positionals: ["a"], options: { entity: "-x" } }],
    ["sync a --entity=", { command: "sync", positionals: ["a"], options: { entity: "" } }],
    ["sync -q -- --json", { command: "sync", positionals: ["--json"], options: { quiet: true } }],
    ["sync --dry-run a b", { command: "sync", positionals: ["a", "b"], options: { "dry-run": true } }],
    [
      "--dry-run sync --fail-on note --wandb-project 007 a",
      { command: "sync", positionals: ["a"], options: { "dry-run": true, "fail-on": "note", "wandb-project": "007" } },
    ],
    ["explain 12345e10", { command: "explain", positionals: ["12345e10"], options: {} }],
    ["sync a --memory 1GB --memory 2GB", { command: "sync", positionals: ["a"], options: { memory: "2GB" } }],
    ["help plan", { command: "plan", positionals: [], options: { help: true } }],
    ["help", { command: undefined, positionals: [], options: { help: true } }],
    ["explain --help", { command: "explain", positionals: [], options: { help: true } }],
    ["-v", { command: undefined, positionals: [], options: { version: true } }],
  ];
  test.each(table)("%j", (line, want) => {
    expect(parsed(line)).toEqual(want);
  });
});

describe("bad usage", () => {
  const table: [line: string, code: string, says: RegExp][] = [
    ["snyc a", "usage/unknown-command", /no command "snyc"\. Did you mean "sync"\?/],
    ["zzzzzz", "usage/unknown-command", /no command "zzzzzz"\.$/],
    ["help snyc", "usage/unknown-command", /Did you mean "sync"/],
    ["sync a --on-nw add", "usage/unknown-option", /no option --on-nw of sync\. Did you mean --on-new\?/],
    ["--jsn", "usage/unknown-option", /no option --jsn\./],
    ["sync a -x", "usage/unknown-option", /no option -x of sync/],
    ["sync a --sql", "usage/unknown-option", /not an option of sync; it belongs to plan/],
    ["sync a --no-json", "usage/unknown-option", /no option --no-json/],
    ["sync a --memory", "usage/missing-value", /--memory needs a value \(SIZE\), found nothing/],
    ["sync --memory --json a", "usage/missing-value", /found nothing/],
    ["sync a --on-new ad", "usage/bad-value", /one of report, add, fail, found "ad"\. Did you mean "add"\?/],
    ["sync a --json=yes", "usage/flag-with-value", /--json takes no value, found "yes"/],
    ["import", "usage/missing-argument", /import needs PATH…, found nothing/],
    ["explain a b", "usage/extra-argument", /takes PATH\|COLUMN, found also "b"/],
    ["status a", "usage/extra-argument", /takes no argument, found also "a"/],
    ["sync a --__proto__", "usage/unknown-option", /no option --__proto__/],
    ["constructor", "usage/unknown-command", /no command "constructor"/],
  ];
  test.each(table)("%j", (line, code, says) => {
    let error: unknown;
    try {
      parsed(line);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CliError);
    const { code: found, message, exitCode, next } = error as CliError;
    expect({ found, exitCode }).toEqual({ found: code, exitCode: 2 });
    expect(message).toMatch(says);
    expect(next).toMatch(/\.$/);
  });
});
