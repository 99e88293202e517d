import type { StoredTable } from "./history-form.js";
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

/** The row of a struct column; those of its members are those of the plan's table. */
function structRows({ name: table, struct }: StoredTable): DictionaryRow[] {
  if (struct === undefined) return [];
  const { name: column, id, description } = struct;
  return [{ table, column, id, type: "struct", description }];
}

/**
 * The data dictionary: every column of every table of the plan in order. A history that is kept in another form has the
 * columns of that form after those of the plan, which say what its metrics are.
 */
export function dictionaryRows(plan: Plan, stored: readonly StoredTable[]): DictionaryRow[] {
  const others = new Map(stored.filter(({ form }) => form !== "wide").map((table) => [table.of.name, table]));
  return plan.tables.flatMap((table) => {
    const other = others.get(table.name);
    return other === undefined ? rowsOf(table) : [...rowsOf(table), ...rowsOf(other), ...structRows(other)];
  });
}
