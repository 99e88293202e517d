import type { RunKey } from "../blob.js";
import { type Finding, finding } from "../finding.js";
import type { Value } from "../flatten/value.js";
import { parseTimestamp } from "../json/timestamp.js";
import type { LiveRun } from "../store/live.js";

/** `complete`: as many history rows as W&B counted, or a log that ended; `short`: fewer; `growing`: not finished yet. */
export type HistoryStatus = "complete" | "growing" | "short" | "unknown";

/** How far the history of a run is here. */
export function historyStatus(run: Pick<LiveRun, "state" | "expected" | "history_rows">): HistoryStatus {
  if (run.state === "growing") return "growing";
  if (run.expected !== undefined) return run.history_rows < run.expected ? "short" : "complete";
  return run.state === "complete" ? "complete" : "unknown";
}

/** Computed cells of a run's row in `runs`. */
export interface RunFacts {
  readonly key: RunKey;
  readonly cells: ReadonlyMap<string, Value>;
}

const microsOf = (text: string): bigint | null => parseTimestamp(text)?.micros ?? null;

/** @param fetched `fetched_at` of the run, where it is known already. */
export function runFacts(run: LiveRun, fetched = microsOf(run.fetched_at)): RunFacts {
  const cells = new Map<string, Value>([
    ["history_rows", BigInt(run.history_rows)],
    ["history_status", historyStatus(run)],
    ["fetched_at", fetched],
  ]);
  return { key: run.key, cells };
}

/** The same for many. Runs that were imported together have few `fetched_at`, which are parsed once. */
export function factsOf(runs: readonly LiveRun[]): RunFacts[] {
  const texts = new Set(runs.map((run) => run.fetched_at));
  const times = new Map([...texts].map((text) => [text, microsOf(text)]));
  return runs.map((run) => runFacts(run, times.get(run.fetched_at)));
}

/** Findings on the completeness of a run. */
export function completenessFindings(run: LiveRun): Finding[] {
  const status = historyStatus(run);
  if (status === "growing") {
    return [
      finding("run/growing", "The run was not finished when it was imported; import it again later.", { run: run.key }),
    ];
  }
  if (status !== "short") return [];
  const message = `The run has ${run.history_rows} of the ${run.expected} history rows that W&B counted.`;
  return [finding("run/short", message, { run: run.key })];
}
