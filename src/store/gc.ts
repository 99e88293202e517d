import { RECORD_KINDS, type RecordKind } from "../blob.js";
import { applyRewrites, eachKind, FULL_COMPACTION, type Keeps, planRewrites, type Rewriting } from "./compact.js";
import { withStore } from "./hold-store.js";
import { hasRows, liveVersions } from "./live.js";
import type { Manifest, Version } from "./manifest.js";
import type { StoreEnv } from "./store-env.js";

/** What `gc` does to a store. Plain data. */
export interface StoreGarbage {
  /** Rows that do not count: of logs that were replaced, and of sources that another one supersedes. */
  readonly rows: number;
  readonly segmentsBefore: number;
  readonly segmentsAfter: number;
}

function withDropped(version: Version, keeps: Keeps): Version {
  const gone = RECORD_KINDS.filter((kind) => hasRows(version, kind) && !keeps[kind].has(version.id));
  if (gone.length === 0) return version;
  const dropped: RecordKind[] = [...(version.dropped ?? []), ...gone];
  return { ...version, dropped };
}

function planGc(before: Manifest): Rewriting {
  const keeps = eachKind((kind) => liveVersions(before.versions, kind));
  const versions = before.versions.map((version) => withDropped(version, keeps));
  return { before, versions, groups: planRewrites(before.segments, keeps, FULL_COMPACTION), keeps };
}

function summaryOf({ before, groups, keeps }: Rewriting): StoreGarbage {
  const all = before.segments.flatMap(({ kind, versions }) => versions.map((version) => ({ kind, ...version })));
  const gone = all.filter(({ kind, id }) => !keeps[kind].has(id));
  const empty = before.segments.filter(({ kind, versions }) => !versions.some(({ id }) => keeps[kind].has(id)));
  const merged = groups.reduce((sum, group) => sum + group.length - 1, 0);
  const segmentsBefore = before.segments.length;
  return {
    rows: gone.reduce((sum, { rows }) => sum + rows, 0),
    segmentsBefore,
    segmentsAfter: segmentsBefore - empty.length - merged,
  };
}

/** What `gc` would do to a store; nothing is changed. */
export const garbageOf = (manifest: Manifest): StoreGarbage => summaryOf(planGc(manifest));

/**
 * Drops every row that does not count, merges segments until no two could be one, and removes what crashed writers left.
 * What counts stays as it is: no table changes.
 * @throws StoreError `store/locked` when another writer is at work; `store/write` when the disk refuses.
 */
export async function collectGarbage(env: StoreEnv, directory: string): Promise<StoreGarbage> {
  return withStore(env, directory, async (manifest) => {
    const plan = planGc(manifest);
    const summary = summaryOf(plan);
    if (plan.groups.length > 0 || summary.rows > 0) await applyRewrites({ env, directory }, plan);
    return summary;
  });
}
