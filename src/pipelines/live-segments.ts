import type { RecordKind } from "../blob.js";
import { type SegmentFile, segmentRelation } from "../engines/duckdb/flatten.js";
import type { LiveSegment, RawStore } from "../store/raw-store.js";

/** The rows that count of some segments; with `wanted`, only those of these versions. Files without such rows are left out. */
export function segmentFiles(segments: readonly LiveSegment[], wanted?: ReadonlySet<number>): SegmentFile[] {
  return segments.flatMap(({ path, versions }) => {
    const live = wanted === undefined ? versions.live : versions.live.filter((id) => wanted.has(id));
    if (live.length === 0) return [];
    return live.length === versions.all.length ? [{ path }] : [{ path, versions: live }];
  });
}

/** A relation of the rows of a kind that count; undefined when there are none. */
export function liveRelation(store: RawStore, kind: Exclude<RecordKind, "sweep">): string | undefined {
  return segmentRelation(kind, segmentFiles(store.liveSegments(kind)), []);
}
