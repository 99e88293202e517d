import { finding } from "../../finding.js";
import type { LogState, RecordWriter } from "../../store/raw-record.js";
import { evidenceOf } from "./problems.js";
import { readRun } from "./run-record.js";
import type { FileRun } from "./survey.js";

/** Hands the records of one file to the writer. They come run by run. */
export interface HandOver {
  /** Takes a record without its identity; what it gives must be awaited before the next one. */
  take(run: FileRun, bytes: Buffer, from: number, to: number): Promise<void> | undefined;
  end(): Promise<void>;
}

/** What all hand-overs of a file are given. */
export interface HandOverInput {
  readonly writer: RecordWriter;
  readonly file: string;
  /** The run at which the file breaks off. */
  readonly broken: FileRun | undefined;
}

const EMPTY_RUN = Buffer.from("{}", "latin1");

function begin({ writer, file }: HandOverInput, { key, start }: FileRun): void {
  const { entity, project, run_id } = key;
  writer.begin({ entity, project, run_id, source: "json-lines", start });
  if (entity !== "" && project !== "") return;
  const message = `Run ${run_id} has no entity or no project; give --entity and --wandb-project`;
  writer.finding(finding("run/unknown-place", message, { run: key, where: { file } }));
}

/** Records are history rows. */
export class HistoryHandOver implements HandOver {
  readonly #input: HandOverInput;
  #current: FileRun | undefined;

  constructor(input: HandOverInput) {
    this.#input = input;
  }

  take(run: FileRun, bytes: Buffer, from: number, to: number): Promise<void> | undefined {
    if (run !== this.#current) return this.#first(run, bytes, from, to);
    this.#input.writer.history(undefined, bytes, from, to);
    return undefined;
  }

  async end(): Promise<void> {
    const run = this.#current;
    this.#current = undefined;
    if (run === undefined) return;
    const state: LogState = run === this.#input.broken ? "damaged" : "complete";
    await this.#input.writer.end({ run: EMPTY_RUN }, state);
  }

  async #first(run: FileRun, bytes: Buffer, from: number, to: number): Promise<void> {
    await this.end();
    begin(this.#input, run);
    this.#current = run;
    this.#input.writer.history(undefined, bytes, from, to);
  }
}

/** Records are runs. Of several records of one run the last one is the run; those before that differ are kept beside it. */
export class RunHandOver implements HandOver {
  readonly #input: HandOverInput;
  #earlier: Buffer[] = [];
  #seen = 0;

  constructor(input: HandOverInput) {
    this.#input = input;
  }

  async take(run: FileRun, bytes: Buffer, from: number, to: number): Promise<void> {
    const record = bytes.subarray(from, to);
    this.#seen += 1;
    if (this.#seen < run.records) {
      if (this.#earlier.at(-1)?.equals(record) !== true) this.#earlier.push(Buffer.from(record));
      return;
    }
    const earlier = this.#earlier.filter((other) => !other.equals(record));
    this.#earlier = [];
    this.#seen = 0;
    await this.#write(run, record, earlier);
  }

  async end(): Promise<void> {}

  async #write(run: FileRun, record: Buffer, earlier: readonly Buffer[]): Promise<void> {
    const { writer, file, broken } = this.#input;
    begin(this.#input, run);
    if (earlier.length > 0) {
      const message = `Run ${run.key.run_id} has ${run.records} records that differ; the last one counts, the others were kept`;
      const evidence = evidenceOf(earlier[0] as Buffer, 0, 200);
      writer.finding(finding("source/copy-differs", message, { run: run.key, where: { file }, evidence }));
    }
    const { blobs, state, expectedRows, rows } = readRun(record, run.key.run_id, earlier);
    for (let i = 0; rows !== undefined && i < rows.spans.length; i += 2) {
      writer.history(undefined, rows.bytes, rows.spans[i] as number, rows.spans[i + 1] as number);
    }
    await writer.end(blobs, run === broken ? "damaged" : state, expectedRows);
  }
}
