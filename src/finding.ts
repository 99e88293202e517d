import type { BlobName, RunKey } from "./blob.js";
import type { Locator } from "./errors.js";

/** `error`: damaged, incomplete, lost, wrong shape. `warning`: kept but not where expected. `note`: worth knowing. */
export type Severity = "error" | "warning" | "note";

/** Every kind of finding with its severity and the sentence that explains it; the codes are a published, closed list. */
export const FINDING_CODES = {
  "source/unreadable": { severity: "error", says: "A file could not be read." },
  "source/truncated": { severity: "error", says: "A file ends before its content does; what is whole was imported." },
  "source/open-log": {
    severity: "note",
    says: "A log ends in the middle of a record, as a running or killed run leaves it.",
  },
  "source/damaged": {
    severity: "error",
    says: "Bytes fail their checksum or cannot be decoded; what is whole was imported.",
  },
  "source/wrong-shape": { severity: "error", says: "A file or record does not have the shape it claims." },
  "source/too-long": {
    severity: "error",
    says: "A record needs more memory than --memory allows; it was left out.",
  },
  "source/expands": {
    severity: "error",
    says: "A compressed file says far more than its size and the memory allow; what was read before was imported.",
  },
  "source/unrecognised": {
    severity: "warning",
    says: "A file below an imported folder was not recognised and was left alone.",
  },
  "source/partial": {
    severity: "warning",
    says: "A source holds a part only of what W&B has, because its export asked for that part or lost the rest.",
  },
  "source/ambiguous": {
    severity: "warning",
    says: "A value can be read in more than one way; the message says which way was taken.",
  },
  "source/copy-differs": { severity: "warning", says: "Two copies of one value in a source differ; both were kept." },
  "source/same-content": {
    severity: "note",
    says: "Two files have the same records of a run; they count once.",
  },
  "json/refused": { severity: "error", says: "A text is not strict JSON or not an object; it is kept as it came." },
  "json/duplicate-key": { severity: "error", says: "An object has a key twice; the text is kept as it came." },
  "run/unknown-place": { severity: "warning", says: "Entity or project of a run is unknown and was left empty." },
  "run/unnamed": {
    severity: "note",
    says: "No record of a file says its run; they were imported as the run that the file is named.",
  },
  "run/growing": { severity: "warning", says: "A run was not finished when it was imported." },
  "run/short": { severity: "error", says: "Fewer history rows were found than W&B counted." },
  "step/missing": { severity: "warning", says: "A history row has no usable step; its step is -1." },
  "value/misfit": {
    severity: "warning",
    says: "A value does not fit its column's type; the column is NULL and the residual keeps it.",
  },
  "value/zero-sign": {
    severity: "note",
    says: "Zeros with and without a minus became one in a DuckDB database, which keeps one of them where a block of a column has only zeros.",
  },
  "path/undeclared": { severity: "warning", says: "A path is in the data and in no schema; the residual keeps it." },
  "path/unlisted": {
    severity: "note",
    says: "An object has more member names, or longer or deeper ones, than are looked at one by one; no column is proposed for them, and nothing of them is lost.",
  },
  "column/collision": { severity: "note", says: "Two paths want one column name; the names were told apart." },
} as const satisfies Record<string, { severity: Severity; says: string }>;

export type FindingCode = keyof typeof FINDING_CODES;

/** One observation about the data. Plain, printable, and never thrown. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** One sentence: what was found, what was expected. */
  readonly message: string;
  readonly blob?: BlobName;
  /** JSON Pointer inside the blob. */
  readonly path?: string;
  readonly run?: RunKey;
  readonly where?: Locator;
  /** How many records it concerns; 1 when absent. */
  readonly count?: number;
  /** What was seen, as text, at most 200 characters. */
  readonly evidence?: string;
}

/** A finding with the severity that its code has. */
export function finding(
  code: FindingCode,
  message: string,
  more: Omit<Finding, "code" | "severity" | "message"> = {},
): Finding {
  return { code, severity: FINDING_CODES[code].severity, message, ...more };
}

const RANK: Record<Severity, number> = { note: 0, warning: 1, error: 2 };

/** Whether a finding is at or above a severity; `never` is above all. */
export function reaches(item: Finding, threshold: Severity | "never"): boolean {
  return threshold !== "never" && RANK[item.severity] >= RANK[threshold];
}

/** Findings counted by code, blob and run: a million refused records are one finding. */
export class FindingCounts {
  readonly #found = new Map<string, Finding>();

  add(item: Finding): void {
    const id = JSON.stringify([item.code, item.blob, item.run]);
    const known = this.#found.get(id);
    this.#found.set(id, { ...(known ?? item), count: (known?.count ?? 0) + (item.count ?? 1) });
  }

  /** One a code, blob and run, in the order in which they were seen first. */
  list(): Finding[] {
    return [...this.#found.values()];
  }
}
