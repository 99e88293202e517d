import type { Plan, Table } from "./plan.js";

/** One row of the table `columns`: what a column means and where it comes from. */
export interface DictionaryRow {
  readonly table: string;
  readonly column: string;
  readonly id: number;
  readonly type: string;
  readonly blob?: string | undefined;
  readonly path?: string | undefined;
  readonly description: string;
  readonly unit?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly source?: string | undefined;
}

function rowsOf(table: Table): DictionaryRow[] {
  const columns = table.columns.map((column): DictionaryRow => {
    const { id, type, blob, path, description, unit, since, until, source } = column;
    return { table: table.name, column: column.name, id, type, blob, path, description, unit, since, until, source };
  });
  const residuals = table.residuals.map((residual): DictionaryRow => {
    const description = `What no column or family holds of the blob ${residual.blob}, as JSON text; NULL when nothing is left.`;
    return {
      table: table.name,
      column: residual.name,
      id: residual.id,
      type: "string",
      blob: residual.blob,
      path: "",
      description,
    };
  });
  return [...columns, ...residuals];
}

/** The data dictionary: every column of every table in order. */
export function dictionaryRows(plan: Plan): DictionaryRow[] {
  return plan.tables.flatMap(rowsOf);
}
