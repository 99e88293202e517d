import { CELL_TYPES, quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import type { Plan } from "../plan/plan.js";
import { planText } from "../plan/plan-text.js";
import type { Registry, SchemaFile } from "../schema/registry.js";
import { columnsMarkdown } from "./columns.js";
import { type Dialect, ddl } from "./ddl.js";
import { withHeader } from "./header.js";
import { typeIndex, validatorIndex } from "./indexes.js";
import { type NamedSchema, namedSchemas } from "./schema-names.js";

export interface GenerateInput {
  readonly registry: Pick<Registry, "schemas">;
  /** The plan of that registry. */
  readonly plan: Plan;
  /**
   * What was generated for the built-in schemas by this version, by path inside `generated/`: their types and validators
   * are taken from there. Default: nothing, and all is made.
   */
  readonly shipped?: ReadonlyMap<string, string> | undefined;
}

/** The files of a schema, by path inside `generated/`. */
function filesOf({ file: { name } }: NamedSchema): readonly string[] {
  return [`types/${name}.d.ts`, `validators/${name}.d.ts`, `validators/${name}.js`];
}

/** The shipped files of a schema with its own first line; undefined when one is missing. A built-in schema refers to built-in ones only. */
function shippedFiles(schema: NamedSchema, shipped: ReadonlyMap<string, string>): [string, string][] | undefined {
  if (schema.file.origin !== "built-in") return undefined;
  const found = filesOf(schema).flatMap((path): [string, string][] => {
    const text = shipped.get(path);
    return text === undefined ? [] : [[path, withHeader(schema.file.file, text)]];
  });
  return found.length === filesOf(schema).length ? found : undefined;
}

/** The types and validators of schemas for which nothing is shipped. They bring compilers with them (Ajv, esbuild). */
async function compiled(schemas: readonly NamedSchema[], sources: readonly SchemaFile[]): Promise<[string, string][]> {
  if (schemas.length === 0) return [];
  const { typeDeclarations } = await import("./types.js");
  const { validators } = await import("./validators.js");
  const files: [string, string][] = [];
  for (const schema of schemas) files.push([`types/${schema.file.name}.d.ts`, await typeDeclarations(schema, sources)]);
  for (const [path, text] of await validators(schemas, sources)) files.push([`validators/${path}`, text]);
  return files;
}

/** How the tables are defined in a DuckDB database. */
export const DUCKDB_DIALECT: Dialect = { title: "DuckDB", types: CELL_TYPES, quoteIdentifier, quoteLiteral };

const DIALECTS: Readonly<Record<string, Dialect>> = { duckdb: DUCKDB_DIALECT };

/**
 * Everything that is generated: path inside `generated/` to text, in order of path. Same input, same bytes; nothing is
 * read or written but the modules of Ajv's runtime.
 * @throws SchemaError when a schema has no TypeScript form, no validator or a name that is taken.
 */
export async function generateAll(input: GenerateInput): Promise<ReadonlyMap<string, string>> {
  const { dbtSources } = await import("./dbt.js");
  const { plan } = input;
  const sources = input.registry.schemas();
  const schemas = namedSchemas(sources);
  const shipped = new Map(
    schemas.map((schema) => [schema, shippedFiles(schema, input.shipped ?? new Map<string, string>())]),
  );
  const index = validatorIndex(schemas);
  const files = new Map<string, string>([
    ["plan.json", planText(plan)],
    ["columns.md", columnsMarkdown(plan)],
    ["dbt/sources.yml", dbtSources(plan, CELL_TYPES)],
    ["types/index.d.ts", typeIndex(schemas)],
    ["validators/index.js", index],
    ["validators/index.d.ts", index],
    ...[...shipped.values()].flatMap((found) => found ?? []),
    ...(await compiled(
      schemas.filter((schema) => shipped.get(schema) === undefined),
      sources,
    )),
  ]);
  for (const [name, dialect] of Object.entries(DIALECTS)) files.set(`ddl/${name}.sql`, ddl(plan, dialect));
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
