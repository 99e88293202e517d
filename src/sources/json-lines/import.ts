import { createHash } from "node:crypto";
import { SourceError } from "../../errors.js";
import { type Finding, finding } from "../../finding.js";
import {
  type ImportOptions,
  type ImportUnit,
  optionNames,
  type RecordWriter,
  readUnit,
} from "../../store/raw-record.js";
import { unpack } from "./archive.js";
import type { JsonLinesFiles, StreamProblem } from "./byte-stream.js";
import type { IdentityFields } from "./fields.js";
import { inspect, type RecordKind } from "./form.js";
import { type HandOver, type HandOverInput, HistoryHandOver, RunHandOver } from "./hand-over.js";
import { logNames, stemOf } from "./names.js";
import { RecordProblems } from "./problems.js";
import { fileBytes, keepBytes, type RawBytes } from "./raw-bytes.js";
import { type Form, MAX_RECORD, type Records, recordsOf } from "./records.js";
import { Spill } from "./spill.js";
import { Splice } from "./splice.js";
import { FileRuns, type LogName, RecordRuns, type Survey, survey } from "./survey.js";

/** The path that stands for standard input. */
export const STDIN = "-";

/** One path to import. */
export interface JsonLinesInput {
  /** A file, or STDIN. */
  readonly path: string;
  readonly records: RecordKind;
  readonly fields: IdentityFields;
  /** The field that the user named for the run id. */
  readonly runIdField: string | undefined;
}

/** What this source needs of the machine. */
export interface JsonLinesEnv {
  readonly files: JsonLinesFiles;
  /** Folder for temporary files. */
  readonly temp: string;
  /** Standard input, once. */
  stdin(): AsyncIterable<Uint8Array>;
}

/** One file with what is known before its records are read. */
interface Source extends JsonLinesInput {
  readonly raw: RawBytes;
  readonly form: Form;
  /** Names it among the logs of a run; the part of it that stands for a run id that no record says. */
  readonly name: string;
  readonly stem: string;
}

function streamName(bytes: Buffer, from: number, to: number): string {
  return `stdin ${createHash("sha256").update(bytes.subarray(from, to)).digest("hex").slice(0, 16)}`;
}

/** A file is a log by its name; a stream of history rows by the first row of each run, since it has no name. */
function logNameOf({ path, records, name }: Source): LogName {
  return path === STDIN && records === "history" ? streamName : () => name;
}

/** Imports one file: a first reading learns which runs it has, a second one hands them over. */
class FileImport {
  readonly #source: Source;
  readonly #writer: RecordWriter;
  readonly #options: ImportOptions;
  readonly #env: JsonLinesEnv;
  readonly #progress: (share: number) => void;
  readonly #runs: FileRuns;
  readonly #problems: RecordProblems;
  readonly #longest: number;
  #damage: StreamProblem | undefined;

  constructor(
    source: Source,
    writer: RecordWriter,
    options: ImportOptions,
    env: JsonLinesEnv,
    progress: (bytes: number) => void,
  ) {
    this.#source = source;
    this.#writer = writer;
    this.#options = options;
    this.#env = env;
    this.#progress = progress;
    const { entity = "", project = "" } = options;
    this.#runs = new FileRuns(source.fields, { entity, project, run_id: source.stem });
    this.#longest = Math.min(MAX_RECORD, options.maxText ?? MAX_RECORD);
    this.#problems = new RecordProblems(source.path, source.form === "lines" ? "line" : "record", this.#longest);
  }

  async run(): Promise<void> {
    const nameOf = logNameOf(this.#source);
    const seen = await this.#read(0, (records, onChunk) =>
      survey(records, this.#runs, nameOf, this.#problems, onChunk),
    );
    this.#runs.finder.repeat();
    await this.#read(1, (records, onChunk) => this.#handOver(records, seen, onChunk));
    for (const item of this.#findings(seen)) this.#writer.finding(item);
  }

  async #read<T>(reading: number, act: (records: Records, onChunk: () => void) => Promise<T>): Promise<T> {
    const { raw, form } = this.#source;
    const packed = await raw.open();
    const { stream } = await unpack(packed);
    try {
      const result = await act(recordsOf(stream, form, this.#longest), () => {
        this.#options.signal?.throwIfAborted();
        this.#progress((reading * raw.size + packed.taken) / 2);
      });
      this.#damage = stream.problem;
      return result;
    } finally {
      await stream.close();
    }
  }

  async #handOver(records: Records, seen: Survey, onChunk: () => void): Promise<void> {
    const isBroken = seen.isCut || this.#damage !== undefined;
    const input: HandOverInput = {
      writer: this.#writer,
      file: this.#source.path,
      broken: isBroken ? seen.last : undefined,
    };
    const target = this.#source.records === "history" ? new HistoryHandOver(input) : new RunHandOver(input);
    const spill = new Spill(seen.scatteredBytes, this.#env.files, this.#env.temp);
    try {
      await this.#pass(records, target, spill, onChunk);
      let unflushed = 0;
      await spill.visit((run, bytes, from, to) => {
        unflushed += to - from;
        if (unflushed < 1 << 20) return target.take(run, bytes, from, to);
        unflushed = 0;
        return this.#flushed(target.take(run, bytes, from, to));
      });
      await target.end();
    } finally {
      await spill.close();
    }
  }

  async #flushed(taken: Promise<void> | undefined): Promise<void> {
    await taken;
    this.#options.signal?.throwIfAborted();
    await this.#writer.flush();
  }

