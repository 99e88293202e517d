import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
} from "@duckdb/node-api";
import { memoryError, WandbColumnsError } from "../../errors.js";

/** Limits of an engine session. */
export interface SessionOptions {
  /** Bytes that DuckDB may use; its own peak is somewhat higher. */
  readonly memory: number;
  readonly threads: number;
  /** A folder for what does not fit into memory. It must exist. */
  readonly temp: string;
  /** Interrupts the query that runs, and refuses further ones. */
  readonly signal?: AbortSignal | undefined;
}

/** A query that DuckDB refused, with its text. */
export class EngineError extends WandbColumnsError {
  readonly sql: string;

  constructor(message: string, sql: string, cause: unknown) {
    super("engine/query", message, { cause });
    this.sql = sql;
  }
}

/** A Parquet file that a query names is not there. */
export class MissingFileError extends WandbColumnsError {
  constructor(file: string, cause: unknown) {
    super("engine/missing-file", `A Parquet file is missing: ${file}`, {
      where: { file },
      next: "Restore it, or move the folder it belongs to away: raw/ is imported again, tables/ exported again.",
      cause,
    });
  }
}

/**
 * Optimizers that look for what our queries never have (plans in common, joins to drop), in time that grows with the
 * columns: planning a table of 1,700 columns takes a third of the time without them.
 */
const COSTLY_OPTIMIZERS = [
  "common_subplan",
  "common_subexpressions",
  "compressed_materialization",
  "cte_inlining",
  "join_elimination",
  "late_materialization",
  "statistics_propagation",
].join(",");

/** One DuckDB in memory, with the settings that exactness needs (time zone UTC, insertion order kept). */
export class Session {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal | undefined;
  #owner = true;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, signal: AbortSignal | undefined) {
    this.#instance = instance;
    this.#connection = connection;
    this.#signal = signal;
  }

  static async open(options: SessionOptions): Promise<Session> {
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: `${Math.floor(options.memory / 1e6)}MB`,
      threads: String(options.threads),
      temp_directory: options.temp,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    try {
      const session = new Session(instance, await instance.connect(), options.signal);
      await session.#prepare();
      return session;
    } catch (error) {
      instance.closeSync();
      throw error;
    }
  }

  /**
   * A session on the same database with a connection of its own, so that both can be at work at once. Close it before
   * this one.
   */
  async lane(): Promise<Session> {
    const lane = new Session(this.#instance, await this.#instance.connect(), this.#signal);
    lane.#owner = false;
    await lane.#prepare();
    return lane;
  }

  async #prepare(): Promise<void> {
    await this.run("SET TimeZone = 'UTC'");
    await this.run(`SET disabled_optimizers = '${COSTLY_OPTIMIZERS}'`);
  }

  /** Runs a statement. @throws EngineError, MemoryError, or the signal's reason */
  async run(sql: string): Promise<void> {
    await this.#guard(this.#connection, sql, () => this.#connection.run(sql));
  }

  /** All rows of a small result, as arrays of driver values. @throws as `run` */
  async rows(sql: string): Promise<DuckDBValue[][]> {
    const reader = await this.#guard(this.#connection, sql, () => this.#connection.runAndReadAll(sql));
    return reader.getRows();
  }

  /** Rows of a large result, chunk by chunk. @throws as `run` */
  async *stream(sql: string): AsyncGenerator<DuckDBValue[][]> {
    for await (const { chunk } of this.chunks(sql)) yield chunk.getRows();
  }

  /**
   * A large result by columns, chunk by chunk, with the types of its columns. A chunk's memory is DuckDB's: what is kept
   * must be copied before the next one is asked for.
   * @throws as `run`
   */
  async *chunks(
    sql: string,
  ): AsyncGenerator<{ readonly chunk: DuckDBDataChunk; readonly types: readonly DuckDBType[] }> {
    // A connection holds one open result: a second stream on it would end the first without a word.
    const connection = await this.#instance.connect();
    try {
      const result = await this.#guard(connection, sql, () => connection.stream(sql));
      const types = result.columnTypes();
      for (;;) {
        const chunk = await this.#guard(connection, sql, () => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield { chunk, types };
      }
    } finally {
      connection.closeSync();
    }
  }

  /** A second connection to the same database, for writing while a result streams. */
  async connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  close(): void {
    this.#connection.closeSync();
    if (this.#owner) this.#instance.closeSync();
  }

  async #guard<T>(connection: DuckDBConnection, sql: string, act: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted();
    const interrupt = (): void => connection.interrupt();
    this.#signal?.addEventListener("abort", interrupt, { once: true });
    try {
      return await act();
    } catch (error) {
      this.#signal?.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      const memory = memoryError(error);
      if (memory !== undefined) throw memory;
      const missing = /No files found that match the pattern "([^"]*)"/.exec(message)?.[1];
      if (missing !== undefined) throw new MissingFileError(missing, error);
      throw new EngineError(`DuckDB could not run a query: ${message}`, sql, error);
    } finally {
      this.#signal?.removeEventListener("abort", interrupt);
    }
  }
}
