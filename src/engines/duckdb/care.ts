import { type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import { memoryError } from "../../errors.js";
import { type Finding, FindingCounts } from "../../finding.js";
import { type OwnRow, type RawRecord, type Row, type SpreadRecord, spreadRecord } from "../../flatten/flatten.js";
import type { RecordShape } from "../../flatten/shape.js";
import type { Value } from "../../flatten/value.js";
import type { Column, LogicalType, Table } from "../../plan/plan.js";
import { type CellColumn, cellColumn } from "./cell-column.js";
import { driverType } from "./cells.js";
import type { Session } from "./session.js";
import { CELL_TYPES, quoteIdentifier } from "./types.js";

/** Rows wait for a chunk until there are this many, or this many characters of text in them. */
const CHUNK_ROWS = 1024;
const CHUNK_TEXT = 4_000_000;
/** So many characters wait in the appender: each flush costs a wide table a third of a second. */
const FLUSH_TEXT = 32_000_000;

function withinMemory(act: () => void): void {
  try {
    act();
  } catch (error) {
    throw memoryError(error) ?? error;
  }
}

interface Field {
  readonly name: string;
  readonly type: LogicalType;
}

/** Columns of a table as they are written: the plan's, then its residuals. */
export function fieldsOf(table: Table): Field[] {
  const residuals = table.residuals.map((residual): Field => ({ name: residual.name, type: "string" }));
  return [...table.columns.map((column: Column): Field => ({ name: column.name, type: column.type })), ...residuals];
}

const isNegativeZero = (value: Value): boolean =>
  value === 0 ? Object.is(value, -0) : Array.isArray(value) && value.some(isNegativeZero);

/** A DuckDB table that takes rows of a plan table, in chunks of columns. */
class RowTable {
  readonly name: string;
  /** Whether a cell is a zero with a minus. */
  negativeZero = false;
  readonly #places: ReadonlyMap<string, number>;
  readonly #columns: readonly CellColumn[];
  readonly #chunk: DuckDBDataChunk;
  readonly #appender: DuckDBAppender;
  #rows = 0;
  #text = 0;
  #unflushed = 0;

  private constructor(name: string, fields: readonly Field[], appender: DuckDBAppender) {
    this.name = name;
    this.#places = new Map(fields.map((field, i) => [field.name, i]));
    this.#columns = fields.map((field) => cellColumn(field.type, CHUNK_ROWS));
    this.#chunk = DuckDBDataChunk.create(fields.map((field) => driverType(field.type)));
    this.#appender = appender;
  }

  static async create(connection: DuckDBConnection, name: string, fields: readonly Field[]): Promise<RowTable> {
    const columns = fields.map((field) => `${quoteIdentifier(field.name)} ${CELL_TYPES[field.type]}`);
    await connection.run(`CREATE OR REPLACE TABLE ${quoteIdentifier(name)} (${columns.join(", ")})`);
    return new RowTable(name, fields, await connection.createAppender(name));
  }

  /** Puts a cell into the row that is being filled; one of no column is dropped. */
  #set(name: string, value: Value): void {
    const place = value === null ? undefined : this.#places.get(name);
    if (value === null || place === undefined) return;
    (this.#columns[place] as CellColumn).set(this.#rows, value);
    if (typeof value === "string") this.#text += value.length;
    else if (!this.negativeZero && isNegativeZero(value)) this.negativeZero = true;
  }

  add(row: ReadonlyMap<string, Value>): void {
    for (const [name, value] of row) this.#set(name, value);
    this.#end();
  }

  addOwn({ cells, others }: OwnRow): void {
    for (const some of cells) for (const [column, value] of some) this.#set(column.name, value);
    this.add(others);
  }

  #end(): void {
    this.#rows += 1;
    if (this.#rows >= CHUNK_ROWS || this.#text > CHUNK_TEXT) this.#write();
  }

  #write(): void {
    if (this.#rows === 0) return;
    this.#chunk.reset();
    this.#chunk.rowCount = this.#rows;
    for (const [i, column] of this.#columns.entries()) column.moveTo(this.#chunk, i, this.#rows);
    withinMemory(() => this.#appender.appendDataChunk(this.#chunk));
    this.#unflushed += this.#text;
    this.#rows = 0;
    this.#text = 0;
    if (this.#unflushed < FLUSH_TEXT) return;
    this.#unflushed = 0;
    withinMemory(() => this.#appender.flushSync());
  }

  close(): void {
    this.#write();
    withinMemory(() => this.#appender.flushSync());
    this.#appender.closeSync();
  }
}

/** Writes rows into a new DuckDB table. */
export async function writeRows(
  session: Session,
  name: string,
  fields: readonly Field[],
  rows: readonly Row[],
): Promise<void> {
  const connection = await session.connect();
  try {
    const table = await RowTable.create(connection, name, fields);
    for (const row of rows) table.add(row);
    table.close();
  } finally {
    connection.closeSync();
  }
}

/** What the careful way gave: a DuckDB table of rows for each plan table that has some, and the findings. */
export interface CareResult {
  readonly tables: ReadonlyMap<string, string>;
  readonly records: number;
  /** One a code, blob and run, with the number of records. */
  readonly findings: readonly Finding[];
  /** Whether a cell is a zero with a minus. */
  readonly negativeZero: boolean;
}

function misfitRows(record: RawRecord, flat: SpreadRecord): Row[] {
  const { entity, project, run_id } = record.key;
  return flat.misfits.map(
    (misfit): Row =>
      new Map<string, string | bigint>([
        ["entity", entity],
        ["project", project],
        ["run_id", run_id],
        ["step", record.step],
        ["ordinal", record.ordinal],
        ...Object.entries(misfit),
      ]),
  );
}

/** Flattens records one by one into DuckDB tables called `prefix` and the table's name. */
export async function flattenCarefully(
  session: Session,
  shape: RecordShape,
  misfits: Table,
  records: AsyncIterable<RawRecord>,
  prefix: string,
): Promise<CareResult> {
  const connection = await session.connect();
  const plan = new Map([shape.table, ...shape.familyTables, misfits].map((table) => [table.name, table]));
  const open = new Map<string, RowTable>();
  const findings = new FindingCounts();
  let count = 0;
  const tableOf = async (table: Table): Promise<RowTable> => {
    const known = open.get(table.name);
    if (known !== undefined) return known;
    const made = await RowTable.create(connection, `${prefix}${table.name}`, fieldsOf(table));
    open.set(table.name, made);
    return made;
  };
  const add = async (name: string, rows: readonly Row[]): Promise<void> => {
    const table = plan.get(name);
    if (table === undefined || rows.length === 0) return;
    const target = await tableOf(table);
    for (const row of rows) target.add(row);
  };
  try {
    for await (const record of records) {
      const flat = spreadRecord(shape, record);
      count += 1;
      for (const item of flat.findings) findings.add(item);
      if (flat.own !== undefined) (open.get(shape.table.name) ?? (await tableOf(shape.table))).addOwn(flat.own);
      for (const [name, rows] of flat.rows) await add(name, rows);
      await add(misfits.name, misfitRows(record, flat));
    }
    for (const table of open.values()) table.close();
  } finally {
    connection.closeSync();
  }
  return {
    tables: new Map([...open].map(([name, table]) => [name, table.name])),
    records: count,
    findings: findings.list(),
    negativeZero: [...open.values()].some((table) => table.negativeZero),
  };
}
