import { type BlobName, RECORD_BLOBS, type RecordKind, type RunKey } from "../blob.js";
import { fromDriver } from "../engines/duckdb/cells.js";
import { rankRelation, type SegmentFile, segmentRelation } from "../engines/duckdb/flatten.js";
import type { Session } from "../engines/duckdb/session.js";
import { StoreError } from "../errors.js";
import type { RawRecord } from "../flatten/flatten.js";
import { mergeLogs } from "../flatten/merge-logs.js";
import type { Value } from "../flatten/value.js";
import { ProfileSum } from "../profile/merge.js";
import type { Profile } from "../profile/profile.js";
import { readCounts } from "../profile/serialize.js";
import type { LiveRun } from "../store/live.js";
import type { LiveSegment, RawStore } from "../store/raw-store.js";
import type { Environment } from "./environment.js";
import { segmentFiles } from "./live-segments.js";
import { type PartDraft, versionsOf } from "./parts.js";
import { runFacts } from "./run-facts.js";
import { compareRuns, planWindows, type Window, type WindowLimits, type WindowSegment } from "./windows.js";

/** The raw rows of a window. */
export interface WindowInput {
  readonly files: readonly SegmentFile[];
  /** Their rows come in key order. */
  readonly ordered: boolean;
  /** Bytes of text; both are estimates. */
  readonly bytes: number;
  readonly rows: number;
  /** Bounds by run: from `from` on, before `to`. */
  readonly from?: RunKey | undefined;
  readonly to?: RunKey | undefined;
  /** Versions of runs that have several logs, those of a run in the order of its logs. */
  readonly joined: readonly number[];
  /** Reads the profile of at least those rows. */
  readonly profile: () => Promise<Profile>;
  /** Runs merged from several logs, as records, in key order. */
  readonly extra: (session: Session) => AsyncIterable<RawRecord>;
}

/** The raw rows of a part, in windows in key order; at least one. */
export interface PartInput {
  readonly windows: readonly WindowInput[];
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

async function addedUp(paths: readonly string[], files: Pick<Environment["files"], "readFile">): Promise<Profile> {
  const sum = new ProfileSum();
  for (const path of paths) sum.add(readCounts(await files.readFile(path, "utf8")));
  return sum.total();
}

/** Windows are flattened side by side, and neighbours often have the same segments. */
const KEPT_PROFILES = 2;

/**
 * Reads the profiles of windows, without their runs, once for neighbours with the same segments; that of the whole kind is
 * there already when someone else has asked for it.
 */
function profilesOf(store: RawStore, kind: RecordKind, files: Pick<Environment["files"], "readFile">) {
  const known = new Map<string, Promise<Profile>>();
  const all = new Set(store.liveSegments(kind).map(({ profile }) => profile));
  return (segments: readonly WindowSegment[]): Promise<Profile> => {
    const paths = [...new Set(segments.map(({ profile }) => profile))].sort();
    const isAll = paths.length === all.size && paths.every((path) => all.has(path));
    if (isAll && store.hasProfile(kind)) return store.profile([kind]);
    const key = JSON.stringify(paths);
    const profile = known.get(key) ?? addedUp(paths, files);
    known.delete(key);
    known.set(key, profile);
    for (const old of [...known.keys()].slice(0, -KEPT_PROFILES)) known.delete(old);
    return profile;
  };
}

/** The rows of segments that a part wants. */
function wantedSegments(segments: readonly LiveSegment[], wanted: ReadonlySet<number>): WindowSegment[] {
  return segments.flatMap((segment): WindowSegment[] => {
    const [file] = segmentFiles([segment], wanted);
    if (file === undefined) return [];
    const { first, last } = segment.keyRange;
    const share = file.versions === undefined ? 1 : file.versions.length / segment.versions.live.length;
    const [bytes, rows] = [segment.liveText * share, segment.liveRows * share];
    return [{ file, profile: segment.profile, first, last, bytes, rows }];
  });
}

/** For each window the runs from its start to that of the next; the first window has all that come before, too. */
function sharedOut(windows: readonly Window[], runs: readonly LiveRun[]): LiveRun[][] {
  const shares = windows.map((): LiveRun[] => []);
  const starts = windows.map(({ from, segments }) => from ?? segments[0]?.first);
  for (const run of runs) {
    let place = 0;
    for (const [i, start] of starts.entries()) {
      if (i > 0 && start !== undefined && compareRuns(run.key, start) >= 0) place = i;
    }
    shares[place]?.push(run);
  }
  return shares;
}

const NO_WINDOW: Window = { segments: [], ordered: false, bytes: 0, rows: 0 };

/** Finds the segments and the merged runs that a part is made from. */
export function partInput(
  store: RawStore,
  draft: PartDraft,
  limits: WindowLimits,
  files: Pick<Environment["files"], "readFile">,
): PartInput {
  const several = draft.runs.filter((run) => run.versions.length > 1);
  const joined = several.flatMap((run) => run.versions.map(({ id }) => id));
  const isRun = draft.kind === "run";
  const merged = new Set(isRun ? joined : []);
  const wanted = new Set(versionsOf(draft).filter((id) => !merged.has(id)));
  const segments = store.liveSegments(draft.kind);
  const profileOf = profilesOf(store, draft.kind, files);
  const runs = draft.runs.map((run) => ({ key: run.key, bytes: run.bytes, joined: !isRun && run.versions.length > 1 }));
  const planned = planWindows(wantedSegments(segments, wanted), runs, limits);
  const windows = planned.length === 0 ? [NO_WINDOW] : planned;
  const mergedRunsOf = sharedOut(windows, isRun ? store.runs().filter((run) => run.logs.length > 1) : []);
  return {
    windows: windows.map((window, i): WindowInput => {
      const live = new Set(window.segments.flatMap(({ file }) => file.versions ?? []));
      const whole = window.segments.some(({ file }) => file.versions === undefined);
      return {
        files: window.segments.map(({ file }) => file),
        ordered: window.ordered,
        bytes: window.bytes,
        rows: Math.ceil(window.rows) + (mergedRunsOf[i]?.length ?? 0),
        from: window.from,
        to: window.to,
        joined: isRun ? [] : joined.filter((id) => whole || live.has(id)),
        profile: () => profileOf(window.segments),
        extra: (session) => mergedRuns(session, segments, mergedRunsOf[i] ?? []),
      };
    }),
  };
}
