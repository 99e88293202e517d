import type { RunKey } from "../blob.js";
import { applyRewrites, eachKind, type Rewriting } from "./compact.js";
import { withStore } from "./hold-store.js";
import { runText } from "./live.js";
import type { Manifest, Segment, Version } from "./manifest.js";
import { compareText } from "./segment-key.js";
import type { StoreEnv } from "./store-env.js";

/** What forgetting takes out of a store. Plain data. */
export interface Forgotten {
  readonly logs: number;
  /** Rows of its kinds that the logs have: one of the run, history rows, system events. */
  readonly rows: number;
  /** Segments that go or are written anew. */
  readonly segments: number;
}

type RunName = Pick<RunKey, "entity" | "project" | "run_id">;

const compareRuns = (a: RunName, b: RunName): number =>
  compareText(a.entity, b.entity) || compareText(a.project, b.project) || compareText(a.run_id, b.run_id);

/**
 * Whether a segment may have rows of these runs: it has some of their versions, or some of replaced versions, of which
 * only the keys tell whose they were.
 */
function concerns(segment: Segment, runs: readonly RunKey[], gone: ReadonlySet<number>, known: ReadonlySet<number>) {
  if (segment.versions.some(({ id }) => gone.has(id))) return true;
  if (segment.versions.every(({ id }) => known.has(id))) return false;
  return runs.some((run) => compareRuns(segment.first, run) <= 0 && compareRuns(run, segment.last) <= 0);
}

interface Plan {
  readonly rewriting: Rewriting;
  readonly forgotten: Forgotten;
}

function planForgetting(before: Manifest, runs: readonly RunKey[]): Plan {
  const names = new Set(runs.map(runText));
  const isGone = (version: Version): boolean => names.has(runText(version.log));
  const versions = before.versions.filter((version) => !isGone(version));
  const gone = before.versions.filter(isGone);
  const goneIds = new Set(gone.map(({ id }) => id));
  const keep = new Set(versions.map(({ id }) => id));
  const known = new Set([...keep, ...goneIds]);
  const segments = before.segments.filter((segment) => concerns(segment, runs, goneIds, known));
  const groups = segments.filter((item) => item.versions.some(({ id }) => keep.has(id))).map((item) => [item]);
  const rows = gone.reduce((sum, version) => sum + 1 + version.rows.history + version.rows.system_event, 0);
  return {
    rewriting: { before, versions, groups, keeps: eachKind(() => keep) },
    forgotten: { logs: gone.length, rows, segments: segments.length },
  };
}

/** What forgetting some runs would take out of a store; nothing is changed. */
export const forgettingOf = (manifest: Manifest, runs: readonly RunKey[]): Forgotten =>
  planForgetting(manifest, runs).forgotten;

/**
 * Removes runs from a store: their versions of every source, and every row that they have or had. Segments that other
 * runs share are written anew, with new profiles, so that no byte of them is left.
 * @throws StoreError `store/locked` when another writer is at work; `store/write` when the disk refuses.
 */
export async function forgetRuns(env: StoreEnv, directory: string, runs: readonly RunKey[]): Promise<Forgotten> {
  return withStore(env, directory, async (manifest) => {
    const { rewriting, forgotten } = planForgetting(manifest, runs);
    if (forgotten.segments > 0 || forgotten.logs > 0) await applyRewrites({ env, directory }, rewriting);
    return forgotten;
  });
}
