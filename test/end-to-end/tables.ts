import { tmpdir } from "node:os";
import { join } from "node:path";
import { fieldsOf } from "../../src/engines/duckdb/care.js";
import { fromDriver, readable } from "../../src/engines/duckdb/cells.js";
import { Session } from "../../src/engines/duckdb/session.js";
import { quoteIdentifier, quoteLiteral } from "../../src/engines/duckdb/types.js";
import type { Row } from "../../src/flatten/flatten.js";
import type { Value } from "../../src/flatten/value.js";
import { formatDouble } from "../../src/json/number.js";
import { formatTimestamp } from "../../src/json/timestamp.js";
import type { ExportResult } from "../../src/pipelines/export.js";
import type { LogicalType, Plan, Table } from "../../src/plan/plan.js";

export async function withSession<T>(act: (session: Session) => Promise<T>): Promise<T> {
  const session = await Session.open({ memory: 1e9, threads: 2, temp: tmpdir() });
  try {
    return await act(session);
  } finally {
    session.close();
  }
}

/**
 * The rows of a table's files as DuckDB reads them, in key order. Sorted by the key alone: DuckDB gives -0.0 back as 0.0
 * when it sorts by a double.
 */
export async function readRows(session: Session, table: Table, files: readonly string[]): Promise<Row[]> {
  const fields = fieldsOf(table);
  const list = files.map(quoteLiteral).join(", ");
  const order = table.key.map(quoteIdentifier).join(", ");
  const source = `SELECT * FROM read_parquet([${list}], hive_partitioning = false) ORDER BY ${order}`;
  const rows = await session.rows(`SELECT ${fields.map(readable).join(", ")} FROM (${source})`);
  return rows.map(
    (cells) => new Map(fields.map((field, i): [string, Value] => [field.name, fromDriver(cells[i] ?? null)])),
  );
}

/** Keys that two rows of a table have, as text. */
export function repeatedKeys(table: Table, rows: readonly Row[]): string[] {
  const keys = rows.map((row) => JSON.stringify(table.key.map((name) => String(row.get(name)))));
  return keys.filter((key, i) => keys.indexOf(key) < i);
}

/** Every table of an export. */
export function readTables(dir: string, plan: Plan, exported: ExportResult): Promise<Map<string, Row[]>> {
  return withSession(async (session) => {
    const tables = new Map<string, Row[]>();
    for (const { name, files } of exported.tables) {
      const table = plan.tables.find((item) => item.name === name);
      if (table === undefined) throw new RangeError(`No table ${name} in the plan`);
      const paths = files.map((file) => join(dir, file));
      tables.set(name, await readRows(session, table, paths));
    }
    return tables;
  });
}

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]/u;

/** A text with its invisible characters as escapes; line ends included. */
export function visible(text: string): string {
  return text.replace(new RegExp(INVISIBLE, "gu"), (character) =>
    [...Array(character.length).keys()]
      .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** A cell as one line: numbers as JSON, timestamps in ISO 8601, strings quoted, JSON texts as they are where they can be. */
export function cellText(value: Value, type: LogicalType | "residual"): string {
  if (value === null) return "NULL";
  if (Array.isArray(value)) {
    const element = type.slice("list<".length, -1) as LogicalType;
    return `[${value.map((item: Value) => cellText(item, element)).join(", ")}]`;
  }
  if (typeof value === "number") return formatDouble(value);
  if (typeof value === "bigint") return type === "timestamp" ? formatTimestamp(value) : String(value);
  const isJson = type === "residual" || type === "json";
  if (isJson && typeof value === "string" && !INVISIBLE.test(value)) return value;
  return typeof value === "string" ? visible(JSON.stringify(value)) : String(value);
}

/** Every cell of every row as text, fetched_at aside: two exports are equal when these are. */
export function tableLines(table: Table, rows: readonly Row[], skip: ReadonlySet<string> = FETCHED): string[] {
  const residuals = new Set(table.residuals.map((item) => item.name));
  const types = new Map(table.columns.map((column) => [column.name, column.type]));
  return rows.map((row) =>
    [...row]
      .filter(([name, value]) => value !== null && !skip.has(name))
      .map(
        ([name, value]) =>
          `${name}=${cellText(value, residuals.has(name) ? "residual" : (types.get(name) ?? "string"))}`,
      )
      .join(" "),
  );
}

export const FETCHED: ReadonlySet<string> = new Set(["fetched_at"]);

/** Every table as lines, by name; without the cells of some columns. */
export async function allLines(
  dir: string,
  plan: Plan,
  exported: ExportResult,
  skip: ReadonlySet<string> = FETCHED,
): Promise<Record<string, string[]>> {
  const tables = await readTables(dir, plan, exported);
  return Object.fromEntries(
    plan.tables.map((table) => [table.name, tableLines(table, tables.get(table.name) ?? [], skip)]),
  );
}
