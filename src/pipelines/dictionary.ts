import { writeRows } from "../engines/duckdb/care.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier } from "../engines/duckdb/types.js";
import type { Row } from "../flatten/flatten.js";
import type { Value } from "../flatten/value.js";
import { dictionaryRows } from "../plan/dictionary.js";
import type { StoredTable } from "../plan/history-form.js";
import type { Plan } from "../plan/plan.js";

/** The data dictionary, ready to be written. */
export interface Dictionary {
  readonly table: StoredTable;
  /** Gives its rows in the session that prepared it. */
  readonly query: string;
  readonly rows: number;
}

const NAME = "dictionary";

/** Puts the data dictionary where queries of the session find it; undefined when the plan has none. */
export async function prepareDictionary(
  session: Session,
  plan: Plan,
  tables: readonly StoredTable[],
): Promise<Dictionary | undefined> {
  const table = tables.find((item) => item.kind === "columns");
  if (table === undefined) return undefined;
  const fields = table.columns.map((column) => ({ name: column.name, type: column.type }));
  const rows = dictionaryRows(plan, tables).map((entry): Row => {
    const cells = Object.entries(entry).map(([key, value]): [string, Value] => [
      key,
      typeof value === "number" ? BigInt(value) : (value ?? null),
    ]);
    return new Map(cells);
  });
  await writeRows(session, NAME, fields, rows);
  const names = fields.map((field) => quoteIdentifier(field.name)).join(", ");
  return { table, query: `SELECT ${names} FROM memory.main.${quoteIdentifier(NAME)}`, rows: rows.length };
}
