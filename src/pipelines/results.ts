import { type Static, type TSchema, Type } from "@sinclair/typebox";
import type { GeneratedCheck, GeneratedWrite } from "../codegen/folder.js";
import type { Finding } from "../finding.js";
import { formatPointer } from "../json/pointer.js";
import { type HistoryForm, storedTables } from "../plan/history-form.js";
import type { Plan } from "../plan/plan.js";
import type { SchemaPatch } from "../profile/infer-patch.js";
import type { Answer, Explanation } from "../report/explain.js";
import { groupFindings } from "../report/report.js";
import { type Report, ReportSchema } from "../report/schema.js";
import type { ImportSummary } from "../store/raw-store-writer.js";
import type { ExportResult } from "./export-result.js";
import type { Proposal } from "./infer.js";
import { type RecognisedSource, RecognisedSourceSchema } from "./recognise.js";
import { type SinkAddress, sinkFolder, sinkText } from "./sink-address.js";
import type { Synced } from "./sync.js";

/** The format number of every result below. */
export const RESULT_FORMAT = 1;

const closed = { additionalProperties: false } as const;
export const count = (description: string) => Type.Integer({ minimum: 0, description });
export const texts = (description: string) => Type.Array(Type.String(), { description });

/** The schema of what a command prints with --json. */
export function result<T extends Record<string, TSchema>>(name: string, description: string, properties: T) {
  return Type.Object(
    { format: Type.Literal(RESULT_FORMAT), ...properties },
    { ...closed, $id: `https://wandb-columns.dev/schemas/${name}.schema.json`, description },
  );
}

const Findings = Type.Unsafe<Report["findings"]>(ReportSchema.properties.findings);

const Imported = {
  sources: Type.Array(RecognisedSourceSchema, { description: "The paths that were recognised." }),
  logs_added: count("Logs that were new or had changed."),
  logs_replaced: count("How many of those took the place of an older state of the log."),
  logs_unchanged: count("Logs that were there already: nothing was written for them."),
};

export const ImportResultSchema = result("import-result", "What `import --json` prints.", {
  ...Imported,
  runs: count("Runs in the raw store now."),
  findings: Findings,
});
export type ImportResult = Static<typeof ImportResultSchema>;

export const SourcesResultSchema = result(
  "sources-result",
  "What `import --dry-run --json` and `sync --dry-run --json` print.",
  {
    sources: Type.Array(RecognisedSourceSchema),
    findings: Findings,
  },
);
export type SourcesResult = Static<typeof SourcesResultSchema>;

const DecisionSchema = Type.Object(
  {
    blob: Type.String(),
    path: Type.String({ description: "JSON Pointer inside the blob." }),
    rule: Type.String({ description: "Id of the rule that decided, as in docs/inference.md." }),
    decision: Type.Union([Type.Literal("promoted"), Type.Literal("serialized")]),
    type: Type.Optional(Type.String({ description: "Logical type, when promoted." })),
    reason: Type.Optional(Type.String({ description: "Why it is no column, when serialized." })),
    rows: count("Records that have the path."),
    runs: count("Runs that have the path."),
  },
  closed,
);

const OperationSchema = Type.Object(
  { op: Type.Union([Type.Literal("add"), Type.Literal("replace")]), path: Type.String(), value: Type.Unknown() },
  closed,
);

export const InferResultSchema = result("infer-result", "What `infer --json` prints.", {
  written: Type.Boolean({ description: "Whether the files were changed." }),
  decisions: Type.Array(DecisionSchema),
  patches: Type.Array(
    Type.Object(
      { file: Type.String(), patch: Type.Array(OperationSchema, { description: "JSON Patch, RFC 6902." }) },
      closed,
    ),
    { description: "One for each schema file that changes; a new file starts with an add of the whole document." },
  ),
});
export type InferResult = Static<typeof InferResultSchema>;

export const GenerateResultSchema = result("generate-result", "What `generate --json` prints.", {
  fresh: Type.Boolean({ description: "Whether generated/ is what the schemas give, after the command." }),
  written: texts("Files that were written, inside generated/."),
  removed: texts("Files that nothing generates any more and that were removed."),
  stale: texts("With --check: files with other text."),
  missing: texts("With --check: files that are not there."),
  orphaned: texts("Files that nothing generates and that were left alone."),
});
export type GenerateResult = Static<typeof GenerateResultSchema>;

const Tables = Type.Array(
  Type.Object({ name: Type.String(), rows: count("Rows."), files: texts("Inside the folder of tables.") }, closed),
);

const Sink = Type.String({ description: "Where tables go, as for --to: parquet:DIR or duckdb:FILE." });
const Folder = Type.String({ description: "The folder that holds the files of tables." });

export const ExportResultSchema = result("export-result", "What `export --json` prints.", {
  sink: Sink,
  folder: Folder,
  skipped: Type.Boolean({ description: "Nothing was new: no file was touched." }),
  tables: Tables,
  care_records: count("Records that were flattened one by one because their text is unusual."),
  findings: Findings,
});
export type ExportedResult = Static<typeof ExportResultSchema>;

export const ExportPlanSchema = result("export-plan", "What `export --dry-run --json` prints.", {
  sink: Sink,
  folder: Folder,
  runs: count("Runs in the raw store."),
  tables: texts("Names of the tables."),
});
export type ExportPlan = Static<typeof ExportPlanSchema>;

