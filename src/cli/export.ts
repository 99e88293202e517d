import { join } from "node:path";
import { findingLines } from "../output/findings.js";
import { aligned, counted, ink, type TextStyle } from "../output/layout.js";
import { ENGINE_FOLDER } from "../pipelines/environment.js";
import { exportTables } from "../pipelines/export.js";
import { needRaw, planProject } from "../pipelines/project.js";
import { type ExportedResult, type ExportPlan, exportPlan, exportResult } from "../pipelines/results.js";
import { type CommandRun, exitCodeOf, isSet, printResult } from "./context.js";

function exportText(result: ExportedResult, style: TextStyle): string {
  const rows = result.tables.map((table) => [
    `  ${table.name}`,
    counted(table.rows, "row"),
    counted(table.files.length, "file"),
  ]);
  const head = result.skipped ? `Nothing is new: ${result.folder} was not touched.` : `Tables in ${result.folder}:`;
  const lines = [
    ink(style, "bold", head),
    ...aligned(rows, [1, 2]),
    ...(result.findings.length === 0 ? [] : ["", ...findingLines(result.findings, style)]),
  ];
  return `${lines.join("\n")}\n`;
}

function wouldText({ runs, folder, tables }: ExportPlan): string {
  const head = `Would write the tables of ${counted(runs, "run")} to ${folder}:`;
  return `${[head, ...tables.map((name) => `  ${name}`)].join("\n")}\n`;
}

/** `export`: raw store to tables. */
export const exportCommand: CommandRun = async (context) => {
  const { settings, effects, progress } = context;
  const store = await needRaw(settings.project, effects, settings.limits);
  const { plan } = await planProject(settings.project, effects, settings.naming);
  if (isSet(context, "dry-run")) {
    const would = exportPlan(settings.tables, store.runs().length, plan);
    await printResult(context, would, () => wouldText(would));
    return 0;
  }
  const exported = await exportTables({
    store,
    plan,
    dir: settings.tables,
    temp: join(settings.tables, ENGINE_FOLDER),
    ...settings.limits,
    progress: (done, total) => progress("export", "parts", done, total),
    signal: effects.signal,
    env: effects,
  });
  const result = exportResult(settings.tables, exported);
  await printResult(context, result, (style) => exportText(result, style));
  return exitCodeOf(exported.findings, settings.failOn);
};