  /** Hands over what stands together, and puts the rest aside. */
  async #pass(records: Records, target: HandOver, spill: Spill, onChunk: () => void): Promise<void> {
    const { finder } = this.#runs;
    const runOf = new RecordRuns(this.#runs);
    const splice = new Splice();
    while (await records.fill()) {
      onChunk();
      await this.#writer.flush();
      finder.reset(records.bytes, records.end);
      while (records.next()) {
        const run = runOf.of(records);
        if (run === undefined) continue;
        splice.cut(records.bytes, records.from, records.to, finder.cuts);
        const { bytes, from, to } = splice;
        if (!run.isScattered) {
          const wait = target.take(run, bytes, from, to);
          if (wait !== undefined) await wait;
        } else if (spill.add(run, bytes, from, to)) await spill.write();
      }
    }
  }

  #findings({ objects, unnamed, isCut }: Survey): Finding[] {
    const { path, stem, runIdField, fields } = this.#source;
    const where = { file: path };
    const findings: Finding[] = [];
    const tried = runIdField ?? fields.run_id.map((field) => field.join(".")).join(", ");
    if (unnamed > 0 && unnamed === objects) {
      this.#problems.drop("unnamed");
      const message = `No record has a run id (${tried}); they were imported as run ${stem}, by the name of the file`;
      const code = runIdField === undefined ? "run/unnamed" : "source/wrong-shape";
      findings.push(finding(code, message, { where, count: unnamed }));
    }
    if (this.#damage !== undefined) {
      const { code, message } = this.#damage;
      findings.push(finding(code, `${path} was imported in part: ${message}`, { where }));
    } else if (isCut && !this.#problems.has("cut") && !this.#problems.has("cutUnplaced")) {
      findings.push(finding("source/truncated", `${path} ends before its list does`, { where }));
    }
    return [...findings, ...this.#problems.list()];
  }
}

async function openSource(
  input: JsonLinesInput,
  name: string,
  env: JsonLinesEnv,
  onBytes: (bytes: number) => void,
): Promise<Source | undefined> {
  const isStream = input.path === STDIN;
  const raw = isStream
    ? await keepBytes(env.stdin(), env.files, env.temp, onBytes)
    : await fileBytes(input.path, env.files);
  try {
    const seen = await inspect(await raw.open());
    if ("reason" in seen) throw new SourceError("source/unreadable", seen.reason, { where: { file: input.path } });
    if (seen.form !== undefined) return { ...input, raw, form: seen.form, name, stem: stemOf(name) };
    await raw.close();
    return undefined;
  } catch (error) {
    await raw.close();
    throw error;
  }
}

function unitOf({ path, ...input }: JsonLinesInput, name: string, options: ImportOptions): ImportUnit {
  return { name: ["json-lines", name, JSON.stringify(input), ...optionNames(options)], files: [path] };
}

/**
 * Imports files of JSON Lines, of JSON lists of objects, or of objects one after the other, also as gzip or zstd archives,
 * and standard input. Each run of a file becomes one log. What is damaged is a finding, and the rest is imported; so is a
 * file that cannot be read when others can.
 * @throws SourceError when nothing can be read of any of them.
 */
export async function importJsonLines(
  inputs: readonly JsonLinesInput[],
  writer: RecordWriter,
  options: ImportOptions,
  env: JsonLinesEnv,
): Promise<void> {
  const names = logNames(inputs.map(({ path }) => path));
  const failures: SourceError[] = [];
  let done = 0;
  for (const [i, input] of inputs.entries()) {
    const progress = (bytes: number): void => options.progress?.(done + bytes);
    const name = input.path === STDIN ? "stdin" : (names[i] as string);
    const read = async (): Promise<void> => {
      const source = await openSource(input, name, env, progress);
      if (source === undefined) return;
      try {
        await new FileImport(source, writer, options, env, progress).run();
      } finally {
        await source.raw.close();
      }
      done += source.raw.size;
    };
    try {
      if (input.path === STDIN) await read();
      else await readUnit(options, unitOf(input, name, options), read);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first !== undefined && failures.length === inputs.length) throw first;
  for (const { message, where } of failures) writer.finding(finding("source/unreadable", message, { where }));
}
