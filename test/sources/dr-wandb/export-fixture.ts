import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Finding } from "../../../src/finding.js";
import type { DrWandbEnv } from "../../../src/sources/dr-wandb/export-source.js";
import { importDrWandb } from "../../../src/sources/dr-wandb/import.js";
import type { ImportOptions, LogKey, LogState, RecordWriter, RunBlobs } from "../../../src/store/raw-record.js";
import { temporaryFolder } from "../../temporary-folder.js";

export const SAMPLE = join(import.meta.dirname, "../../data/dr_wandb_export");

export const env: DrWandbEnv = {
  files,
  engine: { threads: 2, memory: "1GB", temporaryDirectory: join(tmpdir(), "wandb-columns-spill") },
};

export { temporaryFolder };

/** Writes the rows of queries to Parquet files of a new folder; gives the folder. */
export async function exportFolder(queries: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  for (const [name, sql] of Object.entries(queries)) {
    await connection.run("SET VARIABLE target = $1", [join(folder, name)]);
    await connection.run(`COPY (${sql}) TO (getvariable('target')) (FORMAT parquet)`);
  }
  connection.closeSync();
  instance.closeSync();
  return folder;
}

export interface ImportedLog {
  readonly key: LogKey;
  readonly history: string[];
  readonly blobs: Readonly<Partial<Record<keyof RunBlobs, string>>>;
  readonly state: LogState;
  readonly expectedRows: number | undefined;
  readonly findings: Finding[];
}

/** A writer that keeps what it is given, and insists on the order of calls. */
class Recorder implements RecordWriter {
  readonly logs: ImportedLog[] = [];
  readonly findings: Finding[] = [];
  #open: { key: LogKey; history: string[]; findings: Finding[] } | undefined;

  begin(key: LogKey): void {
    if (this.#open !== undefined) throw new Error("begin before end");
    this.#open = { key, history: [], findings: [] };
  }

  history(step: bigint | undefined, bytes: Uint8Array, from: number, to: number): void {
    if (step !== undefined) throw new Error("this source has no step beside _step");
    this.#current().history.push(Buffer.from(bytes.slice(from, to)).toString("utf8"));
  }

  systemEvent(): void {
    throw new Error("this source has no stream of system events");
  }

  async end(blobs: RunBlobs, state: LogState, expectedRows?: number): Promise<void> {
    const texts = Object.entries(blobs).flatMap(([blob, bytes]) =>
      bytes === undefined ? [] : [[blob, Buffer.from(bytes).toString("utf8")]],
    );
    this.logs.push({ ...this.#current(), blobs: Object.fromEntries(texts), state, expectedRows });
    this.#open = undefined;
  }

  async flush(): Promise<void> {}

  finding(item: Finding): void {
    (this.#open?.findings ?? this.findings).push(item);
  }

  #current() {
    if (this.#open === undefined) throw new Error("a record outside of a log");
    return this.#open;
  }
}

/** Imports a path; what came of it. */
export async function imported(path: string, options: ImportOptions = {}) {
  const recorder = new Recorder();
  await importDrWandb(path, recorder, options, env);
  const all = [...recorder.findings, ...recorder.logs.flatMap((log) => log.findings)];
  return { logs: recorder.logs, findings: all, outside: recorder.findings };
}
