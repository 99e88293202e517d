import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { StoreEnv } from "./store-env.js";

/** Folder inside the store for what does not fit into the engine's memory; it is there only while segments are merged. */
export const ENGINE_FOLDER = ".engine";

/**
 * Lends an embedded DuckDB that reads and writes segments within bounded memory, and removes what it has put aside.
 * @param directory the store.
 */
export async function withMergeEngine<T>(
  env: Pick<StoreEnv, "engine" | "mergeMemory" | "files">,
  directory: string,
  act: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const folder = join(directory, ENGINE_FOLDER);
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: env.mergeMemory ?? env.engine.memory,
    temp_directory: folder,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  try {
    const connection = await instance.connect();
    try {
      return await act(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
    await env.files.rm(folder, { recursive: true, force: true });
  }
}
