import type { RunKey } from "../blob.js";
import type { Finding } from "../finding.js";

/** Where records come from; when several have the same run, the first in this list wins per run and kind. */
export const SOURCES = ["wandb-log", "wandb-api", "dr-wandb", "json-lines", "wandb-files"] as const;
export type SourceName = (typeof SOURCES)[number];

/**
 * One log of one run from one source: what is imported and replaced as a whole. A `.wandb` file is one log; a run that
 * was resumed has several; every other source has one log a run, with `start` "".
 */
export interface LogKey extends RunKey {
  readonly source: SourceName;
  /** Start of the log, canonical timestamp with as many fraction digits as the source has; orders the logs of one run. */
  readonly start: string;
}

/** How a source ended its account of a run. `growing`: no end was seen yet. */
export type LogState = "complete" | "growing" | "damaged";

/**
 * Takes the raw records of sources. A source calls, for each log, `begin`, then any number of `history`, `systemEvent`,
 * then `end`; between `begin` and `end` of one log nothing of another may come, except through another writer. Bytes
 * are copied before the call returns, so a source may reuse its buffer. Value bytes are stored unchanged.
 */
export interface RecordWriter {
  begin(log: LogKey): void;
  /**
   * One history row. `step` is the record's own step, or undefined when the source has none beside `_step`.
   * `bytes[from..to)` is the row as a JSON text, UTF-8.
   */
  history(step: bigint | undefined, bytes: Uint8Array, from: number, to: number): void;
  /** One event of the system stream, names with their `system.` prefix, in the order of the stream. */
  systemEvent(bytes: Uint8Array, from: number, to: number): void;
  /**
   * Ends the log. A blob that the source does not have is undefined. `expectedRows` is W&B's own count of history rows.
   * May wait for the disk; await it before the next `begin`.
   */
  end(blobs: RunBlobs, state: LogState, expectedRows?: number): Promise<void>;
  /** Waits until buffered records are written, so that a source cannot run ahead of the disk. Call it every few MB. */
  flush(): Promise<void>;
  finding(item: Finding): void;
}

/** The blobs of one run, each a JSON text in UTF-8 whose value bytes are those of the source. */
export interface RunBlobs {
  readonly run: Uint8Array;
  readonly config?: Uint8Array | undefined;
  readonly summary?: Uint8Array | undefined;
  readonly system_info?: Uint8Array | undefined;
  readonly system_metrics?: Uint8Array | undefined;
}

/** Files that are read together, and all that decides beside them what they give. */
export interface ImportUnit {
  readonly name: readonly string[];
  /** Paths, of files that are not there too: one that comes up later changes what is imported. */
  readonly files: readonly string[];
}

/**
 * Reads a unit, unless its files are as they were when a former import read them and its logs are still there: then they
 * count as unchanged. Every log that `read` begins it also ends.
 */
export type ReadUnit = (unit: ImportUnit, read: () => Promise<void>) => Promise<void>;

/** What a source needs from outside. Effects are passed in; nothing below the command line has defaults for them. */
export interface ImportOptions {
  /** Used where the source does not say. */
  readonly entity?: string | undefined;
  readonly project?: string | undefined;
  /** Called now and then with the bytes read so far. */
  readonly progress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: every unit is read. */
  readonly unit?: ReadUnit | undefined;
  /** Bytes of the longest record that is taken; of longer ones there is a finding. Default: a limit of the source's own. */
  readonly maxText?: number | undefined;
}

/** What decides what a unit gives, of the options. */
export function optionNames({ entity = "", project = "", maxText }: ImportOptions): string[] {
  return [entity, project, String(maxText ?? "")];
}

/** Reads a unit by the options' way. */
export function readUnit(options: ImportOptions, unit: ImportUnit, read: () => Promise<void>): Promise<void> {
  return options.unit === undefined ? read() : options.unit(unit, read);
}
