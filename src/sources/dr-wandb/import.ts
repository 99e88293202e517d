import type { RunKey } from "../../blob.js";
import { SourceError } from "../../errors.js";
import { type Finding, finding } from "../../finding.js";
import { type ImportOptions, type LogState, optionNames, type RecordWriter, readUnit } from "../../store/raw-record.js";
import { type DrWandbEnv, type HistorySource, isFinding, type ReadableExport } from "./export-source.js";
import { RowProblems } from "./history-text.js";
import { openJsonLinesExport } from "./jsonl/export.js";
import { type DrWandbLayout, recogniseDrWandb, recordFiles } from "./layout.js";
import { openParquetExport } from "./parquet-export.js";
import { damaged } from "./parquet-file.js";
import { type RunRecord, runRecord } from "./run-blobs.js";
import { type CellSource, keepRepeats, mergeCells } from "./run-cells.js";
import type { RunPlace } from "./run-draft.js";
import type { RunEntry } from "./run-index.js";
import { textLimits } from "./text-limits.js";

const FLUSH_BYTES = 4 * 1024 * 1024;
const EMPTY_RUN = Buffer.from("{}", "latin1");

/** An error of the writer, which passes through a source that is being read and is not the source's fault. */
class WriterFailure extends Error {}

function ofWriter(cause: unknown): never {
  throw new WriterFailure("the writer failed", { cause });
}

/** Hands the runs of one export to the writer. */
class ExportImport {
  readonly #source: ReadableExport;
  readonly #writer: RecordWriter;
  readonly #options: ImportOptions;
  #history: HistorySource | undefined;
  #historyFailed: boolean;
  #bytes = 0;
  #unflushed = 0;
  #runs = 0;

  constructor(source: ReadableExport, writer: RecordWriter, options: ImportOptions) {
    this.#source = source;
    this.#writer = writer;
    this.#options = options;
    this.#history = source.history;
    this.#historyFailed = source.historyFailed;
  }

  /** @returns how many runs were imported. */
  async run(): Promise<number> {
    for (const entry of this.#source.entries) {
      this.#options.signal?.throwIfAborted();
      const sources = await this.#source.cells(entry);
      if (isFinding(sources)) {
        this.#writer.finding({ ...sources, count: this.#source.entries.length - entry.ord });
        return this.#runs;
      }
      await this.#importEntry(entry, sources);
    }
    while (this.#history?.next !== undefined) {
      this.#options.signal?.throwIfAborted();
      await this.#importUnknown(this.#history, this.#history.next.run_id);
    }
    return this.#runs;
  }

