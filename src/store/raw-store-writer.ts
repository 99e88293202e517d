import { RECORD_BLOBS, type RecordKind } from "../blob.js";
import { StoreError } from "../errors.js";
import type { Finding } from "../finding.js";
import { type Change, commitChange, removeLeftovers } from "./commit.js";
import { compactAfterCommit } from "./compact.js";
import { hasChanged } from "./hold-store.js";
import { digestOf, type KnownUnit, type KnownUnits, readKnownUnits, stampUnit } from "./known-units.js";
import { logText, missesRows } from "./live.js";
import { LogImport, STREAM_KINDS, type StreamKind, stage } from "./log-import.js";
import { type Ending, openLogError, versionOf } from "./log-version.js";
import type { Manifest, Version } from "./manifest.js";
import type { LogKey, LogState, ReadUnit, RecordWriter, RunBlobs } from "./raw-record.js";
import { SEGMENT_BYTES, SEGMENT_ROWS, SegmentDraft, type SegmentLog } from "./segment-draft.js";
import { SEGMENT_ENGINES, SegmentEngine } from "./segment-engine.js";
import { SegmentQueue, type Ticket } from "./segment-queue.js";
import type { StoreEnv } from "./store-env.js";

/** What an import did. Plain data. */
export interface ImportSummary {
  /** Logs that were new or had changed. */
  readonly added: readonly Version[];
  /** Logs that were already there with the same digest: nothing was written for them. */
  readonly unchanged: readonly Version[];
  /** How many of `added` took the place of an older version. */
  readonly replaced: number;
  /** Of every log in this import, unchanged ones included, and of the sources outside of logs. */
  readonly findings: readonly Finding[];
}

/** A writer that holds the lock of its store until `commit` or `abort`. */
export interface RawStoreWriter extends RecordWriter {
  /** Reads a unit unless it is known to be unchanged; `commit` remembers it. Units do not nest. */
  readonly unit: ReadUnit;
  /**
   * Makes everything visible at once and gives the lock back.
   * @throws StoreError `store/open-log` when a log was begun and not ended; the error of the disk when a write failed.
   * Nothing is visible then.
   */
  commit(): Promise<ImportSummary>;
  /** Removes what was written and gives the lock back. */
  abort(): Promise<void>;
}

/** What a writer is given by its store. */
export interface WriterInput {
  readonly env: StoreEnv;
  readonly directory: string;
  readonly manifest: Manifest;
  /** Called once, when the writer is done; with the new manifest after a commit. */
  release(manifest: Manifest | undefined): Promise<void>;
}

interface OpenLog {
  readonly log: LogImport;
  version: number | undefined;
  readonly spilled: Ticket[];
}

class Writer implements RawStoreWriter {
  readonly #input: WriterInput;
  readonly #engines: readonly SegmentEngine[];
  readonly #queue: SegmentQueue;
  readonly #versions: Map<string, Version>;
  /** Rows of logs that ended and did not fill a segment of their own. */
  readonly #shared = new Map<RecordKind, SegmentDraft>();
  readonly #added: Version[] = [];
  readonly #unchanged: Version[] = [];
  readonly #findings: Finding[] = [];
  /** Those outside of logs since the unit that is read was begun. */
  #outside: Finding[] = [];
  readonly #staged = stage();
  readonly #units: KnownUnits;
  /** The versions of the manifest by id, when they have been asked for. */
  #before: ReadonlyMap<number, Version> | undefined;
  #replaced = 0;
  #nextVersion: number;
  #open: OpenLog | undefined;

  constructor(input: WriterInput, engines: readonly SegmentEngine[], units: KnownUnits) {
    this.#input = input;
    this.#units = units;
    this.#engines = engines;
    const { manifest, env, directory } = input;
    this.#queue = new SegmentQueue(engines, env.files, directory, manifest.nextSegment);
    this.#versions = new Map(manifest.versions.map((version) => [logText(version.log), version]));
    this.#nextVersion = manifest.nextVersion;
  }

