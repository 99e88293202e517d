import { SchemaError } from "../errors.js";
import type { SchemaFile } from "../schema/registry.js";

/** A schema for which types and a validator are written. */
export interface NamedSchema {
  readonly file: SchemaFile;
  /** TypeScript name of its root type: `SystemInfo`. */
  readonly typeName: string;
}

/** The meta-schema of the annotation keyword, which describes no payload. */
const META_SCHEMA = "x-column";

/** `system-info` to `SystemInfo`. A name without any ASCII letter or digit becomes `Schema`. */
export function pascalCase(name: string): string {
  const words = name.normalize("NFKD").match(/[A-Za-z0-9]+/g) ?? ["schema"];
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^[0-9]/.test(joined) ? `Schema${joined}` : joined;
}

function clash(a: string, b: string): never {
  throw new SchemaError("schema/file-name", `${a} and ${b} would have one type name.`, {
    where: { file: b },
    next: "Rename one of the files.",
  });
}

function refuseClashes(schemas: readonly NamedSchema[]): void {
  const seen = new Map<string, string>();
  for (const { typeName, file } of schemas) {
    if (file.name.toLowerCase() === "index") clash("The list of all types (index)", file.file);
    const key = typeName.toLowerCase();
    const other = seen.get(key);
    if (other !== undefined) clash(other, file.file);
    seen.set(key, file.file);
  }
}

/**
 * The schemas that have output, in order of name. A project's file takes the place of the built-in one of its name,
 * which then is only there to be referred to.
 * @throws SchemaError `schema/file-name` when two files lead to one type name, or one is called index.
 */
export function namedSchemas(files: readonly SchemaFile[]): NamedSchema[] {
  const project = new Set(files.filter(({ origin }) => origin === "project").map(({ name }) => name));
  const schemas = files
    .filter(({ name, origin }) => name !== META_SCHEMA && (origin === "project" || !project.has(name)))
    .map((file) => ({ file, typeName: pascalCase(file.name) }))
    .sort((a, b) => (a.file.name < b.file.name ? -1 : 1));
  refuseClashes(schemas);
  return schemas;
}
