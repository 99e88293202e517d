import { CliError } from "../errors.js";
import { aligned, counted, ink, printable, type TextStyle } from "../output/layout.js";
import { printableSql } from "../output/sql.js";
import { planProject, readRaw } from "../pipelines/project.js";
import { planQueries } from "../pipelines/queries.js";
import type { Plan, Table } from "../plan/plan.js";
import { nearestWord } from "../schema/nearest.js";
import { type CommandRun, type Context, isSet, printResult, textOption } from "./context.js";

function columnRows(table: Table): string[] {
  const columns = table.columns.map((column) => [
    `  ${printable(column.name)}`,
    column.type + (column.unit === undefined ? "" : ` (${column.unit})`),
    column.blob === undefined
      ? table.key.includes(column.name)
        ? "key"
        : ""
      : printable(column.blob + (column.path ?? "")),
  ]);
  const residuals = table.residuals.map((residual) => [
    `  ${residual.name}`,
    "json",
    `what is left of ${residual.blob}`,
  ]);
  return aligned([...columns, ...residuals]);
}

function tableText(table: Table, style: TextStyle): string {
  const head = `${ink(style, "bold", table.name)}: ${counted(table.columns.length + table.residuals.length, "column")}, key ${table.key.join(", ")}`;
  return [head, ...columnRows(table)].join("\n");
}

/** The plan with one table only. @throws CliError `usage/table` when it has none of that name. */
function only(plan: Plan, name: string | undefined): Plan {
  if (name === undefined) return plan;
  const tables = plan.tables.filter((table) => table.name === name);
  if (tables.length > 0) return { ...plan, tables };
  const near = nearestWord(
    name,
    plan.tables.map((table) => table.name),
  );
  throw new CliError(
    "usage/table",
    `The plan has no table "${name}".${near === undefined ? "" : ` Did you mean "${near}"?`}`,
    {
      next: `Tables: ${plan.tables.map((table) => table.name).join(", ")}.`,
    },
  );
}

async function sqlText(context: Context, plan: Plan, tables: Plan): Promise<string> {
  const { settings, effects } = context;
  const store = await readRaw(settings.project, effects, settings.limits);
  const queries = await planQueries(plan, store);
  const wanted = new Set(tables.tables.map((table) => table.name));
  return queries
    .filter((query) => wanted.has(query.table))
    .map((query) => `-- ${query.table}, from raw ${query.kind} records\n${printableSql(query.sql)};\n`)
    .join("\n");
}

/** `plan`: tables and columns, or with --sql the queries that fill them. */
export const planCommand: CommandRun = async (context) => {
  const { settings, effects } = context;
  const { plan } = await planProject(settings.project, effects, settings.naming);
  const shown = only(plan, textOption(context, "table"));
  if (isSet(context, "sql")) await effects.out.write(await sqlText(context, plan, shown));
  else
    await printResult(
      context,
      shown,
      (style) => `${shown.tables.map((table) => tableText(table, style)).join("\n\n")}\n`,
    );
  return 0;
};
