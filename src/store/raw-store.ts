import { join } from "node:path";
import { RECORD_KINDS, type RecordKind } from "../blob.js";
import type { Finding } from "../finding.js";
import { ProfileSum } from "../profile/merge.js";
import type { Profile } from "../profile/profile.js";
import { readProfile } from "../profile/serialize.js";
import { holdStore, type LoadedManifest, readStored, refuseOrphans } from "./hold-store.js";
import { type LiveRun, liveRuns, liveVersions } from "./live.js";
import { emptyManifest, type Manifest, type Segment } from "./manifest.js";
import { openWriter, type RawStoreWriter } from "./raw-store-writer.js";
import type { SegmentKey } from "./segment-key.js";
import type { StoreEnv } from "./store-env.js";

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
  /** Bytes of JSON text in the live rows. */
  readonly liveText: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Bytes of JSON text of all rows. */
  readonly text: number;
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
  /** Whether the profile of a kind was asked for already: it is kept then. */
  hasProfile(kind: RecordKind): boolean;
  /** Every run, in order of key. */
  runs(): readonly LiveRun[];
  /** What was found in the logs that count for a run, when they were imported. */
  findings(): Finding[];
  /**
   * Takes the lock, removes what a crashed writer left, and opens a writer.
   * @throws StoreError `store/locked` when another writer is at work, in this process or another, and is not done when
   * waiting is over.
   */
  writer(): Promise<RawStoreWriter>;
  /** Aborts a writer that is still open. */
  close(): Promise<void>;
}

function liveSegment(directory: string, segment: Segment, live: ReadonlySet<number>): LiveSegment[] {
  const versions = segment.versions.filter((version) => live.has(version.id));
  if (versions.length === 0) return [];
  const { kind, rows, bytes, first, last } = segment;
  return [
    {
      kind,
      path: join(directory, segment.file),
      profile: join(directory, segment.profile.file),
      versions: { live: versions.map((item) => item.id), all: segment.versions.map((item) => item.id) },
      keyRange: { first, last },
      rows,
      liveRows: versions.reduce((sum, item) => sum + item.rows, 0),
      liveText: versions.reduce((sum, item) => sum + item.text, 0),
      bytes,
      text: segment.versions.reduce((sum, item) => sum + item.text, 0),
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
  /** What was read when the store was opened, until a writer has read it again. */
  #loaded: LoadedManifest | undefined;
  #writer: RawStoreWriter | undefined;
  #derived: Derived = emptyDerived();

  constructor(directory: string, env: StoreEnv, loaded: LoadedManifest | undefined) {
    this.directory = directory;
    this.#env = env;
    this.#loaded = loaded;
    this.#manifest = loaded?.manifest ?? emptyManifest();
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

  hasProfile(kind: RecordKind): boolean {
    return this.#derived.profiles.has(kind);
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
    const { manifest, unlock } = await holdStore(this.#env, this.directory, this.#loaded);
    this.#manifest = manifest;
    this.#loaded = undefined;
    try {
      this.#derived = emptyDerived();
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
  const loaded = await readStored(env.files, directory);
  if (loaded === undefined) await refuseOrphans(env.files, directory);
  return new Store(directory, env, loaded);
}
