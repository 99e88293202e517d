import { findingLines } from "../output/findings.js";
import { aligned, counted, ink, type TextStyle } from "../output/layout.js";
import { exportTo } from "../pipelines/export-to.js";
import { needRaw, planProject } from "../pipelines/project.js";
import { type ExportedResult, type ExportPlan, exportPlan, exportResult } from "../pipelines/results.js";
import { sinkPath } from "../pipelines/sink-address.js";
import { type CommandRun, exitCodeOf, isSet, printResult } from "./context.js";

function exportText(result: ExportedResult, place: string, style: TextStyle): string {
  const oneFile = result.sink.startsWith("duckdb:");
  const rows = result.tables.map((table) => [
    `  ${table.name}`,
    counted(table.rows, "row"),
    ...(oneFile ? [] : [counted(table.files.length, "file")]),
  ]);
  const head = result.skipped ? `Nothing is new: ${place} was not touched.` : `Tables in ${place}:`;
  const lines = [
    ink(style, "bold", head),
    ...aligned(rows, [1, 2]),
    ...(result.findings.length === 0 ? [] : ["", ...findingLines(result.findings, style)]),
  ];
  return `${lines.join("\n")}\n`;
}

function wouldText({ runs, tables }: ExportPlan, place: string): string {
  const head = `Would write the tables of ${counted(runs, "run")} to ${place}:`;
  return `${[head, ...tables.map((name) => `  ${name}`)].join("\n")}\n`;
}

/** `export`: raw store to tables. */
export const exportCommand: CommandRun = async (context) => {
  const { settings, effects, progress } = context;
  const store = await needRaw(settings.project, effects, settings.limits);
  const { plan } = await planProject(settings.project, effects, settings.naming);
  const place = sinkPath(settings.sink);
  if (isSet(context, "dry-run")) {
    const would = exportPlan(settings.sink, store.runs().length, plan, settings.tableOptions.history);
    await printResult(context, would, () => wouldText(would, place));
    return 0;
  }
  const exported = await exportTo(store, plan, { ...settings, progress }, effects);
  const result = exportResult(settings.sink, exported);
  await printResult(context, result, (style) => exportText(result, place, style));
  return exitCodeOf(exported.findings, settings.failOn);
};