export const SyncResultSchema = result("sync-result", "What `sync --json` prints.", {
  ...Imported,
  schemas: Type.Object(
    {
      action: Type.Union([Type.Literal("created"), Type.Literal("extended"), Type.Literal("kept")]),
      files: texts("Schema files that were written."),
    },
    closed,
  ),
  stopped: Type.Boolean({ description: "New paths stopped it (--on-new fail): the tables are as they were." }),
  sink: Sink,
  folder: Folder,
  tables: Tables,
  report_files: texts("The report."),
  totals: ReportSchema.properties.totals,
  projects: ReportSchema.properties.projects,
  findings: Findings,
  next: texts("Commands that come next."),
});
export type SyncResult = Static<typeof SyncResultSchema>;

/** One meaning of the query; members beside `kind` depend on it. */
const AnswerSchema = Type.Unsafe<Answer>(
  Type.Object(
    {
      kind: Type.Union(
        (["column", "residual", "serialized", "member", "container", "retired"] as const).map((kind) =>
          Type.Literal(kind),
        ),
      ),
    },
    { additionalProperties: true },
  ),
);

export const ExplainResultSchema = result("explain-result", "What `explain --json` prints.", {
  query: Type.String(),
  answers: Type.Array(AnswerSchema, { description: "All that the query can mean; none when nothing is known of it." }),
  suggestions: texts("Known names and paths like the query, best first; empty when there are answers."),
});
export type ExplainResult = Static<typeof ExplainResultSchema>;

export function explainResult({ query, answers, suggestions }: Explanation): ExplainResult {
  return { format: RESULT_FORMAT, query, answers: [...answers], suggestions: [...suggestions] };
}

function importedPart(sources: readonly RecognisedSource[], summary: ImportSummary) {
  return {
    sources: [...sources],
    logs_added: summary.added.length,
    logs_replaced: summary.replaced,
    logs_unchanged: summary.unchanged.length,
  };
}

export function importResult(
  sources: readonly RecognisedSource[],
  summary: ImportSummary,
  runs: number,
  findings: readonly Finding[],
): ImportResult {
  return { format: RESULT_FORMAT, ...importedPart(sources, summary), runs, findings: groupFindings(findings) };
}

export function sourcesResult(sources: readonly RecognisedSource[], findings: readonly Finding[]): SourcesResult {
  return { format: RESULT_FORMAT, sources: [...sources], findings: groupFindings(findings) };
}

function decisionResult(item: SchemaPatch["decisions"][number]): Static<typeof DecisionSchema> {
  const { blob, path, rule, decision, type, reason, rows, runs } = item;
  return {
    blob,
    path: formatPointer(path),
    rule,
    decision,
    ...(type === undefined ? {} : { type }),
    ...(reason === undefined ? {} : { reason }),
    rows,
    runs,
  };
}

export function inferResult({ patch, applied }: Proposal, written: boolean): InferResult {
  return {
    format: RESULT_FORMAT,
    written,
    decisions: patch.decisions.map(decisionResult),
    patches: applied.operations.map(({ file, patch: steps }) => ({ file, patch: steps.map((step) => ({ ...step })) })),
  };
}

export function writtenResult(done: GeneratedWrite): GenerateResult {
  const { written, removed, foreign } = done;
  return {
    format: RESULT_FORMAT,
    fresh: true,
    written: [...written],
    removed: [...removed],
    stale: [],
    missing: [],
    orphaned: [...foreign],
  };
}

export function checkedResult({ stale, missing, orphaned }: GeneratedCheck): GenerateResult {
  return {
    format: RESULT_FORMAT,
    fresh: stale.length + missing.length + orphaned.length === 0,
    written: [],
    removed: [],
    stale: [...stale],
    missing: [...missing],
    orphaned: [...orphaned],
  };
}

const tablesPart = (exported: ExportResult): Static<typeof Tables> =>
  exported.tables.map(({ name, rows, files }) => ({ name, rows, files: [...files] }));

export function exportResult(sink: SinkAddress, exported: ExportResult): ExportedResult {
  return {
    format: RESULT_FORMAT,
    sink: sinkText(sink),
    folder: sinkFolder(sink),
    skipped: exported.skipped,
    tables: tablesPart(exported),
    care_records: exported.careRecords,
    findings: groupFindings(exported.findings),
  };
}

export function exportPlan(sink: SinkAddress, runs: number, plan: Plan, history: HistoryForm): ExportPlan {
  const tables = storedTables(plan, history).map((table) => table.name);
  return { format: RESULT_FORMAT, sink: sinkText(sink), folder: sinkFolder(sink), runs, tables };
}

export function syncResult(sink: SinkAddress, synced: Synced, next: readonly string[]): SyncResult {
  const { exported, report } = synced;
  return {
    format: RESULT_FORMAT,
    ...importedPart(synced.sources, synced.imported),
    schemas: { action: synced.schemas.action, files: [...synced.schemas.files] },
    stopped: exported === undefined,
    sink: sinkText(sink),
    folder: sinkFolder(sink),
    tables: exported === undefined ? [] : tablesPart(exported),
    report_files: [...synced.reportFiles],
    totals: report.totals,
    projects: report.projects,
    findings: report.findings,
    next: [...next],
  };
}
