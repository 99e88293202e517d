import type { ProjectStatus, Status } from "../report/status.js";
import { aligned, byteSize, commandLine, counted, grouped, ink, printable, type TextStyle } from "./layout.js";

function counts(record: Readonly<Record<string, number>>): string {
  return Object.entries(record)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${grouped(count)} ${printable(name)}`)
    .join(", ");
}

function rowsText(project: ProjectStatus): string {
  const rows = grouped(project.history_rows);
  return project.history_rows_expected === undefined
    ? rows
    : `${rows} here, W&B counts ${grouped(project.history_rows_expected)}`;
}

function projectLines(project: ProjectStatus, style: TextStyle): string[] {
  const facts: [string, string][] = [
    ["  runs", `${grouped(project.runs)}: ${counts(project.states)}`],
    ["  history", counts(project.history)],
    ["  rows", rowsText(project)],
    ["  new paths", project.new_paths === 0 ? "none" : `${grouped(project.new_paths)} to decide`],
  ];
  if (project.bytes !== undefined) facts.push(["  size", `${byteSize(project.bytes)} of JSON`]);
  if (project.last_import !== undefined) facts.push(["  imported", project.last_import]);
  return ["", ink(style, "bold", printable(`${project.entity}/${project.project}`)), ...aligned(facts)];
}

/** The status for a terminal: each project with what it has and what it lacks. */
export function statusText(status: Status, style: TextStyle): string {
  if (status.projects.length === 0) {
    return `No runs yet.\nNext: \`${commandLine(style, "sync PATH…")}\` imports local runs or an export.\n`;
  }
  const lines = [
    ink(
      style,
      "bold",
      `${counted(status.runs, "run")} in ${counted(status.projects.length, "project")}, ${counted(status.new_paths, "path")} to decide`,
    ),
    ...status.projects.flatMap((project) => projectLines(project, style)),
  ];
  if (status.new_paths > 0)
    lines.push("", `Next: \`${commandLine(style, "infer")}\` shows what the new paths could be.`);
  return `${lines.join("\n")}\n`;
}
