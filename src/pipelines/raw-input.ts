import { readFile } from "node:fs/promises";
import type { BlobName } from "../blob.js";
import { RECORD_BLOBS } from "../blob.js";
import { fromDriver } from "../engines/duckdb/cells.js";
import { type SegmentFile, segmentRelation } from "../engines/duckdb/flatten.js";
import type { Session } from "../engines/duckdb/session.js";
import type { RawRecord } from "../flatten/flatten.js";
import { mergeLogs } from "../flatten/merge-logs.js";
import { emptyProfile, mergeProfiles } from "../profile/merge.js";
import type { Profile } from "../profile/profile.js";
import { readProfile } from "../profile/serialize.js";
import { type LiveRun, runText } from "../store/live.js";
import type { RawStore } from "../store/raw-store.js";
import { type PartDraft, type RunVersions, versionsOf } from "./parts.js";
import { runFacts } from "./run-facts.js";

/** The raw rows of a part. */
export interface PartInput {
  readonly files: readonly SegmentFile[];
  readonly profile: Profile;
  /** Versions of runs that have several logs. */
  readonly joined: readonly number[];
  /** Runs merged from several logs, as records. */
  readonly extra: readonly RawRecord[];
}

/** Every run with the versions of its own record. */
export function wholeRuns(runs: readonly LiveRun[]): RunVersions[] {
  return runs.map((run) => ({
    run: runText(run.key),
    versions: run.logs.map((log) => log.id),
    rows: 1,
    growing: run.state === "growing",
  }));
}

/** Reads the records of a run's logs and merges them to one. */
async function mergedRun(session: Session, run: LiveRun, files: readonly SegmentFile[]): Promise<RawRecord> {
  const ids = run.logs.map((log) => log.id);
  const texts = RECORD_BLOBS.run.map((blob) => `'.' || ${blob}`);
  const rows = await session.rows(
    `SELECT version, ${texts.join(", ")} FROM ${segmentRelation("run", files, [])} WHERE version IN (${ids.join(", ")})`,
  );
  const byVersion = new Map(rows.map(([version, ...cells]) => [Number(version), cells.map(fromDriver)]));
  const logs = ids.map((id) => {
    const cells = byVersion.get(id) ?? [];
    const found = RECORD_BLOBS.run.flatMap((blob, i): [BlobName, string][] =>
      typeof cells[i] === "string" ? [[blob, cells[i]]] : [],
    );
    return Object.fromEntries(found) as Partial<Record<BlobName, string>>;
  });
  const computed = runFacts(run).cells;
  return { kind: "run", key: run.key, step: -1n, ordinal: 0n, blobs: mergeLogs(logs), computed };
}

/** Finds the segments, the profile and the merged runs that a part is made from. */
export async function partInput(session: Session, store: RawStore, draft: PartDraft): Promise<PartInput> {
  const several = draft.runs.filter((run) => run.versions.length > 1);
  const joined = several.flatMap((run) => run.versions);
  const merged = draft.kind === "run" ? new Set(joined) : new Set<number>();
  const wanted = new Set(versionsOf(draft).filter((id) => !merged.has(id)));
  const all: SegmentFile[] = [];
  const files: SegmentFile[] = [];
  let profile = emptyProfile();
  for (const segment of store.liveSegments(draft.kind)) {
    all.push({ path: segment.path });
    const versions = segment.versions.live.filter((id) => wanted.has(id));
    if (versions.length === 0) continue;
    const whole = versions.length === segment.versions.all.length;
    files.push(whole ? { path: segment.path } : { path: segment.path, versions });
    profile = mergeProfiles(profile, readProfile(await readFile(segment.profile, "utf8")));
  }
  const runs = draft.kind === "run" ? store.runs().filter((run) => run.logs.length > 1) : [];
  const extra: RawRecord[] = [];
  for (const run of runs) extra.push(await mergedRun(session, run, all));
  return { files, profile, joined: draft.kind === "run" ? [] : joined, extra };
}
