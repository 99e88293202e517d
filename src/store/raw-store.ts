import { join } from "node:path";
import { RECORD_KINDS, type RecordKind } from "../blob.js";
import { StoreError } from "../errors.js";
import type { Finding } from "../finding.js";
import { ProfileSum } from "../profile/merge.js";
import type { Profile } from "../profile/profile.js";
import { readProfile } from "../profile/serialize.js";
import { MANIFEST_FILE, removeLeftovers } from "./commit.js";
import { type LiveRun, liveRuns, liveVersions } from "./live.js";
import { takeLock } from "./lock.js";
import { emptyManifest, type Manifest, manifestText, readManifest, type Segment } from "./manifest.js";
import { openWriter, type RawStoreWriter } from "./raw-store-writer.js";
import type { SegmentKey } from "./segment-key.js";
import { isMissing, type StoreEnv, type StoreFiles, writeDurably } from "./store-env.js";

/** A segment that has rows which count. */
export interface LiveSegment {
  readonly kind: RecordKind;
  /** Path of the Parquet file. */
  readonly path: string;
  /** Path of the profile of its live rows. */
  readonly profile: string;
  /** Version ids: rows of a version that is not in `live` must be left out. */
  readonly versions: { readonly live: readonly number[]; readonly all: readonly number[] };
  /** Keys of the first and last row, live or not. */
  readonly keyRange: { readonly first: SegmentKey; readonly last: SegmentKey };
  /** Rows in the file, and those that are live. */
  readonly rows: number;
  readonly liveRows: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Bytes of its JSON texts; undefined when it was written by a version that did not note it. */
  readonly text: number | undefined;
}

/** The raw store: every payload as it came, and what is known of it. */
export interface RawStore {
  readonly directory: string;
  /** What is in the store, as of opening it or of the last commit of its own writer. */
  readonly manifest: Manifest;
  /** The segments to read for a kind, in the order in which they were written. */
  liveSegments(kind: RecordKind): readonly LiveSegment[];
  /** The profile of all live rows of some kinds; of all kinds when none is given. */
  profile(kinds?: readonly RecordKind[]): Promise<Profile>;
  /** Every run, in order of key. */
  runs(): readonly LiveRun[];
  /** What was found in the logs that count for a run, when they were imported. */
  findings(): Finding[];
  /**
   * Takes the lock, removes what a crashed writer left, and opens a writer.
   * @throws StoreError `store/locked` when another writer is at work, in this process or another.
   */
  writer(): Promise<RawStoreWriter>;
  /** Aborts a writer that is still open. */
  close(): Promise<void>;
}

