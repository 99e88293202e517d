import { readFileSync } from "node:fs";
import { SchemaError } from "../../src/errors.js";
import { loadRegistry, type Registry } from "../../src/schema/registry.js";

const META = "x-column.schema.json";

/** The meta-schema of x-column, which every fixture needs. */
export const META_SCHEMA = readFileSync(new URL(`../../schemas/${META}`, import.meta.url), "utf8");

/** Schema files as texts, by file name without `.schema.json`; built-in ones have the meta-schema with them. */
export function files(schemas: Readonly<Record<string, unknown>>, folder = "schemas"): Map<string, string> {
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [
      `${folder}/${name}.schema.json`,
      typeof schema === "string" ? schema : JSON.stringify(schema, null, 2),
    ]),
  );
}

/** A registry of built-in schemas and a project's. */
export function registryOf(
  builtIn: Readonly<Record<string, unknown>>,
  project: Readonly<Record<string, unknown>> = {},
): Registry {
  return loadRegistry(new Map([...files(builtIn, "built-in"), [`built-in/${META}`, META_SCHEMA]]), files(project));
}

/** The SchemaError that a function throws. */
export function schemaError(act: () => unknown): SchemaError {
  try {
    act();
  } catch (error) {
    if (error instanceof SchemaError) return error;
    throw error;
  }
  throw new Error("expected a SchemaError, nothing was thrown");
}

/** A text whose mark `¶` is taken out, and the line and column (1-based) where it stood. */
export function marked(text: string): { text: string; line: number; column: number } {
  const at = text.indexOf("¶");
  const before = text.slice(0, at);
  return {
    text: text.replace("¶", ""),
    line: before.split("\n").length,
    column: at - before.lastIndexOf("\n"),
  };
}
