import type { Finding } from "../../../finding.js";
import type { HistorySink, HistorySource } from "../export-source.js";
import type { DrWandbFiles } from "../files.js";
import type { RunEntry } from "../run-index.js";
import { HistoryLines } from "./history-line.js";
import { LineProblems } from "./line-problems.js";
import { forEachLine, type LineVisitor } from "./read-lines.js";
import { textValue } from "./runs.js";
import { LineSpill } from "./spill.js";

/** The lines of one run: a stretch of the file, and what stands elsewhere in the spill. */
interface Stretch {
  readonly ord: number;
  readonly run_id: string;
  readonly line: number;
  readonly from: number;
  to: number;
  /** Whether lines of it are elsewhere too. */
  isScattered: boolean;
  /** Whether the file is cut inside one of its lines. */
  isCut: boolean;
}

export interface HistoryEnv {
  readonly files: DrWandbFiles;
  /** Where lines are kept of runs that do not stand together. */
  readonly temporaryDirectory: string;
  readonly signal: AbortSignal | undefined;
}

const EXPECTED = "dr_wandb history row (an object with members run_id and metrics)";

/** Finds which lines belong to which run. */
class Survey implements LineVisitor {
  readonly stretches = new Map<string, Stretch>();
  readonly problems: LineProblems;
  readonly spill: LineSpill;
  count = 0;
  readonly #places: ReadonlyMap<string, number>;
  readonly #signal: AbortSignal | undefined;
  readonly #lines = new HistoryLines();
  #runId = new Uint8Array(0);
  #current: Stretch | undefined;
  #isOpen = false;

  constructor(path: string, entries: readonly RunEntry[], { files, temporaryDirectory, signal }: HistoryEnv) {
    this.problems = new LineProblems(path, EXPECTED);
    this.spill = new LineSpill(files, temporaryDirectory);
    this.#places = new Map([...entries].reverse().map((entry) => [entry.run_id, entry.ord]));
    this.#signal = signal;
  }

  line(bytes: Uint8Array, from: number, to: number, number: number, offset: number, ended: boolean): void {
    this.count += 1;
    const isWhole = this.#lines.read(bytes, from, to);
    const { hasRunId, runIdFrom, runIdTo } = this.#lines;
    if (!isWhole && !hasRunId) {
      this.problems.add(bytes, from, to, number, ended);
      if (!ended && this.#current !== undefined) this.#current.isCut = true;
      return;
    }
    const stretch = hasRunId
      ? this.#ofRun(bytes, runIdFrom, runIdTo, number, offset)
      : this.#ofText("", number, offset);
    if (!(isWhole || ended)) {
      this.problems.add(bytes, from, to, number, ended, "it was kept as it came");
      stretch.isCut = true;
    }
    if (this.#isOpen) stretch.to = offset + to - from;
    else {
      stretch.isScattered = true;
      this.spill.add(stretch.ord, number, bytes, from, to);
    }
  }

  tooLong(number: number): void {
    this.problems.tooLong(number);
  }

  async more(): Promise<boolean> {
    this.#signal?.throwIfAborted();
    if (this.spill.isFull) await this.spill.flush();
    return true;
  }

  /** The stretch of the run that a line names; lines of the same run mostly follow each other. */
  #ofRun(bytes: Uint8Array, from: number, to: number, line: number, offset: number): Stretch {
    const known = this.#runId;
    if (
      this.#current !== undefined &&
      to - from === known.length &&
      known.every((byte, i) => byte === bytes[from + i])
    ) {
      return this.#current;
    }
    const stretch = this.#ofText(textValue(bytes, from, to), line, offset);
    this.#runId = bytes.slice(from, to);
    return stretch;
  }

  #ofText(run_id: string, line: number, offset: number): Stretch {
    this.#runId = new Uint8Array(0);
    const known = this.stretches.get(run_id);
    if (known !== undefined) {
      this.#isOpen = this.#isOpen && known === this.#current;
      this.#current = known;
      return known;
    }
    const ord = this.#places.get(run_id) ?? -1 - this.stretches.size;
    const stretch = { ord, run_id, line, from: offset, to: offset, isScattered: false, isCut: false };
    this.stretches.set(run_id, stretch);
    this.#isOpen = true;
    this.#current = stretch;
    return stretch;
  }
}

/** First the runs that have an entry, by its place, then the others as they come in the file. */
function inOrder(stretches: Iterable<Stretch>): Stretch[] {
  const rank = ({ ord }: Stretch) => (ord < 0 ? 1 : 0);
  return [...stretches].sort((a, b) => rank(a) - rank(b) || (a.ord < 0 ? b.ord - a.ord : a.ord - b.ord));
}

/**
 * history.jsonl, run by run, the rows of a run in the order of the file. dr_wandb writes the rows of a run together, and
 * they are read where they stand; rows of a run that come after those of another are kept in temporary files.
 */
export class JsonLinesHistory implements HistorySource {
  readonly path: string;
  /** How many lines there are, unreadable ones too. */
  readonly count: number;
  readonly #stretches: readonly Stretch[];
  readonly #spill: LineSpill;
  readonly #env: HistoryEnv;
  readonly #lines = new HistoryLines();
  #at = 0;

  private constructor(path: string, survey: Survey, env: HistoryEnv) {
    this.path = path;
    this.count = survey.count;
    this.#stretches = inOrder(survey.stretches.values());
    this.#spill = survey.spill;
    this.#env = env;
  }

  /** Reads the file once to see whose line is whose. @throws the file system's error. */
  static async open(
    path: string,
    entries: readonly RunEntry[],
    env: HistoryEnv,
  ): Promise<[JsonLinesHistory, Finding[]]> {
    const survey = new Survey(path, entries, env);
    try {
      await forEachLine(path, env.files, {}, survey);
      await survey.spill.flush();
    } catch (error) {
      await survey.spill.close();
      throw error;
    }
    return [new JsonLinesHistory(path, survey, env), survey.problems.list()];
  }

  get next(): { readonly ord: number; readonly run_id: string } | undefined {
    const stretch = this.#stretches[this.#at];
    return stretch === undefined ? undefined : { ord: Math.max(-1, stretch.ord), run_id: stretch.run_id };
  }

  leftOut(): Finding[] {
    return [];
  }

  async visitRun(sink: HistorySink): Promise<boolean> {
    const stretch = this.#stretches[this.#at++];
    if (stretch === undefined) return true;
    const { from, to, line } = stretch;
    const more = async (): Promise<boolean> => {
      await sink.pause();
      return true;
    };
    const tooLong = () => undefined;
    await forEachLine(
      this.path,
      this.#env.files,
      { from, to, line },
      {
        line: (bytes, start, end, number) => this.#row(bytes, start, end, number, sink),
        tooLong,
        more,
      },
    );
    if (stretch.isScattered) {
      await this.#spill.read(stretch.ord, {
        line: (bytes, start, end) => {
          const space = bytes.indexOf(0x20, start);
          const number = Number(Buffer.from(bytes.subarray(start, space)).toString("latin1"));
          this.#row(bytes, space + 1, end, number, sink);
        },
        tooLong,
        more,
      });
    }
    return !stretch.isCut;
  }

  close(): Promise<void> {
    return this.#spill.close();
  }

  #row(bytes: Uint8Array, from: number, to: number, line: number, sink: HistorySink): void {
    const lines = this.#lines;
    const isWhole = lines.read(bytes, from, to);
    if (isWhole) {
      lines.write(bytes, from, to);
      sink.row(lines.bytes, 0, lines.length, line, lines.problems);
    } else if (lines.hasRunId) sink.row(bytes, from, to, line, []);
  }
}
