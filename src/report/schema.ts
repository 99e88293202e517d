import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { BLOBS, type BlobName } from "../blob.js";
import { FINDING_CODES, type FindingCode, type Severity } from "../finding.js";
import { LOGICAL_TYPES, type LogicalType, SERIALIZED_REASONS, type SerializedReason } from "../plan/plan.js";
import { TYPE_GROUPS, type TypeGroup } from "../profile/infer-kinds.js";

const closed = { additionalProperties: false } as const;
const oneOf = <T extends string>(values: readonly T[]) => Type.Unsafe<T>({ type: "string", enum: [...values] });
const optional = <T extends TSchema>(type: T, description: string) => Type.Optional({ ...type, description } as T);
const count = (description: string) => Type.Integer({ minimum: 0, description });

const Blob = oneOf<BlobName>(BLOBS);
const SeveritySchema = oneOf<Severity>(["error", "warning", "note"]);
const RunText = Type.String({ description: "entity/project/run_id" });

const TypesSchema = Type.Unsafe<Partial<Record<TypeGroup, number>>>({
  type: "object",
  description:
    "Values per kind; a kind that never occurred is absent. non-finite: NaN and infinities, bare or as strings.",
  properties: Object.fromEntries(TYPE_GROUPS.map((group) => [group, { type: "integer", minimum: 1 }])),
  additionalProperties: false,
});

/** One path that was seen in the data. */
export const PathEntrySchema = Type.Object(
  {
    blob: Blob,
    path: Type.String({ description: "JSON Pointer inside the blob." }),
    decision: oneOf(["promoted", "serialized"] as const),
    table: optional(Type.String(), "Table of the column, when promoted."),
    column: optional(Type.String(), "Name of the column, when promoted."),
    type: optional(oneOf<LogicalType>(LOGICAL_TYPES), "Logical type of the column, when promoted."),
    reason: optional(oneOf<SerializedReason>(SERIALIZED_REASONS), "Why it is no column, when serialized."),
    detail: optional(Type.String(), "More of the reason: the twin for duplicate-of, or what surrounds the values."),
    proposal: optional(Type.String(), "What inference would make of it, when undeclared."),
    types: TypesSchema,
    rows: count("Records that have the path, nulls included."),
    runs: count("Runs that have the path."),
    unlisted: optional(
      Type.Integer({ minimum: 1 }),
      "Values of its members that have no entry of their own: their names are too many or too long.",
    ),
    example: optional(Type.String(), "One value, as JSON text, cut to a readable length."),
    first_run: optional(RunText, "The earliest run that has it, by start, else by key."),
    last_run: optional(RunText, "The latest run that has it, by start, else by key."),
  },
  closed,
);
export type PathEntry = Static<typeof PathEntrySchema>;

/** One column that is filled from the data; key and computed columns are not listed. */
export const ColumnEntrySchema = Type.Object(
  {
    table: Type.String(),
    column: Type.String(),
    id: Type.Integer(),
    type: oneOf<LogicalType>(LOGICAL_TYPES),
    blob: optional(Blob, "Blob that the column is read from; for a family, of its rules."),
    path: optional(Type.String(), "JSON Pointer inside the blob; absent for a family."),
    rows: count("Records that could have a value; for a family, values of its members."),
    filled: count("Values in the column."),
    filled_at_least: optional(
      Type.Literal(true),
      "Set when an object around the path has members that are not counted one by one: there may be more values.",
    ),
    nulls: count("JSON nulls: the column is NULL and the residual has the null."),
    misfits: count("Values that do not fit: the column is NULL and the residual has the value."),
    misfits_at_most: optional(
      Type.Literal(true),
      "Set for lists when the counts cannot tell how many lists hold the elements that do not fit.",
    ),
    misfit_types: TypesSchema,
  },
  closed,
);
export type ColumnEntry = Static<typeof ColumnEntrySchema>;

const ProjectEntrySchema = Type.Object(
  {
    entity: Type.String(),
    project: Type.String(),
    runs: count("Runs."),
    states: Type.Record(Type.String(), Type.Integer(), { description: "Runs by state." }),
    history_rows: count("History rows that are here."),
    new_paths: count("Undeclared paths that its runs have, as `wandb-columns infer` counts them."),
  },
  closed,
);
export type ProjectEntry = Static<typeof ProjectEntrySchema>;

const WhereSchema = Type.Object(
  {
    file: Type.Optional(Type.String()),
    line: Type.Optional(Type.Integer()),
    column: Type.Optional(Type.Integer()),
    run: Type.Optional(Type.String()),
    path: Type.Optional(Type.String()),
    row: Type.Optional(Type.Integer()),
  },
  closed,
);

const FindingSchema = Type.Object(
  {
    code: oneOf(Object.keys(FINDING_CODES) as FindingCode[]),
    severity: SeveritySchema,
    message: Type.String(),
    blob: Type.Optional(Blob),
    path: Type.Optional(Type.String()),
    run: Type.Optional(Type.Object({ entity: Type.String(), project: Type.String(), run_id: Type.String() }, closed)),
    where: Type.Optional(WhereSchema),
    count: Type.Optional(Type.Integer()),
    evidence: Type.Optional(Type.String()),
  },
  closed,
);

/** Findings of one code. */
const FindingGroupSchema = Type.Object(
  {
    code: oneOf(Object.keys(FINDING_CODES) as FindingCode[]),
    severity: SeveritySchema,
    says: Type.String({ description: "What findings of this code mean." }),
    count: count("Records concerned, all findings of this code together."),
    findings: Type.Array(FindingSchema, { description: "Every finding of this code." }),
  },
  closed,
);
export type FindingGroup = Static<typeof FindingGroupSchema>;

const TotalsSchema = Type.Object(
  {
    projects: count("Projects."),
    runs: count("Runs."),
    history_rows: count("History rows that are here."),
    tables: count("Tables of the plan, families included."),
    columns: count("Columns that are filled from the data, families aside."),
    families: count("Family tables."),
    paths: count("Paths ever seen."),
    promoted: count("Paths with a column."),
    serialized: count("Paths without one."),
    to_decide: count("Decisions that no schema has taken: what `wandb-columns infer` would propose."),
    misfits: count("Values that do not fit their column."),
  },
  closed,
);

export const REPORT_FORMAT = 1;

/** The report: what became of every path that was ever seen. */
export const ReportSchema = Type.Object(
  {
    format: Type.Literal(REPORT_FORMAT),
    totals: TotalsSchema,
    reasons: Type.Array(
      Type.Object(
        { reason: oneOf<SerializedReason>(SERIALIZED_REASONS), paths: count("Paths."), says: Type.String() },
        closed,
      ),
      { description: "Serialized paths by reason, most first." },
    ),
    projects: Type.Array(ProjectEntrySchema),
    findings: Type.Array(FindingGroupSchema, { description: "By severity, then by code." }),
    columns: Type.Array(ColumnEntrySchema, { description: "In the order of the plan." }),
    paths: Type.Array(PathEntrySchema, { description: "By blob, in order of path." }),
  },
  { ...closed, $id: "https://wandb-columns.dev/schemas/report.schema.json" },
);
export type Report = Static<typeof ReportSchema>;

/** The published JSON Schema of `report.json`. */
export function reportSchemaText(): string {
  return `${JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", ...ReportSchema }, null, 2)}\n`;
}
