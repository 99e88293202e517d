import type { DuckDBConnection, DuckDBDataChunk, DuckDBType, DuckDBValue } from "@duckdb/node-api";

/** One row of a chunk; valid until the next one is asked for. */
export interface ChunkRow {
  readonly chunk: DuckDBDataChunk;
  readonly row: number;
}

/** The rows of a query one after the other, in bounded memory. */
export class RowStream {
  readonly #fetch: () => Promise<DuckDBDataChunk | null>;
  #chunk: DuckDBDataChunk | null = null;
  #row = 0;

  private constructor(fetch: () => Promise<DuckDBDataChunk | null>) {
    this.#fetch = fetch;
  }

  /** Starts a query; nothing else may run on the connection until the stream is read or given up. */
  static async open(
    connection: DuckDBConnection,
    sql: string,
    values: DuckDBValue[] = [],
    types: DuckDBType[] = [],
  ): Promise<RowStream> {
    const result = await connection.stream(sql, values, types);
    return new RowStream(() => result.fetchChunk());
  }

  /** The next row, undefined after the last. @throws what the engine throws while it reads. */
  async next(): Promise<ChunkRow | undefined> {
    this.#row += 1;
    if (this.#chunk === null || this.#row >= this.#chunk.rowCount) {
      this.#chunk = await this.#fetch();
      this.#row = 0;
    }
    return this.#chunk === null || this.#chunk.rowCount === 0 ? undefined : { chunk: this.#chunk, row: this.#row };
  }
}
