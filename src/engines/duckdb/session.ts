import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { WandbColumnsError } from "../../errors.js";

/** Limits of an engine session. */
export interface SessionOptions {
  /** Bytes that DuckDB may use; its own peak is somewhat higher. */
  readonly memory: number;
  readonly threads: number;
  /** A folder for what does not fit into memory. It must exist. */
  readonly temp: string;
}

/** A query that DuckDB refused, with its text. */
export class EngineError extends WandbColumnsError {
  readonly sql: string;

  constructor(message: string, sql: string, cause: unknown) {
    super("engine/query", message, { cause });
    this.sql = sql;
  }
}

/** One DuckDB in memory, with the settings that exactness needs (time zone UTC, insertion order kept). */
export class Session {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(options: SessionOptions): Promise<Session> {
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: `${Math.floor(options.memory / 1e6)}MB`,
      threads: String(options.threads),
      temp_directory: options.temp,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const session = new Session(instance, await instance.connect());
    await session.run("SET TimeZone = 'UTC'");
    return session;
  }

  /** Runs a statement. @throws EngineError */
  async run(sql: string): Promise<void> {
    await this.#guard(sql, () => this.#connection.run(sql));
  }

  /** All rows of a small result, as arrays of driver values. @throws EngineError */
  async rows(sql: string): Promise<DuckDBValue[][]> {
    const reader = await this.#guard(sql, () => this.#connection.runAndReadAll(sql));
    return reader.getRows();
  }

  /** Rows of a large result, chunk by chunk. @throws EngineError */
  async *stream(sql: string): AsyncGenerator<DuckDBValue[][]> {
    const result = await this.#guard(sql, () => this.#connection.stream(sql));
    for (;;) {
      const chunk = await this.#guard(sql, () => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) return;
      yield chunk.getRows();
    }
  }

  /** A second connection to the same database, for writing while a result streams. */
  async connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #guard<T>(sql: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new EngineError(`DuckDB could not run a query: ${message}`, sql, error);
    }
  }
}
