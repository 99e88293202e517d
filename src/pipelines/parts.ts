import type { RecordKind, RunKey } from "../blob.js";
import { compareLogs, type LiveRun, liveVersions, runText } from "../store/live.js";
import type { Manifest, Segment, Version } from "../store/manifest.js";
import type { Part } from "./tables-manifest.js";

/** A part that has to be written, under the id of the part it replaces or a new one. */
export interface PartDraft {
  readonly id: number;
  readonly kind: Part["kind"];
  readonly runs: readonly RunVersions[];
}

/** Ids of the raw versions of a part. */
export function versionsOf(part: PartDraft): number[] {
  return part.runs.flatMap((run) => run.versions.map(({ id }) => id));
}

/** The runs of a part as its manifest names them. */
export function partRuns(part: PartDraft): Part["runs"] {
  return part.runs.map(({ run, versions }) => ({ run, logs: versions.map(({ digest }) => digest) }));
}

export interface PartPlan {
  readonly keep: readonly Part[];
  readonly write: readonly PartDraft[];
  /** Parts whose runs are gone, or elsewhere. */
  readonly drop: readonly Part[];
  /** Those of them whose runs are in another part then. */
  readonly moved: readonly Part[];
  readonly nextPart: number;
}

/** A run's versions of one kind, in the order of its logs. */
export interface RunVersions {
  /** The key as text. */
  readonly run: string;
  readonly key: RunKey;
  /** An id counts within one raw store only; the digest says what is in a version. */
  readonly versions: readonly Pick<Version, "id" | "digest">[];
  readonly rows: number;
  /** Bytes of JSON text. */
  readonly bytes: number;
  readonly growing: boolean;
}

/** A new part takes runs until it has this many rows. */
export const PART_ROWS = 400_000;
/** The same for bytes of JSON text. */
export const PART_BYTES = 512e6;

/** Bytes of text by version, as the manifest has them of the segments. */
function versionBytes(segments: readonly Segment[], kind: RecordKind): Map<number, number> {
  const sums = new Map<number, number>();
  for (const segment of segments) {
    if (segment.kind !== kind) continue;
    for (const { id, text } of segment.versions) sums.set(id, (sums.get(id) ?? 0) + text);
  }
  return sums;
}

/** After so long without a change a run that has not ended is taken for one that never will. */
const DORMANT = 7 * 24 * 60 * 60 * 1000;

/** When the latest log of all was imported, in milliseconds of Unix time. */
const latestImport = (versions: readonly Version[]): number =>
  versions.reduce((latest, { fetched_at }) => Math.max(latest, Date.parse(fetched_at)), 0);

/** Whether a run may well change again: it has not ended, and was new or had changed not long before the latest import. */
const isGrowing = (run: LiveRun, latest: number): boolean =>
  run.state === "growing" && latest - Date.parse(run.fetched_at) < DORMANT;

/** Runs that have rows of a kind, with the live versions that hold them. */
export function runVersions(
  { versions: all, segments }: Pick<Manifest, "versions" | "segments">,
  runs: readonly LiveRun[],
  kind: "history" | "system_event",
): RunVersions[] {
  const live = liveVersions(all, kind);
  const bytes = versionBytes(segments, kind);
  const latest = latestImport(all);
  const byRun = new Map<string, Version[]>();
  for (const version of all) {
    if (!live.has(version.id)) continue;
    const run = runText(version.log);
    const known = byRun.get(run);
    if (known === undefined) byRun.set(run, [version]);
    else known.push(version);
  }
  return runs.flatMap((run) => {
    const key = runText(run.key);
    const versions = (byRun.get(key) ?? []).sort(compareLogs);
    const rows = versions.reduce((sum, log) => sum + log.rows[kind], 0);
    if (rows === 0) return [];
    const size = versions.reduce((sum, { id }) => sum + (bytes.get(id) ?? 0), 0);
    return [{ run: key, key: run.key, versions, rows, bytes: size, growing: isGrowing(run, latest) }];
  });
}

/** Every run with the versions of its own record. */
export function wholeRuns({ segments }: Pick<Manifest, "segments">, runs: readonly LiveRun[]): RunVersions[] {
  const bytes = versionBytes(segments, "run");
  return runs.map((run) => ({
    run: runText(run.key),
    key: run.key,
    versions: run.logs,
    rows: 1,
    bytes: run.logs.reduce((sum, { id }) => sum + (bytes.get(id) ?? 0), 0),
    growing: run.state === "growing",
  }));
}

/**
 * Groups runs that are in no part yet: a growing run alone, finished ones of one folder together up to PART_ROWS and
 * PART_BYTES.
 */
function groupNew(runs: readonly RunVersions[], folder: (key: RunKey) => string): RunVersions[][] {
  const groups: RunVersions[][] = [];
  let open: RunVersions[] = [];
  let rows = 0;
  let bytes = 0;
  for (const run of runs) {
    if (run.growing) {
      groups.push([run]);
      continue;
    }
    const [first] = open;
    const isFull = rows + run.rows > PART_ROWS || bytes + run.bytes > PART_BYTES;
    if (first !== undefined && (isFull || folder(first.key) !== folder(run.key))) {
      groups.push(open);
      open = [];
      rows = 0;
      bytes = 0;
    }
    open.push(run);
    rows += run.rows;
    bytes += run.bytes;
  }
  return open.length === 0 ? groups : [...groups, open];
}

/** Whether a part that was written holds what a draft of it would. */
export function isSame(part: Part, draft: PartDraft | undefined): boolean {
  return draft !== undefined && JSON.stringify(part.runs) === JSON.stringify(partRuns(draft));
}

/** What planning parts needs beside the parts and the runs. */
export interface PartRequest {
  readonly nextPart: number;
  /** Parts of which a file is missing or in doubt. */
  readonly lost?: ReadonlySet<Part>;
  /** The folder that a run's rows have to be in; runs of different ones share no part. Default: one folder. */
  readonly folder?: (key: RunKey) => string;
}

/**
 * Decides which parts of a kind stay, which are written again and which are new. A run stays in the part it is in: when
 * one of its logs changes, that part is rewritten with the run's present versions. So is a part in `lost`.
 */
export function planParts(
  kind: Part["kind"],
  old: readonly Part[],
  runs: readonly RunVersions[],
  { nextPart, lost = new Set(), folder = () => "" }: PartRequest,
): PartPlan {
  const home = new Map(old.flatMap((part) => part.runs.map(({ run }): [string, number] => [run, part.id])));
  const wanted = new Map<number, RunVersions[]>();
  const fresh: RunVersions[] = [];
  for (const run of runs) {
    const part = home.get(run.run);
    const members = part === undefined ? fresh : (wanted.get(part) ?? []);
    members.push(run);
    if (part !== undefined) wanted.set(part, members);
  }
  const drafts = new Map([...wanted].map(([id, members]): [number, PartDraft] => [id, { id, kind, runs: members }]));
  const keep = old.filter((part) => !lost.has(part) && isSame(part, drafts.get(part.id)));
  for (const part of keep) drafts.delete(part.id);
  let next = nextPart;
  const added = groupNew(fresh, folder).map((members): PartDraft => ({ id: next++, kind, runs: members }));
  const kept = new Set(keep);
  const drop = old.filter((part) => !kept.has(part) && !drafts.has(part.id));
  return { keep, write: [...drafts.values(), ...added], drop, moved: [], nextPart: next };
}
