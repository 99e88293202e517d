import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { SourceError } from "../../errors.js";
import { type Finding, finding } from "../../finding.js";
import { HistoryReader } from "./history-reader.js";
import type { DrWandbFiles, DrWandbLayout } from "./layout.js";
import { MetadataReader, readKeys } from "./metadata-reader.js";
import { columnIndex, damaged, isFinding, openParquet, type ParquetFile } from "./parquet-file.js";
import { indexRuns, type KeyRow, type RunEntry } from "./run-index.js";

/** What the import needs from outside. */
export interface DrWandbEnv {
  readonly files: DrWandbFiles;
  readonly engine: {
    readonly threads: number;
    /** Such as `512MB`. */
    readonly memory: string;
    /** Where a sort that does not fit into the memory is kept. */
    readonly temporaryDirectory: string;
  };
}

/** The files of an export, being read side by side. */
export interface ReadableExport {
  /** For single queries. */
  readonly connection: DuckDBConnection;
  readonly entries: readonly RunEntry[];
  readonly metadata: readonly MetadataReader[];
  readonly history: HistoryReader | undefined;
  /** Whether there is a history file that cannot be read. */
  readonly historyFailed: boolean;
  close(): void;
}

type Report = (item: Finding) => void;

/** A file with a column run_id; all else is told of. */
async function openFile(
  path: string,
  connection: DuckDBConnection,
  env: DrWandbEnv,
  report: Report,
): Promise<ParquetFile | undefined> {
  const file = await openParquet(path, connection, env.files);
  if (isFinding(file)) report(file);
  else if (columnIndex(file, "run_id") >= 0) return file;
  else {
    const names = file.columns.map((column) => column.name).join(", ");
    const message = `${path} has no column run_id; its columns are ${names}`;
    report(finding("source/wrong-shape", message, { where: { file: path } }));
  }
  return undefined;
}

/** The result of reading, or undefined and a finding when the engine cannot. */
async function attempt<T>(path: string, report: Report, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    report(damaged(path, error));
    return undefined;
  }
}

interface KeyedFile {
  readonly file: ParquetFile;
  readonly keys: readonly KeyRow[];
}

async function openMetadata(
  layout: DrWandbLayout,
  connection: DuckDBConnection,
  env: DrWandbEnv,
  report: Report,
): Promise<KeyedFile[]> {
  const keyed: KeyedFile[] = [];
  for (const path of [layout.metadata ?? [], ...layout.components].flat()) {
    const file = await openFile(path, connection, env, report);
    if (file === undefined) continue;
    const keys = await attempt(path, report, () => readKeys(connection, file));
    if (keys !== undefined) keyed.push({ file, keys });
  }
  return keyed;
}

/**
 * Opens the files of an export.
 * @throws SourceError when none can be read.
 */
export async function openExport(layout: DrWandbLayout, env: DrWandbEnv, report: Report): Promise<ReadableExport> {
  const { threads, memory, temporaryDirectory } = env.engine;
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(threads),
    memory_limit: memory,
    temp_directory: temporaryDirectory,
    autoinstall_known_extensions: "false",
  });
  try {
    return await openReaders(instance, layout, env, report);
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

async function openReaders(
  instance: DuckDBInstance,
  layout: DrWandbLayout,
  env: DrWandbEnv,
  tell: Report,
): Promise<ReadableExport> {
  const problems: Finding[] = [];
  const report = (item: Finding): void => {
    problems.push(item);
    tell(item);
  };
  const connection = await instance.connect();
  const keyed = await openMetadata(layout, connection, env, report);
  const entries = indexRuns(keyed.map((item) => item.keys));
  const metadata: MetadataReader[] = [];
  for (const [index, { file }] of keyed.entries()) {
    const open = async () => MetadataReader.open(await instance.connect(), file, index, entries);
    const reader = await attempt(file.path, report, open);
    if (reader !== undefined) metadata.push(reader);
  }
  const history = await openHistory(instance, connection, layout, env, entries, report);
  if (metadata.length === 0 && history === undefined) throw unreadable(layout, problems);
  for (const file of layout.unknown) {
    tell(finding("source/unrecognised", `${file} is no file of a dr_wandb export`, { where: { file } }));
  }
  const historyFailed = layout.history !== undefined && history === undefined;
  return { connection, entries, metadata, history, historyFailed, close: () => instance.closeSync() };
}

async function openHistory(
  instance: DuckDBInstance,
  connection: DuckDBConnection,
  layout: DrWandbLayout,
  env: DrWandbEnv,
  entries: readonly RunEntry[],
  report: Report,
): Promise<HistoryReader | undefined> {
  if (layout.history === undefined) return undefined;
  const file = await openFile(layout.history, connection, env, report);
  if (file === undefined) return undefined;
  return attempt(file.path, report, async () => HistoryReader.open(await instance.connect(), file, entries));
}

function unreadable(layout: DrWandbLayout, problems: readonly Finding[]): SourceError {
  const why = problems.map((item) => item.message).join("; ");
  return new SourceError("source/unreadable", `Nothing of ${layout.path} can be read: ${why}`, {
    where: { file: layout.path },
    next: "Export the runs again with dr_wandb.",
  });
}