  begin(key: LogKey): void {
    if (this.#open !== undefined) throw openLogError(this.#open.log.key);
    const { entity, project, run_id, source, start } = key;
    const log = new LogImport({ entity, project, run_id, source, start }, this.#input.env.now(), this.#staged);
    this.#open = { log, version: undefined, spilled: [] };
  }

  history(step: bigint | undefined, bytes: Uint8Array, from: number, to: number): void {
    this.#stage("history", step, bytes, from, to);
  }

  systemEvent(bytes: Uint8Array, from: number, to: number): void {
    this.#stage("system_event", undefined, bytes, from, to);
  }

  async end(blobs: RunBlobs, state: LogState, expectedRows?: number): Promise<void> {
    const open = this.#current();
    const digest = open.log.digest(blobs, state, expectedRows);
    const known = this.#versions.get(logText(open.log.key));
    const isHere = known?.digest === digest && !missesRows(known, this.#versions.values());
    if (isHere) this.#keep(open, known);
    else this.#add(open, blobs, { digest, state, expectedRows });
    this.#open = undefined;
    await this.flush();
  }

  flush(): Promise<void> {
    return this.#queue.room();
  }

  readonly unit: ReadUnit = async (unit, read) => {
    const { files, now } = this.#input.env;
    const stamped = await stampUnit(unit, files, now());
    const known = stamped === undefined ? undefined : this.#units.find(unit.name, stamped);
    const versions = known === undefined ? undefined : this.#present(known);
    if (known !== undefined && versions !== undefined) {
      for (const version of versions) this.#pass(version);
      for (const item of known.findings) this.#findings.push(item);
      return;
    }
    const [added, unchanged] = [this.#added.length, this.#unchanged.length];
    this.#outside = [];
    await read();
    const gave = [...this.#added.slice(added), ...this.#unchanged.slice(unchanged)];
    if (stamped !== undefined) this.#units.remember(unit, stamped, gave, this.#outside);
  };

  /** The versions that a unit gave; undefined when one is gone, or has rows that are missing by now. */
  #present({ versions: ids, digest }: KnownUnit): Version[] | undefined {
    this.#before ??= new Map(this.#input.manifest.versions.map((version) => [version.id, version]));
    const found: Version[] = [];
    for (const id of ids) {
      const version = this.#before.get(id);
      if (version === undefined || this.#versions.get(logText(version.log)) !== version) return undefined;
      if (missesRows(version, this.#versions.values())) return undefined;
      found.push(version);
    }
    return digestOf(found) === digest ? found : undefined;
  }

  finding(item: Finding): void {
    if (this.#open === undefined) {
      this.#findings.push(item);
      this.#outside.push(item);
    } else this.#open.log.findings.report(item);
  }

  async commit(): Promise<ImportSummary> {
    if (this.#open !== undefined) throw openLogError(this.#open.log.key);
    let manifest: Manifest | undefined;
    try {
      for (const draft of this.#shared.values()) this.#queue.push(draft);
      await this.#queue.settle();
      const { files } = this.#input.env;
      const place = { engine: this.#engines[0] as SegmentEngine, files, directory: this.#input.directory };
      manifest = await commitChange(place, this.#input.manifest, this.#change());
      manifest = await compactAfterCommit(this.#input, manifest);
      await this.#units.write(files, this.#input.directory, new Set(manifest.versions.map(({ id }) => id)));
    } finally {
      await this.#release(manifest);
    }
    return { added: this.#added, unchanged: this.#unchanged, replaced: this.#replaced, findings: this.#findings };
  }

  async abort(): Promise<void> {
    this.#open = undefined;
    this.#queue.dropAll();
    try {
      await this.#queue.settle();
    } finally {
      await this.#release(undefined);
    }
  }

  #change(): Change {
    const versions = [...this.#versions.values()].sort((a, b) => a.id - b.id);
    const { nextSegment } = this.#queue;
    return { versions, added: this.#queue.written(), nextVersion: this.#nextVersion, nextSegment };
  }

  async #release(manifest: Manifest | undefined): Promise<void> {
    for (const engine of this.#engines) engine.close();
    try {
      if (manifest === undefined) await this.#undo();
    } finally {
      await this.#input.release(manifest);
    }
  }

  /** Removes every segment file that the store's manifest does not name, whichever engine wrote it last. */
  async #undo(): Promise<void> {
    const { env, directory, manifest } = this.#input;
    try {
      if (!(await hasChanged(env.files, directory, manifest))) await removeLeftovers(env.files, directory, manifest);
    } catch {
      // What led here is thrown already and says more; the next writer removes what stays.
    }
  }

  #current(): OpenLog {
    if (this.#open === undefined) throw new StoreError("store/no-log", "A record came before the log was begun");
    return this.#open;
  }

  #stage(kind: StreamKind, step: bigint | undefined, bytes: Uint8Array, from: number, to: number): void {
    const open = this.#current();
    const staged = open.log.staged[kind];
    staged.push(step, bytes, from, to);
    if (staged.bytes < SEGMENT_BYTES && staged.count < SEGMENT_ROWS) return;
    open.log.hash(kind);
    this.#drainAlone(open, kind);
  }

  /** Writes the staged records of a log to a segment of their own. */
  #drainAlone(open: OpenLog, kind: StreamKind): void {
    if (open.log.staged[kind].count === 0) return;
    const draft = new SegmentDraft(kind);
    draft.beginLog(this.#segmentLog(open));
    open.log.drain(kind, draft);
    open.spilled.push(this.#queue.push(draft));
  }

  #drainShared(open: OpenLog, kind: StreamKind): void {
    const { bytes, count } = open.log.staged[kind];
    if (count === 0) return;
    const draft = this.#sharedDraft(kind, bytes, count);
    draft.beginLog(this.#segmentLog(open));
    open.log.drain(kind, draft);
  }

  /** The draft of a kind that small logs share, with room for so much. */
  #sharedDraft(kind: RecordKind, bytes: number, rows: number): SegmentDraft {
    let draft = this.#shared.get(kind);
    if (draft?.overflows(bytes, rows)) {
      this.#queue.push(draft);
      draft = undefined;
    }
    if (draft === undefined) {
      draft = new SegmentDraft(kind);
      this.#shared.set(kind, draft);
    }
    return draft;
  }

  #segmentLog(open: OpenLog): SegmentLog {
    open.version ??= this.#nextVersion++;
    return { version: open.version, log: open.log.key, fetchedAt: open.log.fetchedAt };
  }

  #keep(open: OpenLog, known: Version): void {
    for (const ticket of open.spilled) this.#queue.drop(ticket);
    for (const kind of STREAM_KINDS) open.log.staged[kind].clear();
    this.#pass(known);
  }

  /** A version that is here already. */
  #pass(version: Version): void {
    this.#unchanged.push(version);
    this.#findings.push(...version.findings);
  }

  #add(open: OpenLog, blobs: RunBlobs, facts: Ending): void {
    const { log } = open;
    const common = this.#segmentLog(open);
    for (const kind of STREAM_KINDS) {
      if (open.spilled.length > 0) this.#drainAlone(open, kind);
      else this.#drainShared(open, kind);
    }
    const size = RECORD_BLOBS.run.reduce((sum, blob) => sum + (blobs[blob]?.length ?? 0), 0);
    const draft = this.#sharedDraft("run", size, 1);
    const { state, expectedRows } = facts;
    draft.beginLog({ ...common, state, expectedRows, historyRows: log.rows.history });
    log.drainRun(blobs, draft);
    this.#remember(versionOf(common.version, log, facts));
  }

  #remember(version: Version): void {
    const key = logText(version.log);
    if (this.#versions.has(key)) this.#replaced += 1;
    this.#versions.set(key, version);
    this.#added.push(version);
    this.#findings.push(...version.findings);
  }
}

/** Opens a writer whose lock is taken already. */
export async function openWriter(input: WriterInput): Promise<RawStoreWriter> {
  const engines: SegmentEngine[] = [];
  while (engines.length < SEGMENT_ENGINES) engines.push(await SegmentEngine.open(input.env.engine));
  return new Writer(input, engines, await readKnownUnits(input.env.files, input.directory));
}
