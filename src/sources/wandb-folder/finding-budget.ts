import type { Finding, FindingCode } from "../../finding.js";

const EACH = 20;

/**
 * Passes findings on, at most 20 of a code; those beyond are counted and reported as one by `close`, so that a badly
 * damaged log gives a readable report.
 */
export class FindingBudget {
  private readonly pass: (item: Finding) => void;
  private readonly seen = new Map<FindingCode, number>();
  private readonly held = new Map<FindingCode, Finding>();

  constructor(pass: (item: Finding) => void) {
    this.pass = pass;
  }

  add(item: Finding): void {
    const count = (this.seen.get(item.code) ?? 0) + 1;
    this.seen.set(item.code, count);
    if (count <= EACH) this.pass(item);
    else this.held.set(item.code, item);
  }

  has(code: FindingCode): boolean {
    return this.seen.has(code);
  }

  close(): void {
    for (const [code, item] of this.held) {
      const count = (this.seen.get(code) ?? 0) - EACH;
      this.pass({ ...item, count, message: `${item.message} (the last of ${count} more)` });
    }
    this.held.clear();
  }
}
