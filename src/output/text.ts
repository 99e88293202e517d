import type { ColumnEntry, PathEntry, ProjectEntry, Report } from "../report/schema.js";
import { findingLines } from "./findings.js";
import {
  aligned,
  commandLine,
  counted,
  cut,
  cutMiddle,
  grouped,
  ink,
  percent,
  printable,
  type TextStyle,
  tallied,
  wrap,
} from "./layout.js";

const MISFITS_SHOWN = 8;

const section = (style: TextStyle, title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", ink(style, "bold", title), ...lines];

/** The line that leads: how much there is, and what waits for a decision. */
export function headline({ totals }: Report): string {
  return [
    counted(totals.runs, "run"),
    counted(totals.columns, "column"),
    counted(totals.families, "family", "families"),
    `${counted(totals.to_decide, "path")} to decide`,
  ].join(", ");
}

function pathLine({ totals }: Report): string {
  return `${counted(totals.paths, "path")} seen: ${grouped(totals.promoted)} in columns, ${grouped(totals.serialized)} kept as JSON in the residual.`;
}

function misfitLines(columns: readonly ColumnEntry[], style: TextStyle): string[] {
  const odd = columns.filter((column) => column.misfits > 0).sort((a, b) => b.misfits - a.misfits);
  if (odd.length === 0) return [];
  const rows = odd
    .slice(0, MISFITS_SHOWN)
    .map((column) => [
      `  ${cutMiddle(printable(`${column.table}.${column.column}`), style.width - 46)}`,
      column.type,
      `${column.misfits_at_most ? "up to " : ""}${grouped(column.misfits)} of ${grouped(column.filled + column.misfits)}`,
      tallied(column.misfit_types),
    ]);
  const more = odd.length - MISFITS_SHOWN;
  return [...aligned(rows, [2]), ...(more > 0 ? [`  … and ${counted(more, "column")} more`] : [])];
}

function stateText(project: ProjectEntry): string {
  return Object.entries(project.states)
    .map(([state, count]) => `${grouped(count)} ${printable(state)}`)
    .join(", ");
}

function projectLines(projects: readonly ProjectEntry[], style: TextStyle): string[] {
  const rows = projects.map((project) => [
    `  ${cutMiddle(printable(`${project.entity}/${project.project}`), style.width - 50)}`,
    stateText(project),
    counted(project.history_rows, "row"),
    `${grouped(project.new_paths)} to decide`,
  ]);
  return aligned(rows, [2, 3]);
}

function reasonLines(report: Report, style: TextStyle): string[] {
  const rows = report.reasons.map((item) => [
    `  ${grouped(item.paths)}`,
    item.reason,
    percent(item.paths, report.totals.paths),
    item.says,
  ]);
  const indent =
    aligned(
      rows.map((row) => [...row.slice(0, 3), "|"]),
      [0, 2],
    )[0]?.indexOf("|") ?? 0;
  return aligned(rows, [0, 2]).flatMap((line) => {
    const says = wrap(line.slice(indent), style.width - indent);
    return [line.slice(0, indent) + (says[0] ?? ""), ...says.slice(1).map((rest) => " ".repeat(indent) + rest)];
  });
}

const CONFLICTS_SHOWN = 8;

function conflictLines(paths: readonly PathEntry[], style: TextStyle): string[] {
  const conflicts = paths.filter((entry) => entry.reason === "type-conflict");
  const rows = conflicts
    .slice(0, CONFLICTS_SHOWN)
    .map((entry) => [
      `  ${cutMiddle(printable(`${entry.blob}${entry.path}`), style.width - 48)}`,
      cut(tallied(entry.types) + (entry.detail === undefined ? "" : ` (${printable(entry.detail)})`), 44),
    ]);
  const more = conflicts.length - CONFLICTS_SHOWN;
  return [...aligned(rows), ...(more > 0 ? [`  … and ${counted(more, "path")} more`] : [])];
}

/** A path as `explain` takes it, in quotes where a shell needs them. */
export function shellPath(blob: string, pointer: string): string {
  const text = `${blob}${pointer}`;
  return /^[\w./:@%+=,~-]+$/.test(text) && !text.includes("~") ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function nextLines(report: Report, style: TextStyle): string[] {
  const conflicts = report.paths.filter((entry) => entry.reason === "type-conflict");
  const conflict = conflicts.find((entry) => entry.detail === undefined) ?? conflicts[0];
  const commands: [string, string][] = [];
  if (report.totals.to_decide > 0) {
    commands.push([commandLine(style, "infer"), "what the undecided paths could be"]);
    commands.push([commandLine(style, "infer --write"), "add that to your schemas"]);
  }
  if (conflict !== undefined) {
    commands.push([
      commandLine(style, `explain ${printable(shellPath(conflict.blob, conflict.path))}`),
      "why it is no column",
    ]);
  }
  commands.push([commandLine(style, "report --format md"), "every column and every path"]);
  return aligned(commands.map(([command, about]) => [`  ${command}`, about]));
}

/** The report for a terminal: what one must know first, then problems, then reasons, then what to run next. */
export function reportText(report: Report, style: TextStyle): string {
  const lines = [
    ink(style, "bold", headline(report)),
    pathLine(report),
    ...section(style, "Problems", findingLines(report.findings, style)),
    ...section(style, "Columns with values that do not fit", misfitLines(report.columns, style)),
    ...section(style, "Paths whose values conflict", conflictLines(report.paths, style)),
    ...section(style, "Projects", projectLines(report.projects, style)),
    ...section(style, "Why paths are no columns", reasonLines(report, style)),
    ...section(style, "Next", nextLines(report, style)),
  ];
  return `${lines.join("\n")}\n`;
}
