import type { Finding } from "../../src/finding.js";
import type { Row } from "../../src/flatten/flatten.js";
import { formatPointer } from "../../src/json/pointer.js";
import type { Column, Family, Plan, Serialized, Table } from "../../src/plan/plan.js";
import type { PathEntry, Report } from "../../src/report/schema.js";
import { cellText, visible } from "./tables.js";

const lines = (items: readonly string[]): string => items.map((item) => `${visible(item)}\n`).join("");
const quotedPath = (path: string): string => (/[\s"]|^$|[^\x21-\x7e]/.test(path) ? JSON.stringify(path) : path);

function columnLine(column: Column): string {
  const place = column.blob === undefined ? (column.path ?? "") : `${column.blob} ${quotedPath(column.path ?? "")}`;
  const was = column.was === undefined ? "" : ` was ${column.was.join(", ")}`;
  return `  ${column.name}  ${column.type}  ${place}${was}`.trimEnd();
}

function familyLine(rule: Family): string {
  const path = rule.path.map((segment) => (typeof segment === "string" ? segment : segment.template));
  const values = rule.values.map((column) => `${column.name} ${column.type}`);
  return `  ${rule.blob} ${formatPointer(path)} -> ${values.join(", ")}`;
}

const serializedLine = (item: Serialized): string => `  ${item.blob} ${quotedPath(item.path)}  ${item.reason}`;

/** What a project's own schemas add to the plan of the built-in ones. */
export function planLines(plan: Plan, builtIn: Plan): string {
  const known = new Set(builtIn.tables.flatMap((table) => table.columns.map((column) => column.id)));
  const tables = plan.tables.flatMap((table) => {
    const isNew = !builtIn.tables.some((item) => item.name === table.name);
    const columns = table.columns.filter((column) => !known.has(column.id));
    if (columns.length === 0 && !isNew) return [];
    const rules = isNew ? table.families.map(familyLine) : [];
    return [`${table.name} (${table.key.join(", ")})`, ...columns.map(columnLine), ...rules, ""];
  });
  const declared = new Set(builtIn.serialized.map((item) => `${item.blob} ${item.path}`));
  const serialized = plan.serialized.filter((item) => !declared.has(`${item.blob} ${item.path}`));
  const rest = serialized.length === 0 ? [] : ["serialized", ...serialized.map(serializedLine)];
  return lines([...tables, ...rest]);
}

function rowLines(table: Table, row: Row): string[] {
  const types = new Map(table.columns.map((column) => [column.name, column.type]));
  const show = (name: string): string => cellText(row.get(name) ?? null, types.get(name) ?? "residual");
  const names = [...table.columns, ...table.residuals].map((item) => item.name);
  const run = ["entity", "project", "run_id"].map((name) => row.get(name)).join("/");
  const key = table.key.filter((name) => !["entity", "project", "run_id"].includes(name));
  const cells = names.filter(
    (name) => !table.key.includes(name) && name !== "fetched_at" && (row.get(name) ?? null) !== null,
  );
  if (table.kind === "misfits") return [misfitLine(run, row)];
  const head = [run, ...key.map((name) => `${name}=${show(name)}`)].join(" ");
  return [head, ...cells.map((name) => `  ${name} = ${show(name)}`)];
}

function misfitLine(run: string, row: Row): string {
  const cell = (name: string): string => String(row.get(name) ?? "NULL");
  const place = `${cell("table")} step=${cell("step")} ordinal=${cell("ordinal")}`;
  return `${run} ${place} ${cell("column")} ${quotedPath(cell("path"))} ${cell("json_type")} ${cell("value_text")}`;
}

/** Every row of every table but the data dictionary: its key, then a line for each cell that is not NULL. */
export function rowsText(plan: Plan, tables: ReadonlyMap<string, readonly Row[]>): string {
  const parts = plan.tables
    .filter((table) => table.kind !== "columns" && (tables.get(table.name) ?? []).length > 0)
    .map((table) => [`# ${table.name}`, ...(tables.get(table.name) ?? []).flatMap((row) => rowLines(table, row)), ""]);
  return lines(parts.flat());
}

function pathLine(entry: PathEntry): string {
  const types = Object.entries(entry.types).map(([name, count]) => `${name}:${count}`);
  const detail = entry.detail === undefined ? "" : ` (${entry.detail})`;
  const what =
    entry.decision === "promoted"
      ? `promoted to ${entry.table}.${entry.column} ${entry.type}`
      : `serialized ${entry.reason}${detail}`;
  return `${entry.blob} ${quotedPath(entry.path)}  ${what}  [${types.join(" ")}]`;
}

/** What became of every path that was seen. */
export function decisionsText(report: Report): string {
  return lines(report.paths.map(pathLine));
}

function findingLine(item: Finding): string {
  const run = item.run === undefined ? "" : ` ${item.run.entity}/${item.run.project}/${item.run.run_id}`;
  const place =
    item.blob === undefined ? "" : ` ${item.blob}${item.path === undefined ? "" : ` ${quotedPath(item.path)}`}`;
  const count = item.count === undefined ? "" : ` ×${item.count}`;
  const evidence = item.evidence === undefined ? "" : ` | ${JSON.stringify(item.evidence)}`;
  return `${item.severity} ${item.code}${run}${place}${count}: ${item.message}${evidence}`;
}

/** Every finding, sorted, so that only their set counts. */
export function findingsText(findings: readonly Finding[]): string {
  return lines(findings.map(findingLine).sort());
}
