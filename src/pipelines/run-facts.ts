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
export function runFacts(run: LiveRun): { readonly key: RunKey; readonly cells: ReadonlyMap<string, Value> } {
  const cells = new Map<string, Value>([
    ["history_rows", BigInt(run.history_rows)],
    ["history_status", historyStatus(run)],
    ["fetched_at", parseTimestamp(run.fetched_at)?.micros ?? null],
  ]);
  return { key: run.key, cells };
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
