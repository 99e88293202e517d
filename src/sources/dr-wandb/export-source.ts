import { SourceError } from "../../errors.js";
import type { Finding } from "../../finding.js";
import type { DrWandbFiles } from "./files.js";
import type { RowProblem } from "./history-text.js";
import type { CellSource } from "./run-cells.js";
import type { RunEntry } from "./run-index.js";

/** What the import needs from outside. */
export interface DrWandbEnv {
  readonly files: DrWandbFiles;
  readonly engine: {
    readonly threads: number;
    /** Such as `512MB`. */
    readonly memory: string;
    /** Where rows that do not fit into the memory are kept. */
    readonly temporaryDirectory: string;
  };
}

/** Takes the history rows of one run. */
export interface HistorySink {
  /** One row, `bytes[from..to)`, valid until the call returns; `row` is its 1-based row or line in the file. */
  row(bytes: Uint8Array, from: number, to: number, row: number, problems: readonly RowProblem[]): void;
  /** Called every few rows, so that the source cannot run ahead of the disk. */
  pause(): Promise<void>;
}

/** The history of an export, run by run: first the runs that have an entry, by its place, then the others. */
export interface HistorySource {
  readonly path: string;
  /** The run of the next row: the place of its entry, -1 when it has none, and its run id; undefined at the end. */
  readonly next: { readonly ord: number; readonly run_id: string } | undefined;
  /** Visits all rows of the next run. False when rows of it are known to be lost. */
  visitRun(sink: HistorySink): Promise<boolean>;
  /** What was left out of the rows since the last call. */
  leftOut(): Finding[];
}

/** An export whose files are being read side by side. */
export interface ReadableExport {
  readonly entries: readonly RunEntry[];
  /** Entity and project of the runs that do not say theirs; "" when the export does not. */
  readonly place: { readonly entity: string; readonly project: string };
  /** Name of the file of the runs; undefined when there is none. */
  readonly runsName: string | undefined;
  readonly history: HistorySource | undefined;
  /** Whether there is a history file that cannot be read. */
  readonly historyFailed: boolean;
  /** The cells of a run from every file; a finding when a file breaks off: the runs that follow cannot be trusted. */
  cells(entry: RunEntry): Promise<readonly CellSource[] | Finding>;
  /** The cells of further rows of the same run, in the order of their rows. */
  repeats(entry: RunEntry): Promise<readonly CellSource[]>;
  /** What was left out of the cells since the last call. */
  leftOut(): Finding[];
  close(): Promise<void>;
}

export function isFinding<T extends object>(item: T | Finding): item is Finding {
  return "code" in item;
}

/** The error of an export of which nothing can be read. */
export function unreadable(path: string, problems: readonly Finding[]): SourceError {
  const why = problems.map((item) => item.message).join("; ");
  const isMemory = problems.length > 0 && problems.every((item) => item.code === "source/too-long");
  return new SourceError("source/unreadable", `Nothing of ${path} can be read: ${why}`, {
    where: { file: path },
    next: isMemory ? "Import them with more, such as `--memory 8GB`." : "Export the runs again with dr_wandb.",
  });
}
