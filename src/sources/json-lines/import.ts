import type { Finding } from "../../finding.js";
import type { ImportOptions, LogKey, RecordWriter } from "../../store/raw-record.js";
import { type ByteStream, type JsonLinesFiles, openFile } from "./byte-stream.js";
import type { IdentityFields } from "./fields.js";
import type { RecordKind } from "./recognise.js";
import { LineRecords } from "./records.js";
import { RunRecords } from "./run-record.js";
import { Splice } from "./splice.js";
import { type FileRun, FileRuns, survey } from "./survey.js";

/** One file to import. */
export interface JsonLinesInput {
  readonly path: string;
  readonly kind: RecordKind;
  readonly fields: IdentityFields;
  /** Names the file among the logs of a run. */
  readonly name: string;
  /** The run of records that say none. */
  readonly stem: string;
}

export interface JsonLinesEnv {
  readonly files: JsonLinesFiles;
}

const EMPTY_RUN = Buffer.from("{}", "latin1");

/** Imports one file: a first pass learns which runs it has, a second one hands them over. */
class FileImport {
  readonly #input: JsonLinesInput;
  readonly #writer: RecordWriter;
  readonly #options: ImportOptions;
  readonly #runs: FileRuns;
  readonly #open: () => Promise<ByteStream>;
  readonly #splice = new Splice();
  readonly #progress: (bytes: number) => void;
  /** Rows of scattered runs, each behind its length. */
  readonly #kept = new Map<FileRun, Buffer[]>();
  #current: FileRun | undefined;

  constructor(
    input: JsonLinesInput,
    writer: RecordWriter,
    options: ImportOptions,
    open: () => Promise<ByteStream>,
    progress: (bytes: number) => void,
  ) {
    this.#input = input;
    this.#writer = writer;
    this.#options = options;
    this.#open = open;
    this.#progress = progress;
    const { entity = "", project = "" } = options;
    this.#runs = new FileRuns(input.fields, { entity, project, run_id: input.stem });
  }

  async run(): Promise<void> {
    await this.#pass(0, (records, onChunk) => survey(records, this.#runs, onChunk));
    this.#runs.finder.repeat();
    await this.#pass(1, (records, onChunk) =>
      this.#input.kind === "history" ? this.#history(records, onChunk) : this.#runRecords(records, onChunk),
    );
  }

  async #pass(number: number, act: (records: LineRecords, onChunk: () => void) => Promise<void>): Promise<void> {
    const stream = await this.#open();
    try {
      await act(new LineRecords(stream), () => {
        this.#options.signal?.throwIfAborted();
        this.#progress((stream.taken + number * stream.taken) / 2);
      });
    } finally {
      await stream.close();
    }
  }

  async #history(records: LineRecords, onChunk: () => void): Promise<void> {
    const { finder } = this.#runs;
    const splice = this.#splice;
    while (await records.fill()) {
      onChunk();
      await this.#writer.flush();
      finder.reset(records.bytes, records.end);
      while (records.next()) {
        const run = finder.find(records.from, records.to);
        splice.cut(records.bytes, records.from, records.to, finder.cuts, finder.cutCount);
        if (run !== this.#current) {
          if (run.isScattered) {
            this.#keep(run);
            continue;
          }
          await this.#begin(run);
        }
        this.#writer.history(undefined, splice.bytes, splice.from, splice.to);
      }
    }
    for (const [run, rows] of this.#kept) {
      await this.#begin(run);
      for (const row of rows) this.#writer.history(undefined, row, 0, row.length);
    }
    await this.#end();
  }

  #keep(run: FileRun): void {
    const { bytes, from, to } = this.#splice;
    const row = Buffer.from(bytes.subarray(from, to));
    const rows = this.#kept.get(run);
    if (rows === undefined) this.#kept.set(run, [row]);
    else rows.push(row);
  }

  async #begin(run: FileRun): Promise<void> {
    await this.#end();
    this.#writer.begin(this.#logKey(run));
    this.#current = run;
  }

  async #end(): Promise<void> {
    if (this.#current !== undefined) await this.#writer.end({ run: EMPTY_RUN }, "complete");
    this.#current = undefined;
  }

  async #runRecords(records: LineRecords, onChunk: () => void): Promise<void> {
    const { finder } = this.#runs;
    const reader = new RunRecords();
    while (await records.fill()) {
      onChunk();
      finder.reset(records.bytes, records.end);
      while (records.next()) {
        const run = finder.find(records.from, records.to);
        this.#splice.cut(records.bytes, records.from, records.to, finder.cuts, finder.cutCount);
        const { bytes, from, to } = this.#splice;
        this.#writer.begin(this.#logKey(run));
        const { blobs, state } = reader.read(bytes, from, to);
        await this.#writer.end(blobs, state);
      }
    }
  }

  #logKey(run: FileRun): LogKey {
    return { ...run.key, source: "json-lines", start: this.#input.name };
  }
}

/** Imports files of JSON Lines. */
export async function importJsonLines(
  inputs: readonly JsonLinesInput[],
  writer: RecordWriter,
  options: ImportOptions,
  env: JsonLinesEnv,
): Promise<readonly Finding[]> {
  let done = 0;
  for (const input of inputs) {
    const { size } = await env.files.stat(input.path);
    const open = () => openFile(env.files, input.path, size);
    await new FileImport(input, writer, options, open, (bytes) => options.progress?.(done + bytes)).run();
    done += size;
  }
  return [];
}
