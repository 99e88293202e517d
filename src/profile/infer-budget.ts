import { BLOBS, type BlobName } from "../blob.js";
import { comparePaths } from "../json/pointer.js";
import type { Decision } from "./infer-patch.js";

/** The tables whose columns a blob's paths become; the system stream has only family rows. */
export const TABLE_OF: Partial<Record<BlobName, string>> = {
  run: "runs",
  config: "runs",
  summary: "runs",
  system_info: "runs",
  history: "history",
  sweep: "sweeps",
};

/** What the rule `over-budget` says. */
export const OVER_BUDGET_SAYS =
  "A column for which its table has no room (`maxColumns`): over-budget. The fullest are kept; ties go to the first path.";

const filled = (decision: Decision): number => decision.rows - (decision.types.null ?? 0);

function compareFullestFirst(a: Decision, b: Decision): number {
  return filled(b) - filled(a) || BLOBS.indexOf(a.blob) - BLOBS.indexOf(b.blob) || comparePaths(a.path, b.path);
}

/** The promoted decisions that do not fit their tables beside the columns that these have already. */
export function overBudget(
  decisions: readonly Decision[],
  width: ReadonlyMap<string, number>,
  maxColumns: number,
): ReadonlySet<Decision> {
  const byTable = new Map<string, Decision[]>();
  for (const decision of decisions) {
    if (decision.decision !== "promoted") continue;
    const table = TABLE_OF[decision.blob] ?? "";
    const known = byTable.get(table);
    if (known === undefined) byTable.set(table, [decision]);
    else known.push(decision);
  }
  const over = new Set<Decision>();
  for (const [table, candidates] of byTable) {
    const room = Math.max(0, maxColumns - (width.get(table) ?? 0));
    for (const decision of candidates.toSorted(compareFullestFirst).slice(room)) over.add(decision);
  }
  return over;
}
