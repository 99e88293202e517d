import type { RunKey } from "../blob.js";
import type { SegmentFile } from "../engines/duckdb/flatten.js";
import { compareKeys, compareText, type SegmentKey } from "../store/segment-key.js";

/** A segment with rows that a part wants. */
export interface WindowSegment {
  readonly file: SegmentFile;
  /** Path of its profile. */
  readonly profile: string;
  readonly first: SegmentKey;
  readonly last: SegmentKey;
  /** Bytes of text, estimated, and rows that are wanted. */
  readonly bytes: number;
  readonly rows: number;
}

/** A run of a part. */
export interface WindowRun {
  readonly key: RunKey;
  readonly bytes: number;
  /** Its rows are those of several logs, interleaved by step. */
  readonly joined: boolean;
}

/** Rows of a part that lie next to each other in key order and are flattened by one query a table. */
export interface Window {
  readonly segments: readonly WindowSegment[];
  /** Reading the segments one after the other gives the rows in key order. */
  readonly ordered: boolean;
  /** Bounds by run where segments hold rows of other windows too: from `from` on, before `to`. */
  readonly from?: RunKey | undefined;
  readonly to?: RunKey | undefined;
  readonly bytes: number;
  readonly rows: number;
}

/** What a window may hold, unless one run or segment alone is more. */
export interface WindowLimits {
  readonly bytes: number;
  readonly rows: number;
}

/** Order of runs, as segments have it. */
export function compareRuns(a: RunKey, b: RunKey): number {
  return compareText(a.entity, b.entity) || compareText(a.project, b.project) || compareText(a.run_id, b.run_id);
}

/** Segments whose ranges overlap, directly or by others; `mixed` when their rows have to be sorted. */
interface Cluster {
  readonly segments: WindowSegment[];
  last: SegmentKey;
  mixed: boolean;
}

function inRange(run: RunKey, first: RunKey, last: RunKey): boolean {
  return compareRuns(run, first) >= 0 && compareRuns(run, last) <= 0;
}

/** Groups segments by overlap; two that share a run of several logs overlap too. */
function clustersOf(segments: readonly WindowSegment[], joined: readonly RunKey[]): Cluster[] {
  const clusters: Cluster[] = [];
  for (const segment of [...segments].sort((a, b) => compareKeys(a.first, b.first))) {
    const open = clusters.at(-1);
    const shares = (run: RunKey): boolean =>
      open !== undefined && compareRuns(run, open.last) === 0 && compareRuns(run, segment.first) === 0;
    if (open !== undefined && (compareKeys(segment.first, open.last) <= 0 || joined.some(shares))) {
      open.segments.push(segment);
      open.mixed = true;
      if (compareKeys(segment.last, open.last) > 0) open.last = segment.last;
    } else {
      const mixed = joined.some((run) => inRange(run, segment.first, segment.last));
      clusters.push({ segments: [segment], last: segment.last, mixed });
    }
  }
  return clusters;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function windowOf(segments: readonly WindowSegment[], ordered: boolean): Window {
  const bytes = sum(segments.map((segment) => segment.bytes));
  return { segments, ordered, bytes, rows: sum(segments.map((segment) => segment.rows)) };
}

/** Splits a window that has to be sorted between runs. */
function split(window: Window, runs: readonly WindowRun[], limits: WindowLimits): Window[] {
  if (window.bytes <= limits.bytes && window.rows <= limits.rows) return [window];
  const starts: RunKey[] = [];
  const share = Math.min(1, limits.rows / Math.max(1, window.rows));
  const most = Math.min(limits.bytes, window.bytes * share);
  let bytes = 0;
  for (const run of runs) {
    if (bytes > 0 && bytes + run.bytes > most) {
      starts.push(run.key);
      bytes = 0;
    }
    bytes += run.bytes;
  }
  const bounds = [undefined, ...starts];
  return bounds.map((from, i): Window => {
    const to = bounds[i + 1];
    const touched = window.segments.filter(
      ({ first, last }) =>
        (to === undefined || compareRuns(first, to) < 0) && (from === undefined || compareRuns(last, from) >= 0),
    );
    return {
      ...windowOf(touched, false),
      bytes: window.bytes / bounds.length,
      rows: window.rows / bounds.length,
      from,
      to,
    };
  });
}

/** Whether a window can follow another inside one. */
function fits(a: Window, b: Window, limits: WindowLimits): boolean {
  return a.ordered === b.ordered && a.bytes + b.bytes <= limits.bytes && a.rows + b.rows <= limits.rows;
}

/**
 * Divides a part into windows in key order, so that no more than a window is ever in memory. Segments whose ranges do
 * not overlap are read as they lie; only overlapping ones, and runs of several logs, are sorted, window by window. Pure.
 * @param runs of the part, in key order.
 */
export function planWindows(
  segments: readonly WindowSegment[],
  runs: readonly WindowRun[],
  limits: WindowLimits,
): Window[] {
  const joined = runs.filter((run) => run.joined).map((run) => run.key);
  const merged: Window[] = [];
  for (const cluster of clustersOf(segments, joined)) {
    const window = windowOf(cluster.segments, !cluster.mixed);
    const before = merged.at(-1);
    if (before !== undefined && fits(before, window, limits)) {
      merged[merged.length - 1] = windowOf([...before.segments, ...window.segments], window.ordered);
    } else merged.push(window);
  }
  return merged.flatMap((window) => {
    if (window.ordered) return [window];
    const [first] = window.segments;
    const last = window.segments.reduce(
      (most, { last: key }) => (compareKeys(key, most) > 0 ? key : most),
      first?.last as SegmentKey,
    );
    const inside = runs.filter((run) => first !== undefined && inRange(run.key, first.first, last));
    return split(window, inside, limits);
  });
}
