import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
} from "@duckdb/node-api";
import { memoryError } from "../../errors.js";
import { type Finding, FindingCounts } from "../../finding.js";
import { type Flattened, flattenRecord, type RawRecord, type Row } from "../../flatten/flatten.js";
import type { RecordShape } from "../../flatten/shape.js";
import type { Value } from "../../flatten/value.js";
import type { Column, LogicalType, Table } from "../../plan/plan.js";
import { driverType, toDriver } from "./cells.js";
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

/** A DuckDB table that takes rows of a plan table, in chunks. */
class RowTable {
  readonly name: string;
  readonly #fields: readonly Field[];
  readonly #types: readonly DuckDBType[];
  readonly #convert: readonly ((value: Value) => DuckDBValue)[];
  readonly #appender: DuckDBAppender;
  #rows: Row[] = [];
  #text = 0;
  #unflushed = 0;

  private constructor(name: string, fields: readonly Field[], appender: DuckDBAppender) {
    this.name = name;
    this.#fields = fields;
    this.#types = fields.map((field) => driverType(field.type));
    this.#convert = fields.map((field) => toDriver(field.type));
    this.#appender = appender;
  }

  static async create(connection: DuckDBConnection, name: string, fields: readonly Field[]): Promise<RowTable> {
    const columns = fields.map((field) => `${quoteIdentifier(field.name)} ${CELL_TYPES[field.type]}`);
    await connection.run(`CREATE OR REPLACE TABLE ${quoteIdentifier(name)} (${columns.join(", ")})`);
    return new RowTable(name, fields, await connection.createAppender(name));
  }

  add(row: Row): void {
    this.#rows.push(row);
    for (const value of row.values()) if (typeof value === "string") this.#text += value.length;
    if (this.#rows.length >= CHUNK_ROWS || this.#text > CHUNK_TEXT) this.#write();
  }

  #write(): void {
    if (this.#rows.length === 0) return;
    const chunk = DuckDBDataChunk.create(this.#types, this.#rows.length);
    for (const [i, { name }] of this.#fields.entries()) {
      const convert = this.#convert[i] as (value: Value) => DuckDBValue;
      const cells = this.#rows.map((row) => convert(row.get(name) ?? null));
      chunk.setColumnValues(i, cells);
    }
    withinMemory(() => this.#appender.appendDataChunk(chunk));
    this.#unflushed += this.#text;
    this.#rows = [];
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

const isNegativeZero = (value: Value): boolean =>
  Object.is(value, -0) || (Array.isArray(value) && value.some(isNegativeZero));

function hasNegativeZero(row: Row): boolean {
  for (const value of row.values()) if (isNegativeZero(value)) return true;
  return false;
}

function misfitRows(record: RawRecord, flat: Flattened): Row[] {
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
  let negativeZero = false;
  let count = 0;
  const add = async (name: string, rows: readonly Row[]): Promise<void> => {
    const table = plan.get(name);
    if (table === undefined || rows.length === 0) return;
    let target = open.get(name);
    if (target === undefined) {
      target = await RowTable.create(connection, `${prefix}${name}`, fieldsOf(table));
      open.set(name, target);
    }
    for (const row of rows) {
      negativeZero ||= hasNegativeZero(row);
      target.add(row);
    }
  };
  try {
    for await (const record of records) {
      const flat = flattenRecord(shape, record);
      count += 1;
      for (const item of flat.findings) findings.add(item);
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
    negativeZero,
  };
}
