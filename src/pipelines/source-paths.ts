import { type Static, Type } from "@sinclair/typebox";
import { SourceError } from "../errors.js";
import { type FieldNames, fieldPaths } from "../sources/json-lines/fields.js";
import { STDIN } from "../sources/json-lines/import.js";
import { isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";

const fieldName = (of: string, usual: string) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      description: `The member of JSON Lines that holds the ${of}: its name, names joined by dots, or a JSON Pointer. Default: ${usual}.`,
    }),
  );

/** What the records of JSON Lines may be. */
export const RECORDS = [Type.Literal("history"), Type.Literal("runs")] as const;

/** Where the records of JSON Lines say whose they are. */
export const FieldOptions = {
  runIdField: fieldName("run id", "run_id, run, id"),
  projectField: fieldName("W&B project", "project"),
  entityField: fieldName("W&B entity", "entity"),
};

/** A path to import, with what is to be known of it. */
export const SourcePathSchema = Type.Object(
  {
    path: Type.String({ minLength: 1, description: "A file or folder, relative to this file, or a glob of them." }),
    kind: Type.Optional(
      Type.Union([...RECORDS], {
        description: "What the records of JSON Lines are. Default: told by the first of them.",
      }),
    ),
    ...FieldOptions,
  },
  {
    additionalProperties: false,
    description: "A path, and how its JSON Lines are to be read; other sources ignore that.",
  },
);
export type SourcePath = Static<typeof SourcePathSchema>;

/** The names of the identity fields of a source. @throws SourceError when one is no name. */
export function fieldNames({
  runIdField,
  projectField,
  entityField,
}: Pick<SourcePath, "runIdField" | "projectField" | "entityField">): FieldNames {
  for (const name of [runIdField, projectField, entityField]) {
    try {
      if (name !== undefined) fieldPaths(name);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SourceError("source/field", `There can be no field ${JSON.stringify(name)}: ${error.message}`, {
        next: "Give a name such as run_id, names joined by dots such as meta.run, or a JSON Pointer such as /meta/run.",
      });
    }
  }
  return { runId: runIdField, project: projectField, entity: entityField };
}

const GLOB = /[*?[\]{}]/;

async function exists(path: string, env: Environment): Promise<boolean> {
  try {
    await env.files.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * What a path names: itself, or when nothing is there and it is a glob, the files or else folders that match, in the
 * order of their names. Undefined when none does.
 */
async function matchesOf(path: string, env: Environment): Promise<readonly string[] | undefined> {
  if (path === STDIN || !GLOB.test(path) || (await exists(path, env))) return [path];
  const found = await env.glob(path);
  return found.length === 0 ? undefined : found;
}

/** Globs expanded, each path once; a glob that matches nothing is in `unmatched`. */
export async function expandPaths(
  sources: readonly SourcePath[],
  env: Environment,
): Promise<{ readonly expanded: readonly SourcePath[]; readonly unmatched: readonly string[] }> {
  const paths = new Map<string, SourcePath>();
  const unmatched: string[] = [];
  for (const source of sources) {
    const found = await matchesOf(source.path, env);
    if (found === undefined) unmatched.push(source.path);
    for (const path of found ?? []) if (!paths.has(path)) paths.set(path, { ...source, path });
  }
  return { expanded: [...paths.values()], unmatched };
}
