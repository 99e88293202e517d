import { type Static, Type } from "@sinclair/typebox";
import type { ForgetOutcome } from "./forget.js";
import type { GcOutcome } from "./gc.js";
import { count, result, texts } from "./results.js";

const closed = { additionalProperties: false } as const;
const DryRun = Type.Boolean({ description: "Nothing was changed: this is what would be done." });

const SizeSchema = Type.Object({ files: count("Files."), bytes: count("Bytes.") }, closed);

export const GcResultSchema = result("gc-result", "What `gc --json` prints.", {
  dry_run: DryRun,
  rows: count("Rows of the raw store that do not count: superseded ones."),
  segments_before: count("Segments of the raw store before."),
  segments_after: count("Segments of the raw store after."),
  folders: Type.Array(Type.Object({ folder: Type.String(), before: SizeSchema, after: SizeSchema }, closed), {
    description: "The raw store and the tables; empty with --dry-run.",
  }),
});
export type GcResult = Static<typeof GcResultSchema>;

export const ForgetResultSchema = result("forget-result", "What `forget --json` prints.", {
  dry_run: DryRun,
  runs: Type.Array(Type.Object({ entity: Type.String(), project: Type.String(), run_id: Type.String() }, closed), {
    description: "The runs that are removed.",
  }),
  logs: count("Logs of these runs in the raw store, from every source."),
  rows: count("Rows of these logs."),
  segments: count("Segments of the raw store that are removed or written anew."),
  table_files: texts("Files of tables that had rows of these runs."),
  report_files: texts("Files of the report, which are written anew."),
});
export type ForgetResult = Static<typeof ForgetResultSchema>;

export function gcResult({ rows, segmentsBefore, segmentsAfter, freed }: GcOutcome, dryRun: boolean): GcResult {
  return {
    format: 1,
    dry_run: dryRun,
    rows,
    segments_before: segmentsBefore,
    segments_after: segmentsAfter,
    folders: freed.map(({ folder, before, after }) => ({ folder, before, after })),
  };
}

export function forgetResult(outcome: ForgetOutcome, dryRun: boolean): ForgetResult {
  const { runs, logs, rows, segments, tableFiles, reportFiles } = outcome;
  return {
    format: 1,
    dry_run: dryRun,
    runs: runs.map(({ entity, project, run_id }) => ({ entity, project, run_id })),
    logs,
    rows,
    segments,
    table_files: [...tableFiles],
    report_files: [...reportFiles],
  };
}
