import { basename } from "node:path";
import { type Finding, type FindingCode, finding } from "../../../finding.js";

const EVIDENCE_BYTES = 800;
const EVIDENCE = 200;

/** Counts lines that cannot be placed: one finding a kind of problem, with the first line in its words. */
export class LineProblems {
  readonly #path: string;
  readonly #expected: string;
  readonly #found = new Map<FindingCode, Finding & { count: number }>();

  /** @param expected what a line should be. */
  constructor(path: string, expected: string) {
    this.#path = path;
    this.#expected = expected;
  }

  /** A line that is not what was expected; one without a line end was cut. `fate` says what became of it. */
  add(bytes: Uint8Array, from: number, to: number, line: number, ended: boolean, fate = "it was left out"): void {
    const seen = Buffer.from(bytes.subarray(from, Math.min(to, from + EVIDENCE_BYTES)));
    const evidence = seen.toString("utf8").slice(0, EVIDENCE);
    const problem = `${ended ? `is no ${this.#expected}` : "ends before its object does"}; ${fate}`;
    this.#count(ended ? "source/damaged" : "source/truncated", problem, line, evidence);
  }

  tooLong(line: number): void {
    this.#count("source/wrong-shape", "is too long to be read; it was left out", line, "");
  }

  list(): Finding[] {
    return [...this.#found.values()];
  }

  #count(code: FindingCode, problem: string, line: number, evidence: string): void {
    const known = this.#found.get(code);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const message = `Line ${line} of ${basename(this.#path)} ${problem}`;
    this.#found.set(code, { ...finding(code, message, { where: { file: this.#path, line }, evidence }), count: 1 });
  }
}
