import { CliError } from "../errors.js";
import { findingLines } from "../output/findings.js";
import { aligned, counted, grouped, ink, printable, type TextStyle } from "../output/layout.js";
import { type SyncResult, syncResult } from "../pipelines/results.js";
import type { SinkAddress } from "../pipelines/sink-address.js";
import type { SourcePath } from "../pipelines/source-paths.js";
import { sync as runSync, type Synced } from "../pipelines/sync.js";
import { type CommandRun, type Context, exitCodeOf, isSet, printResult, projectFlag } from "./context.js";
import { givenPaths, printSources } from "./import.js";
import { shellWord } from "./shell.js";

/** The command that shows the runs. */
function lookCommand(sink: SinkAddress): string {
  if (sink.kind === "duckdb") return `duckdb -readonly ${shellWord(sink.file)} 'SELECT * FROM runs'`;
  return `duckdb -c ${shellWord(`SELECT * FROM '${sink.dir.replaceAll("'", "''")}/runs.parquet'`)}`;
}

function nextCommands(context: Context, synced: Synced): string[] {
  const flag = projectFlag(context);
  const open = synced.report.totals.to_decide;
  return [
    ...(open > 0
      ? [`wandb-columns infer${flag}`, `wandb-columns infer --write${flag} && wandb-columns export${flag}`]
      : []),
    ...(synced.exported === undefined ? [] : [lookCommand(context.settings.sink)]),
    `wandb-columns report${flag}`,
  ];
}

const SCHEMA_TEXT: Readonly<Record<SyncResult["schemas"]["action"], string>> = {
  created: "written from the data; look at them and commit them",
  extended: "new paths were added",
  kept: "unchanged",
};

function importedText(result: SyncResult): string {
  const { logs_added: added, logs_unchanged: same, logs_replaced: replaced } = result;
  const parts = [
    `${grouped(added)} new`,
    replaced > 0 ? `${grouped(replaced)} of them changed` : "",
    `${grouped(same)} unchanged`,
  ];
  return `${counted(result.totals.runs, "run")}, ${counted(result.totals.history_rows, "history row")}; logs: ${parts.filter((part) => part !== "").join(", ")}`;
}

/** The files of a table as one path, with `*` for the names of parts and `**` where they are in folders of their own. */
function filesText({ name, files }: SyncResult["tables"][number]): string {
  const depth = Math.max(...files.map((file) => file.split("/").length));
  if (depth === 1) return files[0] ?? "";
  return `${name}/${depth === 2 ? "*" : "**/*"}.parquet`;
}

function tableRows(result: SyncResult, sink: SinkAddress): string[] {
  const rows = result.tables.filter((table) => table.files.length > 0);
  const cells = rows.map((table) => {
    const place = sink.kind === "duckdb" ? table.name : `${result.folder}/${filesText(table)}`;
    return [`  ${place}`, counted(table.rows, "row")];
  });
  return aligned(cells, [1]);
}

function projectRows(result: SyncResult): string[] {
  return aligned(
    result.projects.map((project) => [
      `  ${printable(`${project.entity}/${project.project}`)}`,
      counted(project.runs, "run"),
      counted(project.new_paths, "new path"),
    ]),
    [1, 2],
  );
}

/** Warnings and notes in one line; `report` shows them one by one. */
function remarkLine(result: SyncResult): string[] {
  const rest = result.findings.filter((group) => group.severity !== "error");
  if (rest.length === 0) return [];
  return ["", `Remarks: ${rest.map((group) => `${group.code} ${grouped(group.count)}`).join(", ")}`];
}

function schemaLines(result: SyncResult, synced: Synced): string[] {
  const { action, files } = result.schemas;
  const lines = [`  ${SCHEMA_TEXT[action]}${files.length === 0 ? "" : `: ${files.join(", ")}`}`];
  if (synced.schemas.gitignore)
    lines.push("  .gitignore was written: raw data, tables and reports are not for commits");
  return lines;
}

function syncText(result: SyncResult, synced: Synced, sink: SinkAddress, style: TextStyle): string {
  const title = (text: string): string => ink(style, "bold", text);
  const problems = result.findings.filter((group) => group.severity === "error");
  const tables = result.stopped
    ? ["  not written: there are new paths, and --on-new is fail"]
    : [
        ...tableRows(result, sink),
        ...(synced.exported?.skipped === true ? ["  nothing was new: no file was touched"] : []),
      ];
  const lines = [
    title(importedText(result)),
    ...(problems.length === 0 ? [] : ["", title("Problems"), ...findingLines(problems, style)]),
    ...remarkLine(result),
    "",
    title("Schemas"),
    ...schemaLines(result, synced),
    "",
    title(sink.kind === "duckdb" ? `Tables in ${sink.file}` : "Tables"),
    ...tables,
    "",
    title("Report"),
    ...result.report_files.map((file) => `  ${file}`),
    "",
    title("Projects"),
    ...projectRows(result),
    "",
    title("Next"),
    ...result.next.map((command) => `  ${command}`),
  ];
  return `${lines.join("\n")}\n`;
}

function pathsOf(context: Context): readonly SourcePath[] {
  const { positionals, settings } = context;
  const paths = positionals.length > 0 ? givenPaths(context) : settings.sources;
  if (paths.length > 0) return paths;
  throw new CliError(
    "usage/no-source",
    "There is nothing to sync: no PATH was given, and wandb-columns.json names no sources.",
    {
      next: 'Run `wandb-columns sync PATH`, or list paths as "sources" in wandb-columns.json.',
    },
  );
}

/** `sync`: the whole way from sources to tables and report. */
export const sync: CommandRun = async (context) => {
  const { settings, effects, progress } = context;
  const paths = pathsOf(context);
  if (isSet(context, "dry-run")) return printSources(context, paths);
  const synced = await runSync(settings.project, { ...settings, paths, progress }, effects);
  const { sink } = settings;
  const result = syncResult(sink, synced, nextCommands(context, synced));
  await printResult(context, result, (style) => syncText(result, synced, sink, style));
  return result.stopped ? 1 : exitCodeOf(synced.findings, settings.failOn);
};
