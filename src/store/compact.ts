import { join } from "node:path";
import { RECORD_KINDS, type RecordKind } from "../blob.js";
import { diskReason } from "../disk-error.js";
import { StoreError } from "../errors.js";
import { MANIFEST_FILE, namedFiles, removeLeftovers } from "./commit.js";
import { liveVersions } from "./live.js";
import { type Manifest, manifestText, type Segment, type Version } from "./manifest.js";
import { withMergeEngine } from "./merge-engine.js";
import { mergeSegments } from "./merge-segments.js";
import { SEGMENT_BYTES, SEGMENT_ROWS } from "./segment-draft.js";
import { compareKeys } from "./segment-key.js";
import { type StoreEnv, writeDurably } from "./store-env.js";
import { FULL_TIERING, mergeGroups, type Tiering, USUAL_TIERING } from "./tiers.js";

/** Versions whose rows stay in the segments of each kind. */
export type Keeps = Readonly<Record<RecordKind, ReadonlySet<number>>>;

/** A store whose lock is held. */
export interface HeldStore {
  readonly env: StoreEnv;
  readonly directory: string;
}

/** When segments are written anew. */
export interface CompactionRule {
  readonly tiering: Tiering;
  /** Share of rows or of text in a segment that do not stay, from which it is written anew by itself. */
  readonly garbage: number;
  /** Bytes of text from which a segment is left as it is: its texts may not fit into the engine's memory. */
  readonly most: number;
}

/** What every commit does: few small segments stay, and no segment is more than half garbage. */
export const USUAL_COMPACTION: CompactionRule = { tiering: USUAL_TIERING, garbage: 0.5, most: 2 * SEGMENT_BYTES };

/** What `gc` does: as few segments as can be, and no garbage. */
export const FULL_COMPACTION: CompactionRule = {
  tiering: FULL_TIERING,
  garbage: Number.MIN_VALUE,
  most: Number.POSITIVE_INFINITY,
};

interface Kept {
  readonly segment: Segment;
  readonly rows: number;
  readonly text: number;
}

export function eachKind<T>(make: (kind: RecordKind) => T): Record<RecordKind, T> {
  return Object.fromEntries(RECORD_KINDS.map((kind) => [kind, make(kind)])) as Record<RecordKind, T>;
}

function keptOf(segment: Segment, keep: ReadonlySet<number>): Kept {
  const stay = segment.versions.filter(({ id }) => keep.has(id));
  const sum = (name: "rows" | "text"): number => stay.reduce((total, version) => total + version[name], 0);
  return { segment, rows: sum("rows"), text: sum("text") };
}

/** Share of a segment's rows or of its text that do not stay, whichever is more. */
function garbageOf({ segment, rows, text }: Kept): number {
  const all = segment.versions.reduce((sum, version) => sum + version.text, 0);
  return Math.max(1 - rows / segment.rows, all === 0 ? 0 : 1 - text / all);
}

/** Groups of segments to be written as one each; a group of one loses its garbage. Pure. */
export function planRewrites(segments: readonly Segment[], keeps: Keeps, rule: CompactionRule): Segment[][] {
  return RECORD_KINDS.flatMap((kind) => {
    const all = segments
      .filter((segment) => segment.kind === kind)
      .map((segment) => keptOf(segment, keeps[kind]))
      .filter(({ rows }) => rows > 0)
      .sort((a, b) => compareKeys(a.segment.first, b.segment.first));
    const fill = ({ rows, text }: Kept): number => Math.max(rows / SEGMENT_ROWS, text / SEGMENT_BYTES);
    const groups = mergeGroups(all, fill, rule.tiering);
    const grouped = new Set(groups.flat());
    const alone = all.filter((kept) => !grouped.has(kept) && garbageOf(kept) >= rule.garbage && kept.text < rule.most);
    return [...groups, ...alone.map((kept) => [kept])].map((group) => group.map(({ segment }) => segment));
  });
}

/** A manifest as it shall be, but for segments that have to be written first. */
export interface Rewriting {
  readonly before: Manifest;
  readonly versions: readonly Version[];
  readonly groups: readonly (readonly Segment[])[];
  readonly keeps: Keeps;
}

/** Segments that are in no group and have rows that stay. */
function untouched({ before, groups, keeps }: Rewriting): Segment[] {
  const grouped = new Set(groups.flat());
  return before.segments.filter(
    (segment) => !grouped.has(segment) && segment.versions.some(({ id }) => keeps[segment.kind].has(id)),
  );
}

async function writeGroups({ env, directory }: HeldStore, rewriting: Rewriting): Promise<Segment[]> {
  const { before, versions, groups, keeps } = rewriting;
  if (groups.length === 0) return [];
  const live = eachKind((kind) => liveVersions(versions, kind));
  return withMergeEngine(env, directory, async (connection) => {
    const place = { connection, files: env.files, directory };
    const added: Segment[] = [];
    for (const segments of groups) {
      const { kind } = segments[0] as Segment;
      const number = before.nextSegment + added.length;
      added.push(await mergeSegments(place, { segments, keep: keeps[kind], live: live[kind], number }));
    }
    return added;
  });
}

async function newSegments(store: HeldStore, rewriting: Rewriting): Promise<Segment[]> {
  try {
    return await writeGroups(store, rewriting);
  } catch (error) {
    await removeLeftovers(store.env.files, store.directory, rewriting.before);
    throw error;
  }
}

/**
 * Writes the new segments, replaces the manifest, then removes the files that only the one before named. A crash or an
 * error before the manifest is replaced leaves the store as it was, and files that the next writer removes.
 */
export async function applyRewrites(store: HeldStore, rewriting: Rewriting): Promise<Manifest> {
  const { directory } = store;
  const { files } = store.env;
  const { before } = rewriting;
  const added = await newSegments(store, rewriting);
  const after: Manifest = {
    ...before,
    revision: before.revision + 1,
    nextSegment: before.nextSegment + added.length,
    versions: [...rewriting.versions],
    segments: [...untouched(rewriting), ...added],
  };
  await writeDurably(files, join(directory, MANIFEST_FILE), manifestText(after));
  const named = namedFiles(after.segments);
  for (const file of namedFiles(before.segments)) {
    if (!named.has(file)) await files.rm(join(directory, file), { force: true });
  }
  return after;
}

/**
 * Merges small segments and drops rows of versions that were replaced, when there are many of them; else does nothing.
 * Rows of another source than the one that counts stay.
 */
export async function compactSegments(store: HeldStore, before: Manifest): Promise<Manifest> {
  const known = new Set(before.versions.map(({ id }) => id));
  const keeps = eachKind(() => known);
  const groups = planRewrites(before.segments, keeps, USUAL_COMPACTION);
  return groups.length === 0 ? before : applyRewrites(store, { before, versions: before.versions, groups, keeps });
}

/**
 * The same after a commit, whose content stays whatever happens here.
 * @throws StoreError `store/compact`, which says so.
 */
export async function compactAfterCommit(store: HeldStore, before: Manifest): Promise<Manifest> {
  try {
    return await compactSegments(store, before);
  } catch (cause) {
    const why = diskReason(cause) ?? (cause instanceof Error ? cause.message : String(cause));
    throw new StoreError("store/compact", `What was imported is kept, but small segments were not merged: ${why}`, {
      where: { file: store.directory },
      next: "See to it, then run `wandb-columns gc`, or the same command again.",
      cause,
    });
  }
}
