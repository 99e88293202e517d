import type { BlobName, RunKey } from "../blob.js";
import { type Finding, type FindingCode, finding } from "../finding.js";

const EVIDENCE_CHARACTERS = 200;
const EVIDENCE_BYTES = EVIDENCE_CHARACTERS * 4;

/** The start of a text, at most 200 characters, for a finding's evidence. */
export function evidenceOf(bytes: Uint8Array, from: number, to: number): string {
  const text = Buffer.from(bytes.subarray(from, Math.min(to, from + EVIDENCE_BYTES))).toString("utf8");
  return text.slice(0, EVIDENCE_CHARACTERS);
}

/**
 * What was found in one log. What the store sees itself is counted, one finding a code and blob with the first case in
 * its words; where the source has told of the same code and blob, its finding stands.
 */
export class LogFindings {
  readonly #run: RunKey;
  readonly #reported: Finding[] = [];
  readonly #counted = new Map<string, Finding & { count: number }>();

  constructor(run: RunKey) {
    this.#run = { entity: run.entity, project: run.project, run_id: run.run_id };
  }

  report(item: Finding): void {
    this.#reported.push(item);
  }

  count(code: FindingCode, blob: BlobName | undefined, message: () => string, evidence?: () => string): void {
    const key = `${code} ${blob}`;
    const known = this.#counted.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const seen = evidence === undefined ? {} : { evidence: evidence() };
    const more = { run: this.#run, ...(blob === undefined ? {} : { blob }), ...seen };
    this.#counted.set(key, { ...finding(code, message(), more), count: 1 });
  }

  list(): Finding[] {
    const told = new Set(this.#reported.map((item) => `${item.code} ${item.blob}`));
    const counted = [...this.#counted].filter(([key]) => !told.has(key)).map(([, item]) => item);
    return [...this.#reported, ...counted];
  }
}
