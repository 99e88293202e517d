import { type Static, Type } from "@sinclair/typebox";
import { BLOBS } from "../blob.js";
import { SchemaError } from "../errors.js";
import type { FileFormat } from "../file-format.js";

/** Scalar logical types; what fits each of them is in `type.ts`. */
export const SCALAR_TYPES = ["boolean", "int64", "decimal", "float64", "string", "timestamp", "json"] as const;

/** Every logical type: the scalars, and lists of a scalar other than json. */
export const LOGICAL_TYPES = [
  ...SCALAR_TYPES,
  "list<boolean>",
  "list<int64>",
  "list<decimal>",
  "list<float64>",
  "list<string>",
  "list<timestamp>",
] as const;

export type ScalarType = (typeof SCALAR_TYPES)[number];
export type LogicalType = (typeof LOGICAL_TYPES)[number];

const closed = { additionalProperties: false } as const;
const LogicalTypeSchema = Type.Unsafe<LogicalType>({ type: "string", enum: [...LOGICAL_TYPES] });
const BlobSchema = Type.Unsafe<(typeof BLOBS)[number]>({ type: "string", enum: [...BLOBS] });

/**
 * One column. `path` is a JSON Pointer inside `blob`; for a value column of a family it is relative to the member.
 * A column without a blob is a key column or is computed (see `computed`).
 */
export const ColumnSchema = Type.Object(
  {
    id: Type.Integer({ minimum: 1, maximum: 2147483647, description: "Permanent id; the Parquet field id." }),
    name: Type.String(),
    type: LogicalTypeSchema,
    blob: Type.Optional(BlobSchema),
    path: Type.Optional(Type.String({ description: "JSON Pointer inside the blob." })),
    computed: Type.Optional(
      Type.Boolean({ description: "Derived from the record, such as logged_at or history_rows; rebuild ignores it." }),
    ),
    zone: Type.Optional(Type.Literal("utc", { description: "A timestamp without a zone is read as UTC." })),
    description: Type.String(),
    unit: Type.Optional(Type.String()),
    since: Type.Optional(Type.String()),
    until: Type.Optional(Type.String()),
    source: Type.Optional(Type.String({ description: "Who writes the value, such as `W&B API Run.state`." })),
    sensitive: Type.Optional(Type.Boolean()),
    was: Type.Optional(Type.Array(Type.String(), { description: "Names the column had before." })),
  },
  closed,
);
export type Column = Static<typeof ColumnSchema>;

export const ResidualSchema = Type.Object({ id: Type.Integer(), name: Type.String(), blob: BlobSchema }, closed);
export type Residual = Static<typeof ResidualSchema>;

export const FamilySegmentSchema = Type.Union([
  Type.String({ description: "A literal key." }),
  Type.Object({ pattern: Type.String(), template: Type.String() }, closed),
]);

/**
 * Keys that are data: members of an object whose names match a pattern become rows. `path` leads from the root of the
 * blob to the member: literal keys and patterns with named groups. Every key column that no group fills is the empty
 * string (keys of type string) of that row. `values` are relative to the member; a scalar member has one with path "".
 */
export const FamilySchema = Type.Object(
  {
    blob: BlobSchema,
    path: Type.Array(FamilySegmentSchema),
    values: Type.Array(ColumnSchema),
    description: Type.Optional(Type.String({ description: "What its members are, such as one GPU's metrics." })),
  },
  closed,
);
export type Family = Static<typeof FamilySchema>;

export const TABLE_KINDS = ["runs", "history", "system_metrics", "sweeps", "family", "misfits", "columns"] as const;
export type TableKind = (typeof TABLE_KINDS)[number];

export const TableSchema = Type.Object(
  {
    name: Type.String(),
    kind: Type.Unsafe<TableKind>({ type: "string", enum: [...TABLE_KINDS] }),
    description: Type.String(),
    key: Type.Array(Type.String(), { description: "Names of the key columns, in sort order." }),
    columns: Type.Array(ColumnSchema, {
      description: "Every column in table order except the residuals: key, life, values.",
    }),
    residuals: Type.Array(ResidualSchema),
    families: Type.Array(FamilySchema, {
      description: "The rules that fill a family or system_metrics table; their values name columns of `columns`.",
    }),
  },
  closed,
);
export type Table = Static<typeof TableSchema>;

export const SERIALIZED_REASONS = [
  "type-conflict",
  "object-map",
  "nested-too-deep",
  "array-of-objects",
  "typed-value",
  "null-only",
  "too-sparse",
  "over-budget",
  "duplicate-of",
  "denied",
  "undeclared",
  "sensitive",
  "empty",
] as const;
export type SerializedReason = (typeof SERIALIZED_REASONS)[number];

/** A path that a schema declares and leaves in the residual. It speaks for everything below it. */
export const SerializedSchema = Type.Object(
  {
    blob: BlobSchema,
    path: Type.String(),
    reason: Type.Unsafe<SerializedReason>({ type: "string", enum: [...SERIALIZED_REASONS] }),
    detail: Type.Optional(Type.String({ description: "For duplicate-of, the JSON Pointer of the twin." })),
    description: Type.Optional(Type.String()),
  },
  closed,
);
export type Serialized = Static<typeof SerializedSchema>;

/** Formats of `generated/plan.json`. */
export const PLAN_FORMAT: FileFormat = {
  readableFrom: ["0.1.0"],
  migrations: [],
  error: (message, details) => new SchemaError("plan/newer-format", message, details),
};

/** The column plan, `generated/plan.json`: a pure function of the schemas. */
export const PlanSchema = Type.Object(
  {
    format: Type.Literal(1),
    naming: Type.Union([Type.Literal("snake"), Type.Literal("verbatim")]),
    tables: Type.Array(TableSchema),
    serialized: Type.Array(SerializedSchema),
    retired: Type.Array(Type.Object({ id: Type.Integer(), table: Type.String(), name: Type.String() }, closed), {
      description: "Ids and names that were used once and are never given again.",
    }),
  },
  { ...closed, $id: "https://wandb-columns.dev/schemas/plan.schema.json" },
);
export type Plan = Static<typeof PlanSchema>;

/** The table of a name. @throws RangeError when the plan has none. */
export function tableOf(plan: Plan, name: string): Table {
  const table = plan.tables.find((item) => item.name === name);
  if (table === undefined) throw new RangeError(`The plan has no table ${name}`);
  return table;
}
