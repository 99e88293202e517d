import * as files from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import type { RecordKind } from "../../src/blob.js";
import type { LogKey, LogState, RunBlobs } from "../../src/store/raw-record.js";
import { openStore, type RawStore } from "../../src/store/raw-store.js";
import type { ImportSummary, RawStoreWriter } from "../../src/store/raw-store-writer.js";
import type { StoreEnv } from "../../src/store/store-env.js";

export const NOW = new Date("2026-01-02T03:04:05.678Z");

export function storeEnv(changes: Partial<StoreEnv> = {}): StoreEnv {
  return {
    now: () => NOW,
    files,
    process: { pid: process.pid, host: "here", isAlive: (pid) => pid === process.pid, startOf: () => undefined },
    engine: { memory: "1GB" },
    ...changes,
  };
}

export { temporaryFolder } from "../temporary-folder.js";

/** One log, in words that read well in a test. */
export interface TestLog {
  readonly key?: Partial<LogKey>;
  readonly rows?: readonly (string | Uint8Array | { readonly step: bigint; readonly text: string })[];
  readonly events?: readonly string[];
  readonly blobs?: Partial<Record<keyof RunBlobs, string | Uint8Array>>;
  readonly state?: LogState;
  readonly expectedRows?: number;
}

export function logKey(changes: Partial<LogKey> = {}): LogKey {
  return { entity: "team", project: "vision", run_id: "r1", source: "wandb-log", start: "", ...changes };
}

export const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === "string" ? Buffer.from(text, "utf8") : text;

export async function writeLog(writer: RawStoreWriter, log: TestLog): Promise<void> {
  writer.begin(logKey(log.key));
  for (const row of log.rows ?? []) {
    const given = typeof row === "object" && "text" in row ? row : { step: undefined, text: row };
    const bytes = bytesOf(given.text);
    writer.history(given.step, bytes, 0, bytes.length);
  }
  for (const event of log.events ?? []) writer.systemEvent(bytesOf(event), 0, bytesOf(event).length);
  const { run = "{}", ...others } = log.blobs ?? {};
  const blobs: RunBlobs = { run: bytesOf(run) };
  for (const [blob, text] of Object.entries(others)) Object.assign(blobs, { [blob]: bytesOf(text) });
  await writer.end(blobs, log.state ?? "complete", log.expectedRows);
}

/** Imports logs in one commit. */
export async function importLogs(store: RawStore, ...logs: readonly TestLog[]): Promise<ImportSummary> {
  const writer = await store.writer();
  for (const log of logs) await writeLog(writer, log);
  return writer.commit();
}

/** Rows of a query over Parquet files, as plain JavaScript values. */
export async function query(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJS();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** The live rows of a kind, segment by segment. */
export async function liveRows(directory: string, kind: RecordKind, columns: string) {
  const rows: Record<string, unknown>[] = [];
  for (const segment of (await openStore(directory, storeEnv())).liveSegments(kind)) {
    const live = `version IN (${segment.versions.live.join(", ")})`;
    rows.push(...(await query(`SELECT ${columns} FROM read_parquet('${segment.path}') WHERE ${live}`)));
  }
  return rows;
}
