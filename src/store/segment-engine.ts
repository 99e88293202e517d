import {
  BIGINT,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  DuckDBTableFunction,
  INTEGER,
  LIST,
  listValue,
  VARCHAR,
} from "@duckdb/node-api";
import { RECORD_BLOBS, RECORD_KINDS, type RecordKind } from "../blob.js";
import { memoryError } from "../errors.js";
import { fillChunk } from "./segment-chunk.js";
import { copyStatement, KIND_COLUMNS, rowsFunction } from "./segment-columns.js";
import type { SegmentDraft } from "./segment-draft.js";
import { sortedRows } from "./segment-order.js";

/** A draft being read by the engine. */
interface Cursor {
  readonly draft: SegmentDraft;
  readonly order: Uint32Array | undefined;
  next: number;
}

/** Fills one chunk of a table function with the next rows of the draft. */
function nextChunk(cursor: Cursor, chunk: DuckDBDataChunk): void {
  cursor.next += fillChunk(chunk, cursor.draft, cursor.order, cursor.next);
}

function draftRows(kind: RecordKind, cursor: () => Cursor): DuckDBTableFunction {
  return DuckDBTableFunction.create({
    name: rowsFunction(kind),
    bindFunction(bind) {
      bind.addResultColumn("log_index", INTEGER);
      for (const name of KIND_COLUMNS[kind].rowNumbers) bind.addResultColumn(name, BIGINT);
      for (const blob of RECORD_BLOBS[kind]) {
        bind.addResultColumn(blob, VARCHAR);
        bind.addResultColumn(`${blob}_hazards`, INTEGER);
      }
    },
    initFunction(init) {
      init.setMaxThreads(1);
    },
    mainFunction(info, chunk) {
      try {
        nextChunk(cursor(), chunk);
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

/** Engines of a writer: so many segments are written at once. */
export const SEGMENT_ENGINES = 2;

/** Settings of the embedded engine. */
export interface EngineSettings {
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
      // A second thread would only spin while JavaScript fills a chunk.
      threads: "1",
      memory_limit: settings.memory,
      autoinstall_known_extensions: "false",
      temp_directory: "",
    });
    const engine = new SegmentEngine(instance, await instance.connect());
    const cursor = () => engine.#current();
    for (const kind of RECORD_KINDS) engine.connection.registerTableFunction(draftRows(kind, cursor));
    return engine;
  }

  /**
   * Writes the rows of a draft, sorted by key, to a Parquet file; gives their order, or undefined when it is that of the
   * draft.
   * @throws MemoryError when the widest row does not fit.
   */
  async write(draft: SegmentDraft, file: string): Promise<Uint32Array | undefined> {
    const order = sortedRows(draft);
    this.#cursor = { draft, order, next: 0 };
    const texts = listValue(logTexts(draft));
    await this.connection.run("SET VARIABLE log_texts = $1", [texts], [LIST(VARCHAR)]);
    await this.connection.run("SET VARIABLE log_numbers = $1", [listValue(logNumbers(draft))], [LIST(BIGINT)]);
    await this.connection.run("SET VARIABLE segment_file = $1", [file]);
    try {
      await this.connection.run(copyStatement(draft.kind));
    } catch (error) {
      throw memoryError(error) ?? error;
    }
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
