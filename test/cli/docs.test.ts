import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands.js";
import { COMMON_OPTIONS, OPTION_TABLE } from "../../src/cli/options.js";
import { parseCommandLine } from "../../src/cli/parse.js";
import { ConfigSchema, readConfig } from "../../src/pipelines/config.js";
import { REPOSITORY } from "./cli.js";

const readme = await readFile(join(REPOSITORY, "README.md"), "utf8");
const guide = await readFile(join(REPOSITORY, "docs/guide.md"), "utf8");

describe("the documents", () => {
  test("README names every command", () => {
    for (const { name } of COMMANDS) expect(readme).toMatch(new RegExp(`^\\| \`${name}[ \`]`, "m"));
  });

  test("the guide names every setting with its variable", () => {
    for (const [name, option] of OPTION_TABLE) {
      if (option.environment !== true) continue;
      expect(guide).toContain(`--${name}`);
      expect(guide).toContain(`WANDB_COLUMNS_${name.toUpperCase().replaceAll("-", "_")}`);
    }
    for (const name of Object.keys(ConfigSchema.properties)) expect(guide).toContain(name);
  });

  test("the example of wandb-columns.json is valid", () => {
    const [, text] = /```json\n([\s\S]*?)```/.exec(guide) ?? [];
    expect(Object.keys(readConfig(text ?? "", "guide.md")).length).toBeGreaterThan(3);
  });

  test.each([
    ["README.md", readme],
    ["docs/guide.md", guide],
  ])("command lines in %s parse", (_file, text) => {
    const lines = [...text.matchAll(/^ {4}wandb-columns (.*?)(?: {2,}.*| >.*)?$/gm)].map((match) => match[1] ?? "");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(COMMANDS).toContain(parseCommandLine(line.split(" ")).command);
  });

  test.each([
    ["README.md", readme, "."],
    ["docs/guide.md", guide, "docs"],
  ])("links in %s lead to files", async (_file, text, folder) => {
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? "");
    expect(links.length).toBeGreaterThan(0);
    const missing = links.filter((link) => !existsSync(join(REPOSITORY, folder, link)));
    expect(missing).toEqual([]);
  });
});

test("every option is accepted by some command", () => {
  const accepted = new Set([...COMMON_OPTIONS, ...COMMANDS.flatMap((command) => command.options)]);
  expect([...OPTION_TABLE.keys()].filter((name) => !accepted.has(name))).toEqual([]);
});
