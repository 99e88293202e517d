import { readdirSync, readFileSync } from "node:fs";
import { type Planned, planColumns } from "../../src/plan/planner.js";
import { loadRegistry, type Registry } from "../../src/schema/registry.js";

const SCHEMAS = new URL("../../schemas/", import.meta.url);

const builtIn: ReadonlyMap<string, string> = new Map(
  readdirSync(SCHEMAS)
    .filter((file) => file.endsWith(".schema.json"))
    .map((file) => [`schemas/${file}`, readFileSync(new URL(file, SCHEMAS), "utf8")]),
);

/** The registry and plan of a project with these schemas beside the built-in ones. */
export function planProject(project: ReadonlyMap<string, string>): Planned & { readonly registry: Registry } {
  const registry = loadRegistry(builtIn, project);
  return { registry, ...planColumns(registry, { naming: "snake" }) };
}
