import type { RunKey } from "../../blob.js";
import { SourceError } from "../../errors.js";
import { finding } from "../../finding.js";
import type { ImportOptions, LogState, RecordWriter } from "../../store/raw-record.js";
import { type DrWandbEnv, openExport, type ReadableExport } from "./export-files.js";
import type { HistoryReader } from "./history-reader.js";
import { RowProblems } from "./history-text.js";
import { recogniseDrWandb } from "./layout.js";
import { readRows } from "./metadata-reader.js";
import { damaged } from "./parquet-file.js";
import { type RunRecord, runRecord } from "./run-blobs.js";
import { type CellSource, keepRepeats, mergeCells } from "./run-cells.js";
import type { RunPlace } from "./run-draft.js";
import type { RunEntry } from "./run-index.js";

const FLUSH_BYTES = 4 * 1024 * 1024;
const EMPTY_RUN = Buffer.from("{}", "latin1");

/** Hands the runs of one export to the writer. */
class ExportImport {
  readonly #source: ReadableExport;
  readonly #writer: RecordWriter;
  readonly #options: ImportOptions;
  #history: HistoryReader | undefined;
  #historyFailed: boolean;
  #bytes = 0;
  #unflushed = 0;

  constructor(source: ReadableExport, writer: RecordWriter, options: ImportOptions) {
    this.#source = source;
    this.#writer = writer;
    this.#options = options;
    this.#history = source.history;
    this.#historyFailed = source.historyFailed;
  }

  async run(): Promise<void> {
    for (const entry of this.#source.entries) {
      this.#options.signal?.throwIfAborted();
      const sources = await this.#cells(entry);
      if (sources === undefined) return;
      await this.#importEntry(entry, sources);
    }
    while (this.#history?.next !== undefined) {
      this.#options.signal?.throwIfAborted();
      await this.#importUnknown(this.#history.next.run_id);
    }
  }

  /** The cells of a run from every file; undefined when a file breaks off: the runs that follow cannot be trusted. */
  async #cells(entry: RunEntry): Promise<CellSource[] | undefined> {
    const sources: CellSource[] = [];
    for (const reader of this.#source.metadata) {
      const row = entry.rows[reader.index];
      if (row === undefined) continue;
      try {
        sources.push({ file: reader.file.path, row: row + 1, cells: await reader.read(entry) });
      } catch (error) {
        const left = this.#source.entries.length - entry.ord;
        this.#writer.finding({ ...damaged(reader.file.path, error), count: left });
        return undefined;
      }
    }
    return sources;
  }

  async #importEntry(entry: RunEntry, sources: readonly CellSource[]): Promise<void> {
    const [first] = sources;
    const key = this.#key(entry.run_id, entry);
    const place: RunPlace = { key, file: first?.file ?? "", row: first?.row ?? 0 };
    const merged = keepRepeats(mergeCells(sources, place), sources, await this.#repeats(entry), place);
    const record = runRecord(merged.row, place);
    this.#begin(key, place);
    for (const item of [...merged.findings, ...record.findings]) this.#writer.finding(item);
    if (this.#history?.next?.ord === entry.ord) await this.#importHistory(this.#history, key);
    await this.#end(record);
  }

  async #importUnknown(run_id: string): Promise<void> {
    if (this.#history === undefined) return;
    const key = this.#key(run_id, { entity: "", project: "" });
    const file = this.#history.file.path;
    this.#begin(key, { key, file, row: 0 });
    await this.#importHistory(this.#history, key);
    await this.#end({ blobs: { run: EMPTY_RUN }, state: "complete", expectedRows: undefined, findings: [] });
  }

  #key(run_id: string, { entity, project }: { readonly entity: string; readonly project: string }): RunKey {
    const { entity: elsewhere = "", project: otherwise = "" } = this.#options;
    return { entity: entity || elsewhere, project: project || otherwise, run_id };
  }

  #begin(key: RunKey, { file, row }: RunPlace): void {
    this.#writer.begin({ ...key, source: "dr-wandb", start: "" });
    const where = row === 0 ? { file } : { file, row };
    if (key.run_id === "") {
      const message = "A row has no run_id; it was imported as the run with the empty id";
      this.#writer.finding(finding("source/wrong-shape", message, { run: key, where }));
    }
    if (row !== 0 && key.entity !== "" && key.project !== "") return;
    const message =
      row === 0
        ? `Run ${key.run_id} is in the history and not in runs_metadata, which would say its entity and project`
        : `Run ${key.run_id} has no entity or no project; give --entity and --wandb-project`;
    this.#writer.finding(finding("run/unknown-place", message, { run: key, where }));
  }

  async #importHistory(history: HistoryReader, key: RunKey): Promise<void> {
    const problems = new RowProblems();
    try {
      await history.visitRun(async ({ bytes, row, problems: found }) => {
        for (const problem of found) problems.add(problem, history.file.path, row, key);
        this.#writer.history(undefined, bytes, 0, bytes.length);
        await this.#count(bytes.length);
      });
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      this.#writer.finding(damaged(history.file.path, error));
      this.#history = undefined;
      this.#historyFailed = true;
    }
    for (const item of problems.list()) this.#writer.finding(item);
  }

  async #end(record: RunRecord): Promise<void> {
    const state: LogState = this.#historyFailed ? "damaged" : record.state;
    const expected = this.#history === undefined ? undefined : record.expectedRows;
    await this.#writer.end(record.blobs, state, expected);
    const { run, config, summary, system_info, system_metrics } = record.blobs;
    for (const text of [run, config, summary, system_info, system_metrics]) await this.#count(text?.length ?? 0);
  }

  async #count(bytes: number): Promise<void> {
    this.#bytes += bytes;
    this.#unflushed += bytes;
    if (this.#unflushed < FLUSH_BYTES) return;
    this.#unflushed = 0;
    this.#options.progress?.(this.#bytes);
    await this.#writer.flush();
  }

  async #repeats(entry: RunEntry): Promise<CellSource[]> {
    const found: CellSource[] = [];
    for (const reader of this.#source.metadata) {
      const rows = entry.repeats.filter((repeat) => repeat.file === reader.index).map((repeat) => repeat.row);
      if (rows.length === 0) continue;
      const cells = await readRows(this.#source.connection, reader.file, rows);
      for (const [row, item] of cells) found.push({ file: reader.file.path, row: row + 1, cells: item });
    }
    return found.sort((a, b) => a.row - b.row);
  }
}

/**
 * Imports a dr_wandb Parquet export: `runs_metadata.parquet`, `runs_metadata_<component>.parquet`,
 * `runs_history.parquet`, or one of these files. Each run becomes one log. A file or cell that cannot be read is a
 * finding, and the rest is imported.
 * @throws SourceError when the path is no export or nothing of it can be read.
 */
export async function importDrWandb(
  path: string,
  writer: RecordWriter,
  options: ImportOptions,
  env: DrWandbEnv,
): Promise<void> {
  const { layout, reasons } = await recogniseDrWandb(path, env.files);
  if (layout === undefined) {
    throw new SourceError("source/unrecognised", reasons.join("; "), { where: { file: path } });
  }
  const source = await openExport(layout, env, (item) => writer.finding(item));
  try {
    await new ExportImport(source, writer, options).run();
  } finally {
    source.close();
  }
}
