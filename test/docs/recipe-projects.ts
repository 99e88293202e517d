import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { sectionsOf } from "./document.js";
import { inWorkspace, workspace } from "./workspace.js";

/**
 * A workspace with projects that `docs/recipes.md` makes, by the schema and the commands that stand there.
 * @param projects which ones; a command makes the project that it names.
 */
export async function recipeProjects(...projects: readonly string[]): Promise<string> {
  const folder = await workspace();
  const blocks = sectionsOf("docs/recipes.md").find(({ title }) => title === "The project")?.blocks ?? [];
  const schema = blocks.find(({ language }) => language === "json");
  await mkdir(join(folder, "digits/schemas"), { recursive: true });
  await writeFile(join(folder, "digits/schemas/history-row.schema.json"), schema?.text ?? "");
  for (const { text } of blocks.filter(({ language }) => language === "console")) {
    for (const [, command = ""] of text.matchAll(/^\$ (.*)$/gm)) {
      if (!projects.some((name) => command.includes(`--project ${name}`))) continue;
      const { code, err } = await inWorkspace(folder, "/bin/sh", ["-c", command]);
      expect([command, code, err]).toEqual([command, 0, expect.any(String)]);
    }
  }
  return folder;
}