  async #importEntry(entry: RunEntry, sources: readonly CellSource[]): Promise<void> {
    const [first] = sources;
    const key = this.#key(entry.run_id, entry);
    const place: RunPlace = { key, file: first?.file ?? "", row: first?.row ?? 0 };
    const repeats = await this.#source.repeats(entry);
    const merged = keepRepeats(mergeCells(sources, place), sources, repeats, place);
    const record = runRecord(merged.row, place);
    this.#begin(key, place);
    const leftOut = this.#source.leftOut().map((item) => ({ ...item, run: key }));
    for (const item of [...leftOut, ...merged.findings, ...record.findings]) this.#writer.finding(item);
    const history = this.#history;
    const isWhole = history?.next?.ord === entry.ord ? await this.#importHistory(history, key) : true;
    await this.#end(record, isWhole && leftOut.length === 0);
  }

  async #importUnknown(history: HistorySource, run_id: string): Promise<void> {
    const key = this.#key(run_id, { entity: "", project: "" });
    this.#begin(key, { key, file: history.path, row: 0 });
    const isWhole = await this.#importHistory(history, key);
    await this.#end({ blobs: { run: EMPTY_RUN }, state: "complete", expectedRows: undefined, findings: [] }, isWhole);
  }

  #key(run_id: string, { entity, project }: { readonly entity: string; readonly project: string }): RunKey {
    const { place } = this.#source;
    const { entity: elsewhere = "", project: otherwise = "" } = this.#options;
    return { entity: entity || place.entity || elsewhere, project: project || place.project || otherwise, run_id };
  }

  #begin(key: RunKey, { file, row }: RunPlace): void {
    this.#runs += 1;
    this.#writer.begin({ ...key, source: "dr-wandb", start: "" });
    const where = row === 0 ? { file } : { file, row };
    if (key.run_id === "") {
      const message = "A row has no run_id; it was imported as the run with the empty id";
      this.#writer.finding(finding("source/wrong-shape", message, { run: key, where }));
    }
    const { runsName } = this.#source;
    const isPlaced = key.entity !== "" && key.project !== "";
    if (row === 0 && runsName !== undefined) {
      const message = `Run ${key.run_id} is in the history and not in ${runsName}; only its history was imported`;
      this.#writer.finding(finding(isPlaced ? "source/partial" : "run/unknown-place", message, { run: key, where }));
    } else if (!isPlaced) {
      const message = `Run ${key.run_id} has no entity or no project; give --entity and --wandb-project`;
      this.#writer.finding(finding("run/unknown-place", message, { run: key, where }));
    }
  }

  /** Whether no row of it is known to be lost. */
  async #importHistory(history: HistorySource, key: RunKey): Promise<boolean> {
    const problems = new RowProblems();
    let isWhole = false;
    try {
      isWhole = await history.visitRun({
        row: (bytes, from, to, row, found) => {
          for (const problem of found) problems.add(problem, history.path, row, key);
          this.#write(bytes, from, to);
        },
        pause: () => this.#flush().catch(ofWriter),
      });
    } catch (error) {
      if (error instanceof WriterFailure) throw error.cause;
      this.#options.signal?.throwIfAborted();
      this.#writer.finding(damaged(history.path, error));
      this.#history = undefined;
      this.#historyFailed = true;
    }
    const leftOut = history.leftOut().map((item) => ({ ...item, run: key }));
    for (const item of [...problems.list(), ...leftOut]) this.#writer.finding(item);
    return isWhole && leftOut.length === 0;
  }

  #write(bytes: Uint8Array, from: number, to: number): void {
    try {
      this.#writer.history(undefined, bytes, from, to);
    } catch (error) {
      ofWriter(error);
    }
    this.#unflushed += to - from;
  }

  async #end(record: RunRecord, isWhole: boolean): Promise<void> {
    const state: LogState = this.#historyFailed || !isWhole ? "damaged" : record.state;
    const expected = this.#history === undefined ? undefined : record.expectedRows;
    await this.#writer.end(record.blobs, state, expected);
    const { run, config, summary, system_info, system_metrics } = record.blobs;
    for (const text of [run, config, summary, system_info, system_metrics]) this.#unflushed += text?.length ?? 0;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#unflushed < FLUSH_BYTES) return;
    this.#bytes += this.#unflushed;
    this.#unflushed = 0;
    this.#options.progress?.(this.#bytes);
    await this.#writer.flush();
  }
}

/**
 * Imports a dr_wandb export: Parquet (`runs_metadata.parquet`, `runs_metadata_<component>.parquet`,
 * `runs_history.parquet`), JSON Lines of v3 (`runs.jsonl`, `history.jsonl`, `manifest.json`), or one of these files. Each
 * run becomes one log. A file, line or cell that cannot be read is a finding, and the rest is imported.
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
  const manifest = layout.kind === "json-lines" && layout.manifest !== undefined ? [layout.manifest] : [];
  const name = ["dr-wandb", JSON.stringify(layout), ...optionNames(options)];
  const unit = { name, files: [...recordFiles(layout), ...manifest] };
  await readUnit(options, unit, () => importLayout(layout, writer, options, env));
}

async function importLayout(
  layout: DrWandbLayout,
  writer: RecordWriter,
  options: ImportOptions,
  env: DrWandbEnv,
): Promise<void> {
  const report = (item: Finding) => writer.finding(item);
  const source =
    layout.kind === "parquet"
      ? await openParquetExport(layout, env, report, textLimits(options.maxText))
      : await openJsonLinesExport(layout, env, report, options.signal);
  try {
    const runs = await new ExportImport(source, writer, options).run();
    // That of JSON Lines has a manifest that says so.
    if (runs === 0 && layout.kind === "parquet") {
      report(finding("source/partial", "No run is in the export", { where: { file: layout.path } }));
    }
  } finally {
    await source.close();
  }
}
