import type { RunKey } from "../../blob.js";
import { isBraced } from "../../json/scan.js";
import type { IdentityFields } from "./fields.js";
import { IdentityFinder, type IdentityText } from "./identity.js";
import type { Problem, RecordProblems } from "./problems.js";
import type { Records } from "./records.js";

/** A run of one file. */
export interface FileRun {
  readonly key: RunKey;
  /** Names the file's log of the run. */
  start: string;
  /** Its records in the file that are handed over, and their bytes. */
  records: number;
  bytes: number;
  /** Its records do not stand one after the other. */
  isScattered: boolean;
}

/** What is said of a run where a record is silent. */
export type RunDefaults = RunKey;

/** The runs of one file, each once, in order of their first record. */
export class FileRuns {
  readonly finder: IdentityFinder<FileRun>;
  readonly #defaults: RunDefaults;
  readonly #runs = new Map<string, FileRun>();

  constructor(fields: IdentityFields, defaults: RunDefaults) {
    this.#defaults = defaults;
    this.finder = new IdentityFinder(fields, (text) => this.#intern(text));
  }

  #intern(text: IdentityText): FileRun {
    const { entity, project, run_id } = this.#defaults;
    const key = {
      entity: text.entity ?? entity,
      project: text.project ?? project,
      run_id: text.run_id ?? run_id,
    };
    const name = `${key.entity.length} ${key.project.length} ${key.entity}${key.project}${key.run_id}`;
    const known = this.#runs.get(name);
    if (known !== undefined) return known;
    const run = { key, start: "", records: 0, bytes: 0, isScattered: false };
    this.#runs.set(name, run);
    return run;
  }
}

/** What the first reading of a file showed. */
export interface Survey {
  /** Records that are objects, and those of them without a run id. */
  readonly objects: number;
  readonly unnamed: number;
  /** Bytes of all records of scattered runs. */
  readonly scatteredBytes: number;
  /** The run of the last record. */
  readonly last: FileRun | undefined;
  /** The file ends inside of a record or list. */
  readonly isCut: boolean;
}

/**
 * Says of record after record of one reading whose it is. A record that is no object may say a part of its run only: then
 * it is of the first run with that run id.
 */
export class RecordRuns {
  readonly #runs: FileRuns;
  readonly #first = new Map<string, FileRun>();
  #last: FileRun | undefined;

  constructor(runs: FileRuns) {
    this.#runs = runs;
  }

  /** The run that a record is handed over to; undefined when it is left out. */
  of(records: Records): FileRun | undefined {
    const { bytes, from, to, isTooLong } = records;
    const { finder } = this.#runs;
    if (isTooLong) return undefined;
    const run = finder.find(from, to);
    const { run_id } = run.key;
    if (isBraced(bytes, from, to)) {
      if (run !== this.#last) {
        this.#last = run;
        if (!this.#first.has(run_id)) this.#first.set(run_id, run);
      }
      return run;
    }
    return finder.hasRunId ? (this.#first.get(run_id) ?? run) : undefined;
  }
}

/** Names a file's log of a run, whose first record is `bytes[from..to)`. */
export type LogName = (bytes: Buffer, from: number, to: number) => string;

/** Reads a file once to learn which runs it has, and whether the records of each stand together. */
export async function survey(
  records: Records,
  runs: FileRuns,
  nameOf: LogName,
  problems: RecordProblems,
  onChunk: () => void,
): Promise<Survey> {
  const { finder } = runs;
  const runOf = new RecordRuns(runs);
  const scattered = new Set<FileRun>();
  let last: FileRun | undefined;
  let objects = 0;
  let unnamed = 0;
  while (await records.fill()) {
    onChunk();
    finder.reset(records.bytes, records.end);
    while (records.next()) {
      const run = runOf.of(records);
      const { bytes, from, to } = records;
      const isObject = isBraced(bytes, from, to) && !records.isTooLong;
      if (isObject) objects += 1;
      else problems.add(shapeOf(records, run !== undefined), records.number, bytes, from, to);
      if (run === undefined) continue;
      if (!finder.hasRunId) {
        unnamed += 1;
        problems.add("unnamed", records.number, bytes, from, to);
      }
      if (run.records === 0) run.start = nameOf(bytes, from, to);
      else if (run !== last) {
        run.isScattered = true;
        scattered.add(run);
      }
      last = run;
      run.records += 1;
      run.bytes += to - from;
    }
  }
  const scatteredBytes = [...scattered].reduce((sum, run) => sum + run.bytes, 0);
  return { objects, unnamed, scatteredBytes, last, isCut: records.endsInside };
}

function shapeOf({ isTooLong, isCut }: Records, isPlaced: boolean): Problem {
  if (isTooLong) return "tooLong";
  if (isCut) return isPlaced ? "cut" : "cutUnplaced";
  return isPlaced ? "kept" : "unplaced";
}
