import { type Static, Type } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { StoreError } from "../errors.js";
import { type FileFormat, formatHeader, inPresentFormat } from "../file-format.js";
import { FINDING_CODES, type Finding, type FindingCode } from "../finding.js";
import { PARTITION_COLUMNS } from "./partitions.js";
import { DEFAULT_TABLE_OPTIONS, TableOptionsSchema } from "./table-options.js";

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });

export const FindingSchema = Type.Unsafe<Finding>(
  Type.Object({
    code: Type.Unsafe<FindingCode>(Type.Union(Object.keys(FINDING_CODES).map((code) => Type.Literal(code)))),
    severity: Type.String(),
    message: Type.String(),
  }),
);

export const PartRunsSchema = Type.Array(
  Type.Object(
    {
      run: Type.String({ description: "Run key as JSON text." }),
      logs: Type.Array(Type.String(), { description: "Digests of the logs whose rows are in it, in log order." }),
    },
    closed,
  ),
  { description: "In key order." },
);

/**
 * One part: the rows that some runs have in the tables of one record kind. A run lives whole in one part of a kind; a
 * part is written and replaced as a whole.
 */
export const PartSchema = Type.Object(
  {
    id: Count,
    kind: Type.Union([Type.Literal("run"), Type.Literal("history"), Type.Literal("system_event")]),
    runs: PartRunsSchema,
    files: Type.Array(Type.Object({ table: Type.String(), file: Type.String(), rows: Count }, closed)),
    careRecords: Count,
    findings: Type.Array(FindingSchema, { description: "One a code, blob and run, with a count." }),
  },
  closed,
);
export type Part = Static<typeof PartSchema>;

/** Formats of `tables/manifest.json`. Format 1 knew no options. */
export const TABLES_FORMAT: FileFormat = {
  readableFrom: ["0.1.0", "0.2.0"],
  migrations: [(old) => ({ ...old, options: DEFAULT_TABLE_OPTIONS, partition: [] })],
  error: (message, details) => new StoreError("tables/manifest", message, details),
};

/** `tables/manifest.json`: what the tables were made from; that is how "nothing new" is known. */
export const TablesManifestSchema = Type.Object(
  {
    format: Type.Literal(2),
    readableFrom: Type.String({ description: "The first version of wandb-columns that reads this format." }),
    plan: Type.String({ description: "SHA-256 of the text of plan.json." }),
    facts: Type.String({ description: "SHA-256 of the computed cells of the runs." }),
    options: TableOptionsSchema,
    partition: Type.Array(Type.Union(PARTITION_COLUMNS.map((name) => Type.Literal(name))), {
      description: "Columns whose values are in the names of folders, not in the files below them.",
    }),
    nextPart: Type.Integer({ minimum: 1 }),
    parts: Type.Array(PartSchema),
    dictionary: Type.Integer({ minimum: 0, description: "Rows of the table columns." }),
    pending: Type.Array(Type.String(), {
      description: "Files that are being replaced, added or removed; empty when no export was interrupted.",
    }),
  },
  { ...closed, $id: "https://wandb-columns.dev/schemas/tables-manifest.schema.json" },
);
export type TablesManifest = Static<typeof TablesManifestSchema>;

let compiled: TypeCheck<typeof TablesManifestSchema> | undefined;

function isTablesManifest(value: unknown): value is TablesManifest {
  compiled ??= TypeCompiler.Compile(TablesManifestSchema);
  return compiled.Check(value);
}

/** The first members of a manifest that is written now. */
export function tablesHeader(): Pick<TablesManifest, "format" | "readableFrom"> {
  const { readableFrom = "" } = formatHeader(TABLES_FORMAT);
  return { format: 2, readableFrom };
}

/**
 * Reads `tables/manifest.json`; one of an older format is migrated.
 * @throws StoreError `tables/manifest` when it is damaged, or was written in a newer format: it names the version to install.
 */
export function readTablesManifest(text: string, file: string): TablesManifest {
  const fail = (message: string, next: string, cause?: unknown): never => {
    throw new StoreError("tables/manifest", message, { where: { file }, next, cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return fail(`${file} is not JSON.`, "Remove the tables folder; export writes it again.", cause);
  }
  const manifest = inPresentFormat(TABLES_FORMAT, value, file);
  if (isTablesManifest(manifest)) return manifest;
  return fail(
    `${file} does not have the shape of a tables manifest.`,
    "Remove the tables folder; export writes it again.",
  );
}
