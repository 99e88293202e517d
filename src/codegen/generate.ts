import { CELL_TYPES, quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import type { Plan } from "../plan/plan.js";
import { planText } from "../plan/plan-text.js";
import type { Registry } from "../schema/registry.js";
import { columnsMarkdown } from "./columns.js";
import { type Dialect, ddl } from "./ddl.js";
import { namedSchemas } from "./schema-names.js";

export interface GenerateInput {
  readonly registry: Pick<Registry, "schemas">;
  /** The plan of that registry. */
  readonly plan: Plan;
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
  // They bring compilers and printers with them (Ajv, esbuild, Prettier) that nothing else needs.
  const { dbtSources } = await import("./dbt.js");
  const { typeDeclarations, typeIndex } = await import("./types.js");
  const { validators } = await import("./validators.js");
  const { plan } = input;
  const sources = input.registry.schemas();
  const schemas = namedSchemas(sources);
  const files = new Map<string, string>([
    ["plan.json", planText(plan)],
    ["columns.md", columnsMarkdown(plan)],
    ["dbt/sources.yml", dbtSources(plan, CELL_TYPES)],
    ["types/index.d.ts", typeIndex(schemas)],
  ]);
  for (const [name, dialect] of Object.entries(DIALECTS)) files.set(`ddl/${name}.sql`, ddl(plan, dialect));
  for (const schema of schemas) files.set(`types/${schema.file.name}.d.ts`, await typeDeclarations(schema, sources));
  for (const [path, text] of await validators(schemas, sources)) files.set(`validators/${path}`, text);
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
