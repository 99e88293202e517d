import type { RecordKind, RunKey } from "../blob.js";
import { compareLogs, type LiveRun, liveVersions, runText } from "../store/live.js";
import type { Manifest, Segment, Version } from "../store/manifest.js";
import { SEGMENT_BYTES } from "../store/segment-draft.js";
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
  /** Parts whose runs are gone. */
  readonly drop: readonly Part[];
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
  /** Bytes of JSON text, estimated. */
  readonly bytes: number;
  readonly growing: boolean;
}

/** A new part takes runs until it has this many rows. */
export const PART_ROWS = 400_000;
/** The same for bytes of JSON text. */
export const PART_BYTES = 512e6;

const COMPRESSION = 10;

/** Bytes of text in a segment. Where the manifest does not say: it closes at SEGMENT_BYTES, and text compresses tenfold. */
export function textBytes({ bytes, text }: { readonly bytes: number; readonly text?: number | undefined }): number {
  return text ?? Math.max(bytes, Math.min(SEGMENT_BYTES, bytes * COMPRESSION));
}

/** Estimated bytes of text by version, from what the manifest says of the segments. */
function versionBytes(segments: readonly Segment[], kind: RecordKind): Map<number, number> {
  const sums = new Map<number, number>();
  for (const segment of segments) {
    if (segment.kind !== kind) continue;
    const each = textBytes(segment) / Math.max(1, segment.rows);
    for (const { id, rows } of segment.versions) sums.set(id, (sums.get(id) ?? 0) + rows * each);
  }
  return sums;
}

/** Runs that have rows of a kind, with the live versions that hold them. */
export function runVersions(
  { versions: all, segments }: Pick<Manifest, "versions" | "segments">,
  runs: readonly LiveRun[],
  kind: "history" | "system_event",
): RunVersions[] {
  const live = liveVersions(all, kind);
  const bytes = versionBytes(segments, kind);
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
    return [{ run: key, key: run.key, versions, rows, bytes: size, growing: run.state === "growing" }];
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

/** Groups runs that are in no part yet: a growing run alone, finished ones together up to PART_ROWS and PART_BYTES. */
function groupNew(runs: readonly RunVersions[]): RunVersions[][] {
  const groups: RunVersions[][] = [];
  let open: RunVersions[] = [];
  let rows = 0;
  let bytes = 0;
  for (const run of runs) {
    if (run.growing) {
      groups.push([run]);
      continue;
    }
    if (open.length > 0 && (rows + run.rows > PART_ROWS || bytes + run.bytes > PART_BYTES)) {
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

/**
 * Decides which parts of a kind stay, which are written again and which are new. A run stays in the part it is in: when
 * one of its logs changes, that part is rewritten with the run's present versions. So is a part in `lost`, of which a
 * file is missing or in doubt.
 */
export function planParts(
  kind: Part["kind"],
  old: readonly Part[],
  runs: readonly RunVersions[],
  nextPart: number,
  lost: ReadonlySet<Part> = new Set(),
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
  const added = groupNew(fresh).map((members): PartDraft => ({ id: next++, kind, runs: members }));
  const kept = new Set(keep);
  const drop = old.filter((part) => !kept.has(part) && !drafts.has(part.id));
  return { keep, write: [...drafts.values(), ...added], drop, nextPart: next };
}
