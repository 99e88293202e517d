import { ColumnTable } from "arquero";
import { readable } from "../engines/duckdb/cells.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier } from "../engines/duckdb/types.js";
import { StoreError } from "../errors.js";
import { elementType, type Value } from "../flatten/value.js";
import type { ScalarType } from "../plan/plan.js";
import {
  booleans,
  type Cells,
  type ColumnBuffer,
  dates,
  decimals,
  doubles,
  enumTexts,
  integers,
  micros,
  values,
} from "./column-buffers.js";
import type { ColumnAbout, TableAbout } from "./table-about.js";

/** How cells are given for which JavaScript has two types. */
export interface CellOptions {
  /** `auto`: numbers where every value of the column is within ±(2^53 − 1), else bigints. */
  readonly integers: "auto" | "bigint";
  /** `date`: Dates, microseconds cut off; `micros`: bigints, microseconds since 1970 UTC. */
  readonly timestamps: "date" | "micros";
}

/** What of a session is needed. */
type Engine = Pick<Session, "run" | "rows" | "chunks">;

/** What is asked of a table. */
export interface TableRequest extends CellOptions {
  readonly table: TableAbout;
  readonly columns: readonly ColumnAbout[];
  /** The relation of its rows. */
  readonly source: string;
}

/** How a column is read: its expression, and what collects its cells. */
interface Reading {
  readonly sql: string;
  readonly buffer: (rows: number) => ColumnBuffer;
}

/** A column, with what decides how it is read. */
interface Asked extends CellOptions {
  readonly column: ColumnAbout;
  readonly name: string;
  /** Whether every integer in it is exact as a number. */
  readonly small: boolean;
  /** Whether its texts repeat, as those of a key do. */
  readonly repeats: boolean;
}

const enumName = (column: ColumnAbout): string => quoteIdentifier(`texts ${column.id}`);

function textReading({ column, name, repeats }: Asked): Reading {
  if (repeats) return { sql: `('.' || ${name})::${enumName(column)}`, buffer: enumTexts };
  return { sql: readable(column), buffer: (rows) => values(rows, (value) => value) };
}

const READINGS: Readonly<Record<ScalarType, (asked: Asked) => Reading>> = {
  boolean: ({ name }) => ({ sql: name, buffer: booleans }),
  int64: ({ name, small }) => (small ? { sql: `${name}::DOUBLE`, buffer: doubles } : { sql: name, buffer: integers }),
  decimal: ({ name }) => ({ sql: name, buffer: decimals }),
  float64: ({ name }) => ({ sql: name, buffer: doubles }),
  timestamp: ({ name, timestamps }) =>
    timestamps === "date" ? { sql: `epoch_ms(${name})`, buffer: dates } : { sql: name, buffer: micros },
  string: textReading,
  json: textReading,
};

const dateOf = (value: Value): unknown => (typeof value === "bigint" ? new Date(Number(value / 1000n)) : value);

const numberOf = (value: Value): unknown => (typeof value === "bigint" ? Number(value) : value);

function listReading(element: ScalarType, { column, small, timestamps }: Asked): Reading {
  const dated = element === "timestamp" && timestamps === "date";
  const item = dated ? dateOf : element === "int64" && small ? numberOf : (value: Value): unknown => value;
  const list = (value: Value): unknown => (Array.isArray(value) ? value.map(item) : null);
  return { sql: readable(column), buffer: (rows) => values(rows, list) };
}

function readingOf(asked: Asked): Reading {
  const { type } = asked.column;
  const element = elementType(type);
  return element === undefined ? READINGS[type as ScalarType](asked) : listReading(element, asked);
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Lowest and highest integer of a column as two expressions; NULLs for columns of other types. */
function boundsSql({ type, name }: ColumnAbout): string {
  const quoted = quoteIdentifier(name);
  if (type === "int64") return `min(${quoted}), max(${quoted})`;
  return type === "list<int64>" ? `min(list_min(${quoted})), max(list_max(${quoted}))` : "NULL, NULL";
}

const isText = ({ type }: ColumnAbout): boolean => type === "string" || type === "json";

/** Rows of the files, and for each column whether its integers are exact as numbers. */
async function sizesOf(session: Engine, source: string, columns: readonly ColumnAbout[]) {
  const sql = `SELECT ${["count(*)", ...columns.map(boundsSql)].join(", ")} FROM ${source}`;
  const [[rows, ...bounds] = []] = await session.rows(sql);
  const isSafe = (bound: unknown): boolean => typeof bound !== "bigint" || (bound >= -SAFE && bound <= SAFE);
  const small = columns.map((_, i) => isSafe(bounds[2 * i]) && isSafe(bounds[2 * i + 1]));
  return { rows: Number(rows), small };
}

/** The engine numbers the texts of a key column, so that each is made once and not once a row. */
async function numberTexts(session: Engine, source: string, column: ColumnAbout): Promise<void> {
  const texts = `SELECT DISTINCT '.' || ${quoteIdentifier(column.name)} FROM ${source}`;
  await session.run(`CREATE TYPE ${enumName(column)} AS ENUM (${texts})`);
}

function changed(table: string, want: number, got: number): never {
  throw new StoreError("tables/changed", `The table ${table} had ${want} rows and then ${got} while it was read.`, {
    next: "An export replaced it meanwhile; open the tables again.",
  });
}

async function collect(
  session: Engine,
  sql: string,
  buffers: readonly ColumnBuffer[],
  { name }: TableAbout,
  rows: number,
): Promise<Cells[]> {
  let row = 0;
  for await (const { chunk, types } of session.chunks(sql)) {
    const next = row + chunk.rowCount;
    if (next > rows) changed(name, rows, next);
    for (const [i, type] of types.entries()) buffers[i]?.take(chunk, i, row, type);
    row = next;
  }
  if (row < rows) changed(name, rows, row);
  return buffers.map((buffer) => buffer.done());
}

/**
 * Reads columns of a relation as an Arquero table, rows in its order. Cells are copied from the
 * engine's vectors column by column: 8 bytes each for numbers, integers and timestamps.
 * @throws StoreError `tables/changed` when an export replaced files meanwhile; EngineError, MissingFileError.
 */
export async function readTable(session: Engine, request: TableRequest): Promise<ColumnTable> {
  const { table, columns, source } = request;
  const { rows, small } = await sizesOf(session, source, columns);
  const repeated = new Set(columns.filter((column) => rows > 0 && isText(column) && table.key.includes(column.name)));
  for (const column of repeated) await numberTexts(session, source, column);
  const readings = columns.map((column, i) =>
    readingOf({
      column,
      name: quoteIdentifier(column.name),
      small: request.integers === "auto" && small[i] === true,
      repeats: repeated.has(column),
      integers: request.integers,
      timestamps: request.timestamps,
    }),
  );
  const sql = `SELECT ${readings.map((reading) => reading.sql).join(", ")} FROM ${source}`;
  const buffers = readings.map(({ buffer }) => buffer(rows));
  const cells = columns.length === 0 ? [] : await collect(session, sql, buffers, table, rows);
  const names = columns.map(({ name }) => name);
  // A column may be called __proto__: fromEntries makes it an own property.
  return new ColumnTable(Object.fromEntries(names.map((name, i) => [name, cells[i] ?? []])), names);
}
