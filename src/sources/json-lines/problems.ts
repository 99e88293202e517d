import { type Finding, type FindingCode, finding } from "../../finding.js";

const SHOWN = 10;
const EVIDENCE_CHARACTERS = 200;
const EVIDENCE_BYTES = 4 * EVIDENCE_CHARACTERS;

/** The start of a text, for a finding's evidence. */
export function evidenceOf(bytes: Uint8Array, from: number, to: number): string {
  const part = bytes.subarray(from, Math.min(to, from + EVIDENCE_BYTES));
  return Buffer.from(part.buffer, part.byteOffset, part.length).toString("utf8").slice(0, EVIDENCE_CHARACTERS);
}

/** What can be wrong with a record, said after its number. */
export const PROBLEMS = {
  kept: { code: "source/wrong-shape", says: "no JSON object; kept as it came, in the run that it names" },
  unplaced: { code: "source/wrong-shape", says: "no JSON object, and names no run; not imported" },
  cut: { code: "source/truncated", says: "cut off where the file ends; kept as it came, in the run that it names" },
  cutUnplaced: { code: "source/truncated", says: "cut off where the file ends, and names no run; not imported" },
  tooLong: { code: "source/too-long", says: "longer than --memory allows, or than 128 MiB; not imported" },
  unnamed: { code: "source/wrong-shape", says: "no run id; imported as the run that the file is named" },
} as const satisfies Record<string, { code: FindingCode; says: string }>;
export type Problem = keyof typeof PROBLEMS;

interface Seen {
  count: number;
  readonly numbers: number[];
  readonly evidence: string;
}

/** Problems of the records of one file: one finding for each kind, with the numbers of the first ten records. */
export class RecordProblems {
  readonly #file: string;
  readonly #unit: "line" | "record";
  readonly #longest: number;
  readonly #seen = new Map<Problem, Seen>();

  /** @param longest bytes of the longest record that is taken. */
  constructor(file: string, unit: "line" | "record", longest: number) {
    this.#file = file;
    this.#unit = unit;
    this.#longest = longest;
  }

  /** Notes a record by its number; its text is `bytes[from..to)`. */
  add(problem: Problem, number: number, bytes: Uint8Array, from: number, to: number): void {
    const known = this.#seen.get(problem);
    if (known === undefined) {
      this.#seen.set(problem, { count: 1, numbers: [number], evidence: evidenceOf(bytes, from, to) });
      return;
    }
    known.count += 1;
    if (known.numbers.length < SHOWN) known.numbers.push(number);
  }

  has(problem: Problem): boolean {
    return this.#seen.has(problem);
  }

  /** Takes back what was noted of a kind. */
  drop(problem: Problem): void {
    this.#seen.delete(problem);
  }

  list(): Finding[] {
    return [...this.#seen].map(([problem, { count, numbers, evidence }]) => {
      const { code } = PROBLEMS[problem];
      const says = problem === "tooLong" ? `longer than ${this.#longest} bytes; not imported` : PROBLEMS[problem].says;
      const [first = 0] = numbers;
      const more = count > numbers.length ? ` and ${count - numbers.length} more` : "";
      const unit = this.#unit === "line" ? "Line" : "Record";
      const what = count === 1 ? `${unit} ${first}` : `${unit}s ${numbers.join(", ")}${more}`;
      const where = this.#unit === "line" ? { file: this.#file, line: first } : { file: this.#file, row: first };
      return finding(code, `${what}: ${says}`, { where, count, evidence });
    });
  }
}
