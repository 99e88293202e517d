import {
  BIGINT,
  BLOB,
  type DuckDBBigIntVector,
  type DuckDBBlobVector,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBIntegerVector,
  DuckDBTableFunction,
  INTEGER,
  LIST,
  listValue,
  VARCHAR,
} from "@duckdb/node-api";
import { RECORD_BLOBS, RECORD_KINDS, type RecordKind } from "../blob.js";
import type { RowNumber } from "./segment-columns.js";
import { copyStatement, KIND_COLUMNS, rowsFunction } from "./segment-columns.js";
import { type SegmentDraft, sortedRows, type TextColumn } from "./segment-draft.js";

const CHUNK_ROWS = 2048;

/** A draft being read by the engine. */
interface Cursor {
  readonly draft: SegmentDraft;
  readonly order: Uint32Array;
  next: number;
}

function writeBigInts(vector: DuckDBBigIntVector, values: ArrayLike<number | bigint>, rows: Uint32Array): void {
  for (const [i, row] of rows.entries()) vector.setItem(i, BigInt(values[row] as number | bigint));
  vector.flush();
}

function writeTexts(vector: DuckDBBlobVector, column: TextColumn, draft: SegmentDraft, rows: Uint32Array): void {
  for (const [i, row] of rows.entries()) {
    const start = column.start[row] as number;
    vector.setItem(i, start < 0 ? null : { bytes: draft.arena.bytes.subarray(start, column.end[row]) });
  }
  vector.flush();
}

function writeHazards(vector: DuckDBIntegerVector, column: TextColumn, rows: Uint32Array): void {
  for (const [i, row] of rows.entries()) {
    vector.setItem(i, (column.start[row] as number) < 0 ? null : (column.hazards[row] as number));
  }
  vector.flush();
}

/** Fills one chunk of a table function with the next rows of the draft. */
function writeChunk(cursor: Cursor, chunk: DuckDBDataChunk): void {
  const { draft, order, next } = cursor;
  const rows = order.subarray(next, next + CHUNK_ROWS);
  cursor.next += rows.length;
  chunk.rowCount = rows.length;
  if (rows.length === 0) return;
  let column = 0;
  const vector = () => chunk.getColumnVector(column++);
  writeBigInts(vector() as DuckDBBigIntVector, draft.logIndex, rows);
  for (const name of KIND_COLUMNS[draft.kind].rowNumbers) {
    writeBigInts(vector() as DuckDBBigIntVector, draft[name satisfies RowNumber], rows);
  }
  for (const text of draft.texts) {
    writeTexts(vector() as DuckDBBlobVector, text, draft, rows);
    writeHazards(vector() as DuckDBIntegerVector, text, rows);
  }
}

function draftRows(kind: RecordKind, cursor: () => Cursor): DuckDBTableFunction {
  return DuckDBTableFunction.create({
    name: rowsFunction(kind),
    bindFunction(bind) {
      bind.addResultColumn("log_index", BIGINT);
      for (const name of KIND_COLUMNS[kind].rowNumbers) bind.addResultColumn(name, BIGINT);
      for (const blob of RECORD_BLOBS[kind]) {
        bind.addResultColumn(blob, BLOB);
        bind.addResultColumn(`${blob}_hazards`, INTEGER);
      }
    },
    initFunction(init) {
      init.setMaxThreads(1);
    },
    mainFunction(info, chunk) {
      try {
        writeChunk(cursor(), chunk);
      } catch (error) {
        info.setError(String(error));
      }
    },
  });
}

function logTexts(draft: SegmentDraft): (string | null)[] {
  return draft.logs.flatMap(({ log, state }) => [
    log.entity,
    log.project,
    log.run_id,
    log.source,
    log.start,
    state ?? null,
  ]);
}

function logNumbers(draft: SegmentDraft): (bigint | null)[] {
  const optional = (value: number | undefined) => (value === undefined ? null : BigInt(value));
  return draft.logs.flatMap((log) => [
    BigInt(log.version),
    BigInt(log.fetchedAt.getTime()) * 1000n,
    optional(log.expectedRows),
    optional(log.historyRows),
  ]);
}

/** Settings of the embedded engine. */
export interface EngineSettings {
  readonly threads: number;
  /** Such as `512MB`. */
  readonly memory: string;
}

/** An embedded DuckDB that writes and reads segments. One statement at a time. */
export class SegmentEngine {
  readonly connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  #cursor: Cursor | undefined;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.connection = connection;
  }

  static async open(settings: EngineSettings): Promise<SegmentEngine> {
    const instance = await DuckDBInstance.create(":memory:", {
      threads: String(settings.threads),
      memory_limit: settings.memory,
      autoinstall_known_extensions: "false",
      temp_directory: "",
    });
    const engine = new SegmentEngine(instance, await instance.connect());
    const cursor = () => engine.#current();
    for (const kind of RECORD_KINDS) engine.connection.registerTableFunction(draftRows(kind, cursor));
    return engine;
  }

  /** Writes the rows of a draft, sorted by key, to a Parquet file; gives the rows' order. */
  async write(draft: SegmentDraft, file: string): Promise<Uint32Array> {
    const order = sortedRows(draft);
    this.#cursor = { draft, order, next: 0 };
    const texts = listValue(logTexts(draft));
    await this.connection.run("SET VARIABLE log_texts = $1", [texts], [LIST(VARCHAR)]);
    await this.connection.run("SET VARIABLE log_numbers = $1", [listValue(logNumbers(draft))], [LIST(BIGINT)]);
    await this.connection.run("SET VARIABLE segment_file = $1", [file]);
    await this.connection.run(copyStatement(draft.kind));
    this.#cursor = undefined;
    return order;
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }

  #current(): Cursor {
    if (this.#cursor === undefined) throw new Error("No draft is being written");
    return this.#cursor;
  }
}
