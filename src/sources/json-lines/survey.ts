import type { RunKey } from "../../blob.js";
import type { IdentityFields } from "./fields.js";
import { IdentityFinder, type IdentityText } from "./identity.js";
import type { LineRecords } from "./records.js";

/** A run of one file. */
export interface FileRun {
  readonly key: RunKey;
  /** Records of the run in the file, and their bytes. */
  records: number;
  bytes: number;
  /** Its records do not stand one after the other. */
  isScattered: boolean;
}

/** What is said of a run where the file is silent. */
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

  get all(): Iterable<FileRun> {
    return this.#runs.values();
  }

  #intern(text: IdentityText): FileRun {
    const { entity, project, run_id } = this.#defaults;
    const key = {
      entity: text.entity ?? entity,
      project: text.project ?? project,
      run_id: text.run_id ?? run_id,
    };
    const name = JSON.stringify([key.entity, key.project, key.run_id]);
    const known = this.#runs.get(name);
    if (known !== undefined) return known;
    const run = { key, records: 0, bytes: 0, isScattered: false };
    this.#runs.set(name, run);
    return run;
  }
}

/** Reads a file once to learn which runs it has, and whether the records of each stand together. */
export async function survey(records: LineRecords, runs: FileRuns, onChunk: () => void): Promise<void> {
  const { finder } = runs;
  let current: FileRun | undefined;
  while (await records.fill()) {
    onChunk();
    finder.reset(records.bytes, records.end);
    while (records.next()) {
      const run = finder.find(records.from, records.to);
      if (run !== current) {
        if (run.records > 0) run.isScattered = true;
        current = run;
      }
      run.records += 1;
      run.bytes += records.to - records.from;
    }
  }
}
