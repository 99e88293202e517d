import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { memoryError } from "../../errors.js";
import { type Finding, finding } from "../../finding.js";
import { type DrWandbEnv, isFinding, type ReadableExport, unreadable } from "./export-source.js";
import { HistoryReader } from "./history-reader.js";
import type { ParquetLayout } from "./layout.js";
import { MetadataReader, readKeys, readRows } from "./metadata-reader.js";
import { columnIndex, damaged, openParquet, type ParquetFile } from "./parquet-file.js";
import type { CellSource } from "./run-cells.js";
import { indexRuns, type KeyRow, type RunEntry } from "./run-index.js";
import type { TextLimits } from "./text-limits.js";
import { withoutUnreadable } from "./unread-columns.js";

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

/** Opens a file; without the columns that are too long for the memory when there are such. */
async function openWithin(
  connection: DuckDBConnection,
  file: ParquetFile,
  open: (file: ParquetFile) => Promise<MetadataReader>,
): Promise<MetadataReader> {
  try {
    return await open(file);
  } catch (error) {
    const rest = memoryError(error) === undefined ? undefined : await withoutUnreadable(connection, file);
    if (rest === undefined) throw error;
    return open(rest);
  }
}

interface KeyedFile {
  readonly file: ParquetFile;
  readonly keys: readonly KeyRow[];
}

async function openMetadata(
  layout: ParquetLayout,
  connection: DuckDBConnection,
  env: DrWandbEnv,
  report: Report,
  limits: TextLimits,
): Promise<KeyedFile[]> {
  const keyed: KeyedFile[] = [];
  for (const path of [layout.metadata ?? [], ...layout.components].flat()) {
    const file = await openFile(path, connection, env, report);
    if (file === undefined) continue;
    const keys = await attempt(path, report, () => readKeys(connection, file, limits));
    if (keys !== undefined) keyed.push({ file, keys });
  }
  return keyed;
}

/**
 * Opens the files of a Parquet export.
 * @throws SourceError when none can be read.
 */
export async function openParquetExport(
  layout: ParquetLayout,
  env: DrWandbEnv,
  report: Report,
  limits: TextLimits,
): Promise<ReadableExport> {
  const { threads, memory, temporaryDirectory } = env.engine;
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(threads),
    memory_limit: memory,
    temp_directory: temporaryDirectory,
    autoinstall_known_extensions: "false",
  });
  try {
    return await openReaders(instance, layout, env, report, limits);
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

async function openReaders(
  instance: DuckDBInstance,
  layout: ParquetLayout,
  env: DrWandbEnv,
  tell: Report,
  limits: TextLimits,
): Promise<ReadableExport> {
  const problems: Finding[] = [];
  const report = (item: Finding): void => {
    problems.push(item);
    tell(item);
  };
  const connection = await instance.connect();
  const connect = () => instance.connect();
  const keyed = await openMetadata(layout, connection, env, report, limits);
  const entries = indexRuns(keyed.map((item) => item.keys));
  const metadata: MetadataReader[] = [];
  for (const [index, { file }] of keyed.entries()) {
    const open = (which: ParquetFile) => MetadataReader.open(connect, which, index, entries, limits);
    const reader = await attempt(file.path, report, () => openWithin(connection, file, open));
    if (reader !== undefined) metadata.push(reader);
  }
  const opened = await openHistoryFile(connection, layout, env, report);
  const history =
    opened === undefined
      ? undefined
      : await attempt(opened.path, report, () => HistoryReader.open(connect, opened, entries, limits));
  if (metadata.length === 0 && history === undefined) throw unreadable(layout.path, problems);
  for (const item of leftAlone(layout)) tell(item);
  const tooLong: Finding[] = [];
  return {
    entries,
    place: { entity: "", project: "" },
    runsName: "runs_metadata",
    history,
    historyFailed: layout.history !== undefined && history === undefined,
    cells: (entry) => readCells(metadata, entry),
    repeats: (entry) => readRepeats(metadata, connection, entry, limits, tooLong),
    leftOut: () => [...metadata.flatMap((reader) => reader.leftOut()), ...tooLong.splice(0)],
    close: async () => instance.closeSync(),
  };
}

/** Findings about the files of the folder that are not imported. */
function leftAlone({ unknown, others, path }: ParquetLayout): Finding[] {
  const strange = unknown.map((file) =>
    finding("source/unrecognised", `${file} is no file of a dr_wandb export`, { where: { file } }),
  );
  const second = others.map((file) => {
    const message = `${file} was left alone, since ${path} has a Parquet export too; give its own path to import it`;
    return finding("source/unrecognised", message, { where: { file } });
  });
  return [...strange, ...second];
}

async function readCells(readers: readonly MetadataReader[], entry: RunEntry): Promise<CellSource[] | Finding> {
  const sources: CellSource[] = [];
  for (const reader of readers) {
    const row = entry.rows[reader.index];
    if (row === undefined) continue;
    try {
      sources.push({ file: reader.file.path, row: row + 1, cells: await reader.read(entry) });
    } catch (error) {
      return damaged(reader.file.path, error);
    }
  }
  return sources;
}

/** Further rows of a run; those that are too long together are told of in their place. */
async function readRepeats(
  readers: readonly MetadataReader[],
  connection: DuckDBConnection,
  entry: RunEntry,
  limits: TextLimits,
  tooLong: Finding[],
): Promise<CellSource[]> {
  const found: CellSource[] = [];
  for (const { file, index } of readers) {
    const rows = entry.repeats.filter((repeat) => repeat.file === index).map((repeat) => repeat.row);
    if (rows.length === 0) continue;
    const cells = await readRows(connection, file, rows, limits);
    if (cells === undefined) {
      const message = `Run ${entry.run_id} has ${rows.length} more rows, of more than ${limits.row} bytes; they were left out`;
      tooLong.push(finding("source/too-long", message, { where: { file: file.path }, count: rows.length }));
      continue;
    }
    for (const [row, item] of cells) found.push({ file: file.path, row: row + 1, cells: item });
  }
  return found.sort((a, b) => a.row - b.row);
}

async function openHistoryFile(
  connection: DuckDBConnection,
  layout: ParquetLayout,
  env: DrWandbEnv,
  report: Report,
): Promise<ParquetFile | undefined> {
  return layout.history === undefined ? undefined : openFile(layout.history, connection, env, report);
}
