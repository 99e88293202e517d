import type { BlobName } from "../blob.js";
import { RECORD_BLOBS } from "../blob.js";
import { fromDriver } from "../engines/duckdb/cells.js";
import { rankRelation, type SegmentFile, segmentRelation } from "../engines/duckdb/flatten.js";
import type { Session } from "../engines/duckdb/session.js";
import { StoreError } from "../errors.js";
import type { RawRecord } from "../flatten/flatten.js";
import { mergeLogs } from "../flatten/merge-logs.js";
import type { Value } from "../flatten/value.js";
import { mergeAll } from "../profile/merge.js";
import type { Profile } from "../profile/profile.js";
import { readProfile } from "../profile/serialize.js";
import type { LiveRun } from "../store/live.js";
import type { LiveSegment, RawStore } from "../store/raw-store.js";
import type { Environment } from "./environment.js";
import { segmentFiles } from "./live-segments.js";
import { type PartDraft, versionsOf } from "./parts.js";
import { runFacts } from "./run-facts.js";

/** The raw rows of a part. */
export interface PartInput {
  readonly files: readonly SegmentFile[];
  readonly profile: Profile;
  /** Versions of runs that have several logs, those of a run in the order of its logs. */
  readonly joined: readonly number[];
  /** Runs merged from several logs, as records. */
  readonly extra: AsyncIterable<RawRecord>;
}

const RUN_BLOBS: readonly BlobName[] = RECORD_BLOBS.run;

function blobsOf(cells: readonly Value[]): Partial<Record<BlobName, string>> {
  const found = RUN_BLOBS.flatMap((blob, i): [BlobName, string][] => {
    const cell = cells[i];
    return typeof cell === "string" ? [[blob, cell]] : [];
  });
  return Object.fromEntries(found);
}

/** The records of some versions, in the order of the list: one query, streamed. */
async function* recordsOf(session: Session, segments: readonly LiveSegment[], ids: readonly number[]) {
  const source = segmentRelation("run", segmentFiles(segments, new Set(ids)), []);
  if (source === undefined) return;
  const texts = RUN_BLOBS.map((blob) => `'.' || ${blob}`).join(", ");
  const ranked = `${source} JOIN ${rankRelation(ids)} USING (version)`;
  for await (const rows of session.stream(`SELECT version, ${texts} FROM ${ranked} ORDER BY rank$`)) {
    for (const [version, ...cells] of rows) yield { id: Number(version), blobs: blobsOf(cells.map(fromDriver)) };
  }
}

/** Runs of several logs, each with its logs merged to one record, in the order of the list. */
async function* mergedRuns(
  session: Session,
  segments: readonly LiveSegment[],
  runs: readonly LiveRun[],
): AsyncGenerator<RawRecord> {
  const ids = runs.flatMap((run) => run.logs.map((log) => log.id));
  const records = recordsOf(session, segments, ids);
  try {
    for (const run of runs) {
      const logs: Partial<Record<BlobName, string>>[] = [];
      for (const { id } of run.logs) {
        const { value } = await records.next();
        if (value?.id !== id) throw lostRecord(run, id);
        logs.push(value.blobs);
      }
      const { cells: computed } = runFacts(run);
      yield { kind: "run", key: run.key, step: -1n, ordinal: -1n, blobs: mergeLogs(logs), computed };
    }
  } finally {
    await records.return(undefined);
  }
}

function lostRecord({ key }: LiveRun, version: number): StoreError {
  const run = `${key.entity}/${key.project}/${key.run_id}`;
  return new StoreError("store/segment", `No segment holds the record of version ${version} that the manifest names`, {
    where: { run },
    next: "Restore the raw folder from a backup, or move it away and import the sources again.",
  });
}

/** Finds the segments, the profile and the merged runs that a part is made from. */
export async function partInput(
  session: Session,
  store: RawStore,
  draft: PartDraft,
  files: Pick<Environment["files"], "readFile">,
): Promise<PartInput> {
  const joined = draft.runs.flatMap((run) => (run.versions.length > 1 ? run.versions.map(({ id }) => id) : []));
  const isRun = draft.kind === "run";
  const merged = new Set(isRun ? joined : []);
  const wanted = new Set(versionsOf(draft).filter((id) => !merged.has(id)));
  const segments = store.liveSegments(draft.kind);
  const profiles: Profile[] = [];
  for (const segment of segments) {
    if (!segment.versions.live.some((id) => wanted.has(id))) continue;
    profiles.push(readProfile(await files.readFile(segment.profile, "utf8")));
  }
  const runs = isRun ? store.runs().filter((run) => run.logs.length > 1) : [];
  return {
    files: segmentFiles(segments, wanted),
    profile: mergeAll(profiles),
    joined: isRun ? [] : joined,
    extra: mergedRuns(session, segments, runs),
  };
}
