import { counted, ink, printable, type TextStyle } from "../output/layout.js";
import { forgetNamed } from "../pipelines/forget.js";
import { runName } from "../pipelines/named-runs.js";
import { sinkPath } from "../pipelines/sink-address.js";
import { type ForgetResult, forgetResult } from "../pipelines/upkeep-results.js";
import { type CommandRun, type Context, isSet, printResult } from "./context.js";

/** So many runs are named; the rest is counted. */
const NAMED = 20;

function runLines({ runs }: ForgetResult): string[] {
  const named = runs.slice(0, NAMED).map((run) => `  ${printable(runName(run))}`);
  return runs.length <= NAMED ? named : [...named, `  and ${counted(runs.length - NAMED, "more", "more")}`];
}

function forgetText(result: ForgetResult, context: Context, style: TextStyle): string {
  const { dry_run, runs, logs, rows, segments, table_files: tables, report_files: report } = result;
  const { project, sink } = context.settings;
  const verb = dry_run ? "Would forget" : "Forgot";
  const anew = dry_run ? "to be written anew" : "written anew";
  const lines = [
    ink(style, "bold", `${verb} ${counted(runs.length, "run")}:`),
    ...runLines(result),
    `${project.raw}: ${counted(logs, "log")} with ${counted(rows, "row")}, in ${counted(segments, "segment")}`,
    `${sinkPath(sink)}: ${counted(tables.length, "file")} with rows of ${runs.length === 1 ? "it" : "them"}`,
    ...(report.length === 0 ? [] : [`${project.report}: ${report.join(", ")}, ${anew}`]),
    "",
    "Schemas keep their columns. An import of the same source brings runs back: remove them there too.",
  ];
  return `${lines.join("\n")}\n`;
}

/** `forget`: remove runs from raw store, tables and report. */
export const forgetCommand: CommandRun = async (context) => {
  const { settings, effects, progress, positionals } = context;
  const dryRun = isSet(context, "dry-run");
  const options = { ...settings, names: positionals, dryRun, progress };
  const result = forgetResult(await forgetNamed(settings.project, options, effects), dryRun);
  await printResult(context, result, (style) => forgetText(result, context, style));
  return 0;
};
