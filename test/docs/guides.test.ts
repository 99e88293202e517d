/** The guides are followed as they stand: files written, commands run, queries asked; all give what is shown. */
import { readdirSync } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OFFLINE, REPOSITORY } from "../cli/cli.js";
import { followDocument } from "./console.js";
import { workspace } from "./workspace.js";

const guides = readdirSync(join(REPOSITORY, "docs/guides")).map((name) => `docs/guides/${name}`);

test("there is a guide for each user", () => {
  expect(guides.map((file) => file.replace("docs/guides/", ""))).toEqual([
    "ci.md",
    "old-exports.md",
    "payloads-changed.md",
    "reader.md",
    "researcher.md",
  ]);
});

describe.each(guides)("%s", (file) => {
  test("gives what it shows", { timeout: 600_000 }, async () => {
    const folder = await workspace();
    await cp(join(OFFLINE, "numbers"), join(folder, "new"), { recursive: true });
    await symlink(join(REPOSITORY, "node_modules/@duckdb"), join(folder, "node_modules/@duckdb"));
    expect(await followDocument(file, folder)).toBeGreaterThan(0);
  });
});
