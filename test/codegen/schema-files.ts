import { readdirSync, readFileSync } from "node:fs";
import { loadRegistry, type Registry, type SchemaFile } from "../../src/schema/registry.js";

const FOLDER = new URL("../../schemas/", import.meta.url);

/** The repository's schema files by the name under which messages show them. */
export function builtInTexts(): Map<string, string> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".schema.json"));
  return new Map(names.map((name) => [`schemas/${name}`, readFileSync(new URL(name, FOLDER), "utf8")]));
}

/** A registry of the built-in schemas and of project schemas given as values by name. */
export function registryOf(project: Readonly<Record<string, object>> = {}): Registry {
  const texts = Object.entries(project).map(
    ([name, schema]) => [`schemas/${name}.schema.json`, JSON.stringify(schema)] as const,
  );
  return loadRegistry(builtInTexts(), new Map(texts));
}

/** Schema files as a registry gives them, without its checks. */
export function schemaFiles(schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>): SchemaFile[] {
  return Object.entries(schemas).map(([name, schema]) => ({
    name,
    file: `schemas/${name}.schema.json`,
    id: typeof schema["$id"] === "string" ? schema["$id"] : `file:///schemas/${name}.schema.json`,
    origin: "project",
    blob: undefined,
    stands: true,
    text: JSON.stringify(schema),
    schema,
  }));
}
