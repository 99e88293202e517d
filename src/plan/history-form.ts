import { allocateIds, derivedId } from "./ids.js";
import type { Column, Plan, Table } from "./plan.js";
import { LEADING_TABLES } from "./tables.js";

/**
 * How the history is kept: `wide`, the plan's table with one column a metric; `long`, one row a metric; `struct`, the
 * metrics as members of one column. Each is the same rows.
 */
export const HISTORY_FORMS = ["wide", "long", "struct"] as const;
export type HistoryForm = (typeof HISTORY_FORMS)[number];

/** The name of the history in a form. */
export const historyName = (form: HistoryForm): string => (form === "wide" ? "history" : `history_${form}`);

/** A column whose cells are records, with a column of the plan as each member. */
export interface StructColumn {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly columns: readonly Column[];
}

/** A table as a sink keeps it: a table of the plan, or the history in another form. */
export interface StoredTable extends Table {
  /** The table of the plan that it shows. */
  readonly of: Table;
  /** `wide` for every table but the history. */
  readonly form: HistoryForm;
  /** Stands after the columns and before the residuals. */
  readonly struct?: StructColumn;
}

/** Columns that the long history has beside the key and life columns. */
export const LONG_COLUMNS = [
  {
    name: "metric",
    type: "string",
    description: "The metric: the name of its column in the table history of the plan; empty for the row itself.",
  },
  {
    name: "value",
    type: "float64",
    description: "The value where it is a number that a double holds exactly; else NULL.",
  },
  {
    name: "value_text",
    type: "string",
    description:
      "The value where it is none: strings and JSON as they are, true or false, integers beyond 2^53 in digits, timestamps in ISO 8601, lists as JSON; else NULL.",
  },
] as const;

const layout = LEADING_TABLES.find(({ kind }) => kind === "history");
const FIRST = new Set(layout?.first);

/** The columns of the history that each form has as they are: key and life. */
export function leadingColumns(history: Table): Column[] {
  return history.columns.filter(({ name }) => FIRST.has(name));
}

/** The columns of the history that hold metrics. */
export function metricColumns(history: Table): Column[] {
  return history.columns.filter(({ name }) => !FIRST.has(name));
}

/** Ids for new columns of a table that keeps the ids of others. */
function freeIds(table: string, names: readonly string[], { columns, residuals }: Table): number[] {
  const given = [...columns, ...residuals].map(({ id }) => ({ given: id, derived: id }));
  const wanted = names.map((name) => ({ derived: derivedId(table, "", name) }));
  return allocateIds([...given, ...wanted], []).slice(given.length);
}

function longHistory(history: Table): StoredTable {
  const name = historyName("long");
  const ids = freeIds(
    name,
    LONG_COLUMNS.map((column) => column.name),
    history,
  );
  const added = LONG_COLUMNS.map((column, i): Column => ({ id: ids[i] ?? 0, ...column }));
  return {
    ...history,
    of: history,
    form: "long",
    name,
    description: "The history with one row for each value: metric says of which column, value or value_text is it.",
    key: [...history.key, "metric"],
    columns: [...leadingColumns(history), ...added],
  };
}

function structHistory(history: Table): StoredTable {
  const name = historyName("struct");
  const columns = metricColumns(history);
  const [id = 0] = freeIds(name, ["metrics"], history);
  const struct = { id, name: "metrics", description: "The metrics of the row: one member a metric.", columns };
  return {
    ...history,
    of: history,
    form: "struct",
    name,
    description: "One row for each row that a run logged, its metrics as members of one column.",
    columns: leadingColumns(history),
    ...(columns.length === 0 ? {} : { struct }),
  };
}

const FORMS: Readonly<Record<HistoryForm, (history: Table) => StoredTable>> = {
  wide: (table) => ({ ...table, of: table, form: "wide" }),
  long: longHistory,
  struct: structHistory,
};

/** The tables of a plan as a sink keeps them, in the order of the plan. Pure. */
export function storedTables(plan: Plan, form: HistoryForm): StoredTable[] {
  return plan.tables.map((table) => FORMS[table.kind === "history" ? form : "wide"](table));
}
