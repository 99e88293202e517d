import type { RunKey } from "../../blob.js";
import { type Finding, finding } from "../../finding.js";

/** One account of a run. */
export interface Account {
  readonly key: RunKey;
  /** When the run, or this part of it, started; canonical timestamp, "" when it is not known. */
  readonly start: string;
  readonly bytes: number;
  /** Its file or folder. */
  readonly path: string;
}

/** Accounts of one run follow each other by start; of two with one run and start the longer is kept. */
export function inOrder<T extends Account>(accounts: readonly T[], report: (item: Finding) => void): T[] {
  const order = ({ key, start }: T) => [key.entity, key.project, key.run_id, start];
  const kept = new Map<string, T>();
  for (const account of [...accounts].sort((a, b) => compare(order(a), order(b)) || b.bytes - a.bytes)) {
    const id = JSON.stringify(order(account));
    const first = kept.get(id);
    if (first === undefined) kept.set(id, account);
    else report(twice(first, account));
  }
  return [...kept.values()];
}

function twice(first: Account, { key, path }: Account): Finding {
  const message = `The same run and start was imported from ${first.path}; this one was left alone`;
  return finding("source/copy-differs", message, { run: key, where: { file: path } });
}

function compare(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((text, i) => text !== b[i]);
  return at < 0 ? 0 : (a[at] ?? "") < (b[at] ?? "") ? -1 : 1;
}
