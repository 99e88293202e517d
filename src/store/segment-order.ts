import type { SegmentDraft, SegmentLog } from "./segment-draft.js";
import { compareText, type SegmentKey } from "./segment-key.js";

/** Row numbers of a draft in the order of its key; undefined when the rows came in that order. */
export function sortedRows(draft: SegmentDraft): Uint32Array | undefined {
  const rank = logRanks(draft.logs);
  const { step, ordinal } = draft;
  const logs = draft.logIndex.values;
  const compare = (a: number, b: number): number =>
    (rank[logs[a] as number] as number) - (rank[logs[b] as number] as number) ||
    step.compare(a, b) ||
    ordinal.compare(a, b) ||
    a - b;
  let sorted = true;
  for (let row = 1; row < draft.rows && sorted; row++) sorted = compare(row - 1, row) <= 0;
  return sorted ? undefined : Uint32Array.from({ length: draft.rows }, (_, i) => i).sort(compare);
}

/** For each log its place in the order of keys. */
function logRanks(logs: readonly SegmentLog[]): Uint32Array {
  const order = logs.map((_, i) => i).sort((a, b) => compareLogs(logs[a] as SegmentLog, logs[b] as SegmentLog));
  const rank = new Uint32Array(logs.length);
  for (const [place, log] of order.entries()) rank[log] = place;
  return rank;
}

function compareLogs(a: SegmentLog, b: SegmentLog): number {
  return (
    compareText(a.log.entity, b.log.entity) ||
    compareText(a.log.project, b.log.project) ||
    compareText(a.log.run_id, b.log.run_id) ||
    compareText(a.log.start, b.log.start) ||
    a.version - b.version
  );
}

/** The key of one row of a draft. */
export function keyOf(draft: SegmentDraft, row: number): SegmentKey {
  const { entity, project, run_id, start } = (draft.logs[draft.logIndex.values[row] as number] as SegmentLog).log;
  const run = { entity, project, run_id, log: start };
  if (draft.kind === "run" || draft.kind === "sweep") return run;
  const ordinal = Number(draft.ordinal.get(row));
  return draft.kind === "history" ? { ...run, step: String(draft.step.get(row)), ordinal } : { ...run, ordinal };
}
