import { type Static, Type } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { quoteLiteral } from "../engines/duckdb/types.js";
import { StoreError } from "../errors.js";
import { TableOptionsSchema } from "./table-options.js";
import { FindingSchema, PartRunsSchema } from "./tables-manifest.js";

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });

export const DATABASE_FORMAT = 1;

/** The cell of `wandb_columns.manifest` in a database: what its tables were made from. */
export const DatabaseManifestSchema = Type.Object(
  {
    format: Type.Literal(DATABASE_FORMAT),
    plan: Type.String({ description: "SHA-256 of the text of plan.json." }),
    facts: Type.String({ description: "SHA-256 of the computed cells of the runs." }),
    history: TableOptionsSchema.properties.history,
    runs: Type.Object(
      { run: PartRunsSchema, history: PartRunsSchema, system_event: PartRunsSchema },
      { ...closed, description: "By kind of record, the runs that have some." },
    ),
    tables: Type.Array(Type.Object({ name: Type.String(), rows: Count }, closed)),
    careRecords: Count,
    findings: Type.Array(FindingSchema, { description: "One a code, blob and run, with a count." }),
  },
  { ...closed, $id: "https://wandb-columns.dev/schemas/database-manifest.schema.json" },
);
export type DatabaseManifest = Static<typeof DatabaseManifestSchema>;

/** Where the manifest stands in a database. */
export const MANIFEST_SCHEMA = "wandb_columns";

/** The statements that keep a manifest in the database that is in use. */
export function manifestSql(manifest: DatabaseManifest): string {
  const { format } = manifest;
  const text = quoteLiteral(JSON.stringify(manifest));
  return `CREATE SCHEMA ${MANIFEST_SCHEMA};
CREATE TABLE ${MANIFEST_SCHEMA}.manifest (format INTEGER NOT NULL, manifest VARCHAR NOT NULL);
COMMENT ON TABLE ${MANIFEST_SCHEMA}.manifest IS 'What the tables were made from, for wandb-columns.';
COMMENT ON COLUMN ${MANIFEST_SCHEMA}.manifest.format IS 'Format of the manifest: a version of wandb-columns reads those it knows.';
COMMENT ON COLUMN ${MANIFEST_SCHEMA}.manifest.manifest IS 'JSON: hashes of plan and runs, the runs with the digests of their logs, rows by table, findings.';
INSERT INTO ${MANIFEST_SCHEMA}.manifest VALUES (${format}, ${text});
`;
}

let compiled: TypeCheck<typeof DatabaseManifestSchema> | undefined;

function isDatabaseManifest(value: unknown): value is DatabaseManifest {
  compiled ??= TypeCompiler.Compile(DatabaseManifestSchema);
  return compiled.Check(value);
}

/**
 * Reads the manifest of a database.
 * @param format that its row says.
 * @throws StoreError `tables/manifest` when it is damaged or was written by a newer version.
 */
export function readDatabaseManifest(format: number, text: string, file: string): DatabaseManifest {
  const fail = (message: string, next: string, cause?: unknown): never => {
    throw new StoreError("tables/manifest", message, { where: { file }, next, cause });
  };
  if (format > DATABASE_FORMAT) {
    return fail(
      `${file} has format ${format}; this version reads up to ${DATABASE_FORMAT}.`,
      "Install a newer version of wandb-columns, or choose another file.",
    );
  }
  const next = "Move the file away; export writes it again.";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return fail(`The manifest in ${file} is not JSON.`, next, cause);
  }
  return isDatabaseManifest(value) ? value : fail(`The manifest in ${file} does not have the shape of one.`, next);
}
