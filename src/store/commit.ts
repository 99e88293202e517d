import { join } from "node:path";
import { RECORD_KINDS, type RecordKind } from "../blob.js";
import { writeProfile } from "../profile/serialize.js";
import { liveVersions } from "./live.js";
import { LOCK_LEFTOVER } from "./lock.js";
import { type Manifest, manifestText, type Segment, type Version } from "./manifest.js";
import { ENGINE_FOLDER } from "./merge-engine.js";
import type { SegmentEngine } from "./segment-engine.js";
import { profileVersions } from "./segment-profile.js";
import { type StoreFiles, syncAll, writeDurably } from "./store-env.js";

export const MANIFEST_FILE = "manifest.json";

/** What a writer wants the store to hold. */
export interface Change {
  readonly versions: readonly Version[];
  readonly added: readonly Segment[];
  readonly nextVersion: number;
  readonly nextSegment: number;
}

interface Place {
  readonly engine: SegmentEngine;
  readonly files: StoreFiles;
  readonly directory: string;
}

function liveByKind(versions: readonly Version[]): Record<RecordKind, Set<number>> {
  const entries = RECORD_KINDS.map((kind) => [kind, liveVersions(versions, kind)] as const);
  return Object.fromEntries(entries) as Record<RecordKind, Set<number>>;
}

function sameIds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}

/** The segment with a profile of exactly its live rows. One without live rows keeps the profile it has: nobody reads it. */
async function withLiveProfile(place: Place, segment: Segment, live: Set<number>, revision: number): Promise<Segment> {
  const ids = segment.versions.map((version) => version.id).filter((id) => live.has(id));
  if (ids.length === 0 || sameIds(ids, segment.profile.versions)) return segment;
  const profile = await profileVersions(place.engine, segment.kind, join(place.directory, segment.file), ids);
  const file = segment.file.replace(/\.parquet$/, `.r${revision}.profile.json`);
  await writeDurably(place.files, join(place.directory, file), writeProfile(profile));
  return { ...segment, profile: { file, versions: ids } };
}

async function nextManifest(place: Place, before: Manifest, change: Change): Promise<Manifest> {
  const known = new Set(change.versions.map((version) => version.id));
  const live = liveByKind(change.versions);
  const revision = before.revision + 1;
  const segments: Segment[] = [];
  for (const segment of [...before.segments, ...change.added]) {
    if (!segment.versions.some((version) => known.has(version.id))) continue;
    segments.push(await withLiveProfile(place, segment, live[segment.kind], revision));
  }
  const { nextVersion, nextSegment } = change;
  return { ...before, revision, nextVersion, nextSegment, versions: [...change.versions], segments };
}

export function namedFiles(segments: readonly Segment[]): Set<string> {
  return new Set(segments.flatMap((segment) => [segment.file, segment.profile.file]));
}

/**
 * Replaces the manifest, then removes the files that only the one before named. Nothing is written when no version and
 * no segment is new.
 */
export async function commitChange(place: Place, before: Manifest, change: Change): Promise<Manifest> {
  const { files, directory } = place;
  const same = sameIds(
    change.versions.map((version) => version.id),
    before.versions.map((version) => version.id),
  );
  const after = same ? before : await nextManifest(place, before, change);
  if (!same) {
    const added = change.added.filter((segment) => after.segments.some(({ file }) => file === segment.file));
    await syncAll(
      files,
      [...namedFiles(added)].map((file) => join(directory, file)),
    );
    await writeDurably(files, join(directory, MANIFEST_FILE), manifestText(after));
  }
  const named = namedFiles(after.segments);
  for (const file of namedFiles([...before.segments, ...change.added])) {
    if (!named.has(file)) await files.rm(join(directory, file), { force: true });
  }
  return after;
}

const LEFTOVER = /^\d{6,}(\.r\d+)?\.(parquet|profile\.json)(\.tmp)?$/;
const ROOT_LEFTOVER = new RegExp(`^((manifest|sources)\\.json\\.tmp|(project\\.)?lock(${LOCK_LEFTOVER}))$`);

/** Removes the files of writers that did not come to an end. Only for the holder of the lock. */
export async function removeLeftovers(files: StoreFiles, directory: string, manifest: Manifest): Promise<void> {
  const named = namedFiles(manifest.segments);
  await files.rm(join(directory, ENGINE_FOLDER), { recursive: true, force: true });
  for (const entry of await files.readdir(directory, { withFileTypes: true })) {
    if (entry.isFile() && ROOT_LEFTOVER.test(entry.name)) await files.rm(join(directory, entry.name), { force: true });
    if (!entry.isDirectory() || !RECORD_KINDS.some((kind) => kind === entry.name)) continue;
    for (const name of await files.readdir(join(directory, entry.name))) {
      const stray = LEFTOVER.test(name) && !named.has(`${entry.name}/${name}`);
      if (stray) await files.rm(join(directory, entry.name, name), { force: true });
    }
  }
}