async function loadManifest(files: StoreFiles, directory: string): Promise<Manifest | undefined> {
  const path = join(directory, MANIFEST_FILE);
  try {
    return readManifest(await files.readFile(path, "utf8"), path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Without a manifest there must be no segments either: they would be taken for leftovers and removed. */
async function refuseOrphans(files: StoreFiles, directory: string): Promise<void> {
  for (const kind of RECORD_KINDS) {
    const names = await files.readdir(join(directory, kind)).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    if (!names.some((name) => name.endsWith(".parquet"))) continue;
    throw new StoreError("store/manifest", `${directory} has segments and no ${MANIFEST_FILE}`, {
      where: { file: join(directory, MANIFEST_FILE) },
      next: "Restore the manifest, or move the folder away and import the sources again.",
    });
  }
}

function liveSegment(directory: string, segment: Segment, live: ReadonlySet<number>): LiveSegment[] {
  const versions = segment.versions.filter((version) => live.has(version.id));
  if (versions.length === 0) return [];
  const { kind, rows, bytes, text, first, last } = segment;
  return [
    {
      kind,
      path: join(directory, segment.file),
      profile: join(directory, segment.profile.file),
      versions: { live: versions.map((item) => item.id), all: segment.versions.map((item) => item.id) },
      keyRange: { first, last },
      rows,
      liveRows: versions.reduce((sum, item) => sum + item.rows, 0),
      bytes,
      text,
    },
  ];
}

/** What follows from a manifest, worked out when it is asked for; forgotten with the manifest. */
interface Derived {
  readonly segments: Map<RecordKind, LiveSegment[]>;
  readonly profiles: Map<RecordKind, Promise<Profile>>;
  runs: LiveRun[] | undefined;
}

const emptyDerived = (): Derived => ({ segments: new Map(), profiles: new Map(), runs: undefined });

function remember<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

class Store implements RawStore {
  readonly directory: string;
  readonly #env: StoreEnv;
  #manifest: Manifest;
  #writer: RawStoreWriter | undefined;
  #derived: Derived = emptyDerived();

  constructor(directory: string, env: StoreEnv, manifest: Manifest) {
    this.directory = directory;
    this.#env = env;
    this.#manifest = manifest;
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  liveSegments(kind: RecordKind): LiveSegment[] {
    return remember(this.#derived.segments, kind, () => {
      const live = liveVersions(this.#manifest.versions, kind);
      const segments = this.#manifest.segments.filter((segment) => segment.kind === kind);
      return segments.flatMap((segment) => liveSegment(this.directory, segment, live));
    });
  }

  async profile(kinds: readonly RecordKind[] = RECORD_KINDS): Promise<Profile> {
    const { profiles } = this.#derived;
    const sum = new ProfileSum();
    for (const kind of kinds) sum.add(await remember(profiles, kind, () => this.#readProfile(kind)));
    return sum.total();
  }

  async #readProfile(kind: RecordKind): Promise<Profile> {
    const sum = new ProfileSum();
    for (const segment of this.liveSegments(kind)) {
      sum.add(readProfile(await this.#env.files.readFile(segment.profile, "utf8")));
    }
    return sum.total();
  }

  runs(): LiveRun[] {
    this.#derived.runs ??= liveRuns(this.#manifest.versions);
    return this.#derived.runs;
  }

  findings(): Finding[] {
    return this.runs().flatMap((run) => {
      const found = run.logs.flatMap((log) => log.findings);
      // A log that had not ended says nothing once a later log of its run has.
      return run.state === "growing" ? found : found.filter((item) => item.code !== "run/growing");
    });
  }

  async writer(): Promise<RawStoreWriter> {
    const { files } = this.#env;
    const unlock = await takeLock(this.#env, join(this.directory, "lock"));
    try {
      this.#manifest = (await loadManifest(files, this.directory)) ?? (await this.#createManifest());
      this.#derived = emptyDerived();
      await removeLeftovers(files, this.directory, this.#manifest);
      this.#writer = await this.#openWriter(unlock);
      return this.#writer;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#writer?.abort();
  }

  /** Written before the first segment, so that segments without a manifest are always a loss. */
  async #createManifest(): Promise<Manifest> {
    await refuseOrphans(this.#env.files, this.directory);
    const manifest = emptyManifest();
    await writeDurably(this.#env.files, join(this.directory, MANIFEST_FILE), manifestText(manifest));
    return manifest;
  }

  #openWriter(unlock: () => Promise<void>): Promise<RawStoreWriter> {
    const { directory } = this;
    const release = async (manifest: Manifest | undefined): Promise<void> => {
      this.#writer = undefined;
      this.#manifest = manifest ?? this.#manifest;
      this.#derived = emptyDerived();
      await unlock();
    };
    return openWriter({ env: this.#env, directory, manifest: this.#manifest, release });
  }
}

/**
 * Opens the raw store of a folder, which is created when it is not there. Any number may read; one may write.
 * @throws StoreError when the manifest is damaged or of a newer format, or segments have no manifest.
 */
export async function openStore(directory: string, env: StoreEnv): Promise<RawStore> {
  await env.files.mkdir(directory, { recursive: true });
  const manifest = await loadManifest(env.files, directory);
  if (manifest === undefined) await refuseOrphans(env.files, directory);
  return new Store(directory, env, manifest ?? emptyManifest());
}
