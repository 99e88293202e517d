import { join } from "node:path";
import { DuckDBBlobValue, type DuckDBConnection, type DuckDBValue } from "@duckdb/node-api";
import type { RecordKind } from "../blob.js";
import { StoreError } from "../errors.js";
import { emptyProfile, ProfileSum } from "../profile/merge.js";
import type { Profile } from "../profile/profile.js";
import { readProfile, writeProfile } from "../profile/serialize.js";
import type { Segment } from "./manifest.js";
import { endsQuery, mergeStatement, versionsQuery } from "./segment-columns.js";
import type { SegmentKey } from "./segment-key.js";
import { profileVersions } from "./segment-profile.js";
import { publish, type StoreFiles, writeDurably } from "./store-env.js";

/** Where segments are, and what works on them. */
export interface MergePlace {
  readonly connection: DuckDBConnection;
  readonly files: StoreFiles;
  /** The store. */
  readonly directory: string;
}

/** Segments of one kind that become one. */
export interface Merge {
  readonly segments: readonly Segment[];
  /** Versions whose rows stay; at least one of them has rows. */
  readonly keep: ReadonlySet<number>;
  /** Versions whose rows count: those that the profile describes. */
  readonly live: ReadonlySet<number>;
  /** Names the new files. */
  readonly number: number;
}

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

function textOf(value: DuckDBValue | undefined): string {
  if (value instanceof DuckDBBlobValue) return UTF8.decode(value.bytes);
  throw new TypeError("A key column of a segment holds no text");
}

function keyOf(kind: RecordKind, row: readonly DuckDBValue[]): SegmentKey {
  const [entity, project, run_id, log] = row.slice(0, 4).map(textOf) as [string, string, string, string];
  const run = { entity, project, run_id, log };
  if (kind === "history") return { ...run, step: String(row[4]), ordinal: Number(row[5]) };
  return kind === "system_event" ? { ...run, ordinal: Number(row[4]) } : run;
}

/** Rows that the versions to keep have in some segments, as the manifest says. */
function expectedRows(segments: readonly Segment[], keep: ReadonlySet<number>): Map<number, number> {
  const rows = new Map<number, number>();
  for (const version of segments.flatMap((segment) => segment.versions)) {
    if (keep.has(version.id)) rows.set(version.id, (rows.get(version.id) ?? 0) + version.rows);
  }
  return rows;
}

/** @throws StoreError when a version has another number of rows than the manifest says. */
function checkRows(merge: Merge, found: Segment["versions"], directory: string): void {
  const expected = expectedRows(merge.segments, merge.keep);
  const counts = new Map(found.map(({ id, rows }) => [id, rows]));
  for (const [id, rows] of expected) {
    if (counts.get(id) === rows) continue;
    const names = merge.segments.map((segment) => segment.file).join(", ");
    throw new StoreError(
      "store/segment",
      `The segments ${names} have ${counts.get(id) ?? 0} rows of version ${id}; the manifest says ${rows}`,
      {
        where: { file: directory },
        next: "Restore the raw folder from a backup, or move it away and import the sources again.",
      },
    );
  }
}

/** The profile of the live rows: that of all inputs together when exactly their rows stay, else made anew. */
async function profileOf(
  place: MergePlace,
  { segments }: Merge,
  file: string,
  live: readonly number[],
): Promise<Profile> {
  if (live.length === 0) return emptyProfile();
  const described = segments.filter((segment) =>
    segment.versions.some(({ id }) => segment.profile.versions.includes(id)),
  );
  const known = new Set(described.flatMap((segment) => segment.profile.versions));
  const kind = (segments[0] as Segment).kind;
  if (known.size !== live.length || !live.every((id) => known.has(id))) {
    return profileVersions(place, kind, file, live);
  }
  const sum = new ProfileSum();
  for (const { profile } of described) {
    const path = join(place.directory, profile.file);
    sum.add(readProfile(await place.files.readFile(path, "utf8"), path));
  }
  return sum.total();
}

/**
 * Writes the rows of segments that are to stay into one new segment, sorted by key, with its profile. The old files are
 * left as they are.
 * @throws StoreError `store/segment` when rows are missing; what DuckDB or the disk says.
 */
export async function mergeSegments(place: MergePlace, merge: Merge): Promise<Segment> {
  const { files, directory, connection } = place;
  const { segments, keep, live, number } = merge;
  const kind = (segments[0] as Segment).kind;
  const stem = `${kind}/${String(number).padStart(6, "0")}`;
  const path = join(directory, `${stem}.parquet`);
  const inputs = segments.map((segment) => join(directory, segment.file));
  await files.mkdir(join(directory, kind), { recursive: true });
  await connection.run(mergeStatement(kind, inputs, [...expectedRows(segments, keep).keys()], `${path}.tmp`));
  const counted = await connection.runAndReadAll(versionsQuery(kind, `${path}.tmp`));
  const versions = counted
    .getRows()
    .map(([id, rows, text]) => ({ id: Number(id), rows: Number(rows), text: Number(text) }));
  checkRows(merge, versions, directory);
  const rows = versions.reduce((sum, version) => sum + version.rows, 0);
  const ends = (await connection.runAndReadAll(endsQuery(kind, `${path}.tmp`, rows))).getRows();
  await publish(files, `${path}.tmp`, path);
  const described = versions.map(({ id }) => id).filter((id) => live.has(id));
  const profile = await profileOf(place, merge, path, described);
  await writeDurably(files, join(directory, `${stem}.profile.json`), writeProfile(profile));
  return {
    file: `${stem}.parquet`,
    kind,
    rows,
    bytes: (await files.stat(path)).size,
    first: keyOf(kind, ends[0] ?? []),
    last: keyOf(kind, ends.at(-1) ?? []),
    versions,
    profile: { file: `${stem}.profile.json`, versions: described },
  };
}
