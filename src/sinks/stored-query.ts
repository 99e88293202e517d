import { type HistoryForm, leadingColumns, metricColumns, type StoredTable } from "../plan/history-form.js";
import type { Column, LogicalType } from "../plan/plan.js";
import { quoteIdentifier, quoteLiteral } from "../sql-text.js";

/** How a cell stands in the long history: as number, as text, or as one of both. */
interface LongCell {
  readonly value?: (cell: string) => string;
  readonly text?: (cell: string) => string;
}

/** Beyond it a double does not hold every integer. */
const SAFE = "9007199254740992";
const isSafe = (cell: string): string => `${cell} BETWEEN -${SAFE} AND ${SAFE}`;

const INTEGER: LongCell = {
  value: (cell) => `CASE WHEN ${isSafe(cell)} THEN CAST(${cell} AS DOUBLE) END`,
  text: (cell) => `CASE WHEN NOT (${isSafe(cell)}) THEN CAST(${cell} AS VARCHAR) END`,
};
const AS_IT_IS: LongCell = { text: (cell) => cell };
const LIST: LongCell = { text: (cell) => `CAST(to_json(${cell}) AS VARCHAR)` };

/** ISO 8601 in UTC with as few of no, three or six fraction digits as the value needs: `formatTimestamp` of the definition. */
function isoText(cell: string): string {
  const format = (digits: string): string => `strftime(${cell} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S${digits}Z')`;
  const whole = (micros: number): string => `epoch_us(${cell}) % ${micros} = 0`;
  return `CASE WHEN ${whole(1_000_000)} THEN ${format("")} WHEN ${whole(1000)} THEN ${format(".%g")} ELSE ${format(".%f")} END`;
}

const LONG_CELLS: Readonly<Record<LogicalType, LongCell>> = {
  float64: { value: (cell) => cell },
  int64: INTEGER,
  decimal: INTEGER,
  boolean: { text: (cell) => `CAST(${cell} AS VARCHAR)` },
  string: AS_IT_IS,
  json: AS_IT_IS,
  timestamp: { text: isoText },
  "list<boolean>": LIST,
  "list<int64>": LIST,
  "list<decimal>": LIST,
  "list<float64>": LIST,
  "list<string>": LIST,
  "list<timestamp>": { text: (cell) => LIST.text?.(`list_transform(${cell}, lambda t: ${isoText("t")})`) ?? cell },
};

function longCell({ name, type }: Column, cell: string): string {
  const { value, text } = LONG_CELLS[type];
  const number = value?.(cell) ?? "NULL::DOUBLE";
  return `{metric: ${quoteLiteral(name)}, value: ${number}, value_text: ${text?.(cell) ?? "NULL::VARCHAR"}}`;
}

const NO_METRIC = "{metric: '', value: NULL::DOUBLE, value_text: NULL::VARCHAR}";

/** So many metrics are put beside each other before those without a value are dropped: more take memory, fewer time. */
const CHUNK = 128;

/** The cells of a row that are not NULL, as lists of structs in the order of the metrics. */
function longCells(metrics: readonly Column[]): string[] {
  const lists: string[] = [];
  for (let i = 0; i < metrics.length; i += CHUNK) {
    const cells = metrics.slice(i, i + CHUNK).map((column, k) => longCell(column, `m${i + k}`));
    lists.push(`list_filter([${cells.join(", ")}], lambda c: c.value IS NOT NULL OR c.value_text IS NOT NULL)`);
  }
  return lists;
}

const names = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => quoteIdentifier(name));

/**
 * Rows of the long history: one a metric that has a value. The row itself, with the empty metric, comes before them when
 * it has a residual or no metric at all. Metrics get names of our own first: a column may be called as a lambda's
 * parameter, and would win.
 */
function longQuery({ of, residuals }: StoredTable, query: string): string {
  const bytes = ({ name }: Column): Buffer => Buffer.from(name);
  const metrics = metricColumns(of).toSorted((a, b) => Buffer.compare(bytes(a), bytes(b)));
  const lead = names(leadingColumns(of));
  const left = names(residuals);
  const kept = [...lead, ...left].join(", ");
  const plain = [kept, ...names(metrics).map((name, i) => `${name} AS m${i}`)].join(", ");
  const lists = longCells(metrics);
  const cells = `SELECT ${[kept, ...lists.map((list, i) => `${list} AS l${i}`)].join(", ")} FROM (SELECT ${plain} FROM (${query}))`;
  const count = ["0", ...lists.map((_, i) => `len(l${i})`)].join(" + ");
  const own = [...left.map((name) => `${name} IS NOT NULL`), `${count} = 0`].join(" OR ");
  // Joined once: each further copy of the cells of some thousand rows is hundreds of megabytes.
  const all = [`CASE WHEN ${own} THEN [${NO_METRIC}] ELSE [] END`, ...lists.map((_, i) => `l${i}`)].join(", ");
  const rows = `SELECT ${kept}, unnest(list_concat(${all})) AS cell FROM (${cells})`;
  const rest = left.map((name) => `CASE WHEN cell.metric = '' THEN ${name} END AS ${name}`);
  const columns = [...lead, "cell.metric AS metric", "cell.value AS value", "cell.value_text AS value_text", ...rest];
  return `SELECT ${columns.join(", ")} FROM (${rows})`;
}

function structQuery({ columns, struct, residuals }: StoredTable, query: string): string {
  const members = (struct?.columns ?? []).map(({ name }) => `${quoteIdentifier(name)} := ${quoteIdentifier(name)}`);
  const packed = struct === undefined ? [] : [`struct_pack(${members.join(", ")}) AS ${quoteIdentifier(struct.name)}`];
  return `SELECT ${[...names(columns), ...packed, ...names(residuals)].join(", ")} FROM (${query})`;
}

const FORM_QUERIES: Readonly<Record<HistoryForm, (table: StoredTable, query: string) => string>> = {
  wide: (_, query) => query,
  long: longQuery,
  struct: structQuery,
};

/**
 * The rows of a table as it is kept, made from those of the table of the plan, in the order of the query.
 * @param query gives the columns of the plan's table, then its residuals.
 */
export function storedQuery(table: StoredTable, query: string): string {
  return FORM_QUERIES[table.form](table, query);
}
