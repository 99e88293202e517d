import type { BlobName, RunKey } from "../blob.js";
import { BLOBS } from "../blob.js";
import { BOUNDS, type Bounds } from "./bounds.js";
import { NEWLINE } from "./characters.js";
import { CLASS, CLASS_MASK } from "./classes.js";
import { Journal } from "./journal.js";
import { pointerAt } from "./locate.js";
import { mergeBlobs } from "./merge.js";
import { type BlobProfile, HAZARD, type Profile, UNUSABLE } from "./profile.js";
import { PathStatistics } from "./statistics.js";
import { Tokenizer } from "./tokenizer.js";
import { buildTree } from "./tree.js";
import { PathTrie } from "./trie.js";

/** Bytes that the tokenizer may read after the end of a text, the newline included. */
export const SLACK = 8;
const FIRST_CAPACITY = 1 << 16;
/** A buffer larger than this is given back after the text that needed it. */
const KEPT_CAPACITY = 1 << 25;
const INTEGERS = (1 << CLASS.int53) | (1 << CLASS.int64) | (1 << CLASS.int38) | (1 << CLASS.int_big);

const LOSSY = new TextDecoder();

/** Why a text is unusable. */
export interface Refusal {
  readonly offset: number;
  readonly message: string;
}

const isIntegerToken = (fact: number): boolean => ((1 << (fact & CLASS_MASK)) & INTEGERS) !== 0;

/** One blob under way. */
class BlobTracker {
  trie: PathTrie;
  private statistics = new PathStatistics();
  private readonly bounds: Bounds;
  /** What was collected before the trie began. */
  private earlier: BlobProfile | undefined;
  /** Run keys as JSON text to their numbers, in order of appearance. */
  readonly runs = new Map<string, number>();
  records = 0;
  unusable = 0;
  hazards = 0;
  bytes = 0;
  maxBytes = 0;
  /** The run of the last usable record. */
  run = "";
  runNumber = -1;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
    this.trie = new PathTrie(bounds.nameBytes);
  }

  /** Counts one text and keeps what its journal says, or takes everything back when it is unusable. */
  close(hazards: number, length: number, journal: Journal, run: string, nodesBefore: number): void {
    this.records += 1;
    this.hazards |= hazards;
    this.bytes += length;
    this.maxBytes = Math.max(this.maxBytes, length);
    if ((hazards & UNUSABLE) !== 0) {
      this.unusable += 1;
      this.trie.truncate(nodesBefore);
      return;
    }
    if (run !== this.run || this.runNumber < 0) {
      this.run = run;
      this.runNumber = this.runs.get(run) ?? this.runs.size;
      this.runs.set(run, this.runNumber);
    }
    this.statistics.commit(journal, this.runNumber, this.trie.size);
    if (this.trie.size > this.bounds.collected) this.compact();
  }

  /** The profile of all texts so far, within the bounds. */
  profile(): BlobProfile {
    const runs = [...this.runs.keys()].sort();
    const rank = new Int32Array(runs.length);
    for (const [index, run] of runs.entries()) rank[this.runs.get(run) ?? 0] = index;
    const { records, unusable, hazards, bytes, maxBytes } = this;
    const root = buildTree(this.trie, this.statistics, rank, this.bounds);
    const profile = { records, unusable, hazards, bytes, maxBytes, runs, root };
    return this.earlier === undefined ? profile : mergeBlobs(this.earlier, profile, this.bounds);
  }

  /** Brings what was collected within the bounds and starts anew. */
  private compact(): void {
    this.earlier = this.profile();
    this.trie = new PathTrie(this.bounds.nameBytes);
    this.statistics = new PathStatistics();
    this.runs.clear();
    this.runNumber = -1;
    this.records = 0;
    this.unusable = 0;
    this.hazards = 0;
    this.bytes = 0;
    this.maxBytes = 0;
  }
}

/**
 * Profiles records as they are imported: one strict pass over the bytes of each blob gives its hazards and updates the
 * statistics of its paths. Nothing of the text is kept. Records may come in any order, and be shared out among several
 * profilers whose results are merged: the profile is the same.
 *
 * Memory is bounded by `Bounds`, by the number of runs and by the paths of the largest text, and does not grow with the
 * number of records.
 */
export class Profiler {
  private readonly blobs = new Map<BlobName, BlobTracker>();
  private readonly tokenizer = new Tokenizer();
  private readonly journal = new Journal();
  private text = new Uint8Array(FIRST_CAPACITY);
  private view = new DataView(this.text.buffer);
  private run = JSON.stringify(["", "", ""]);
  private problem: Refusal | undefined;

  /** Whether a member of an object of the last text is null, objects inside lists not counted. */
  hasNull = false;
  /** Start of the value of the root member `_step` of the last text, as an offset into its bytes; -1 when absent or REFUSED. */
  stepFrom = -1;
  /** End of that value; -1 when absent or REFUSED. Of a duplicate `_step` the first counts. */
  stepTo = -1;
  /** Whether that value is an integer token: no fraction, no exponent, not `-0`. */
  stepIsInteger = false;

  private readonly bounds: Bounds;

  constructor(bounds: Bounds = BOUNDS) {
    this.bounds = bounds;
  }

  /** Records of this run follow. A run may come several times. Records before the first call have an unknown run. */
  beginRun(run: RunKey): void {
    this.run = JSON.stringify([run.entity, run.project, run.run_id]);
  }

  /**
   * Scans `bytes[from..to)` as one blob of the current run, a JSON text in UTF-8, and adds it to the profile. The bytes
   * are neither kept nor changed.
   * @returns the HAZARD bits of the text: exactly REFUSED when it is not strict JSON or not an object (grammar as in
   * `json/read.ts`, in valid UTF-8, no byte order mark); DUPLICATE_KEY beside the others when an object has a key twice.
   * Never throws on any bytes.
   */
  scan(blob: BlobName, bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    this.load(bytes, from, length);
    const hazards = this.scanInPlace(blob, this.text, this.view, 0, length);
    if (this.stepTo >= 0) {
      this.stepFrom += from;
      this.stepTo += from;
    }
    if (this.text.length > KEPT_CAPACITY) this.reserve(FIRST_CAPACITY);
    return hazards;
  }

  /**
   * The same without a copy: `text[to]` must be a newline, with SLACK - 1 more bytes after it, and `view` be over the
   * memory of `text`.
   */
  scanInPlace(blob: BlobName, text: Uint8Array, view: DataView, from: number, to: number): number {
    const tracker = this.trackerOf(blob);
    const nodesBefore = tracker.trie.size;
    this.journal.reset();
    const hazards = this.tokenizer.scan(tracker.trie, this.journal, text, view, from, to);
    tracker.close(hazards, to - from, this.journal, this.run, nodesBefore);
    this.problem = (hazards & UNUSABLE) === 0 ? undefined : this.explain(hazards, text.subarray(from, to), from);
    const { stepFrom, stepTo, stepFact, hasNull } = this.tokenizer.rare;
    this.hasNull = hasNull;
    const found = stepTo >= 0 && (hazards & HAZARD.REFUSED) === 0;
    this.stepFrom = found ? stepFrom : -1;
    this.stepTo = found ? stepTo : -1;
    this.stepIsInteger = found && isIntegerToken(stepFact);
    return hazards;
  }

  /**
   * Why the last text is unusable; undefined when it is usable. `offset` is in bytes from `from`: after REFUSED the
   * first byte that cannot stand there, after DUPLICATE_KEY the opening quote of the second key. `message` is one
   * sentence; after DUPLICATE_KEY it has the JSON Pointer of the key.
   */
  get refusal(): Refusal | undefined {
    return this.problem;
  }

  /** The profile of all records scanned so far. The profiler may go on. */
  finish(): Profile {
    const blobs: Profile["blobs"] = {};
    for (const blob of BLOBS) {
      const tracker = this.blobs.get(blob);
      if (tracker !== undefined) blobs[blob] = tracker.profile();
    }
    return { format: 1, blobs };
  }

  private trackerOf(blob: BlobName): BlobTracker {
    let tracker = this.blobs.get(blob);
    if (tracker === undefined) {
      tracker = new BlobTracker(this.bounds);
      this.blobs.set(blob, tracker);
    }
    return tracker;
  }

  /** Copies the text, so that a newline ends it and four bytes can be read at once. */
  private load(bytes: Uint8Array, from: number, length: number): void {
    if (length + SLACK > this.text.length) this.reserve(2 * length + SLACK);
    this.text.set(bytes.subarray(from, from + length));
    this.text[length] = NEWLINE;
  }

  private reserve(capacity: number): void {
    this.text = new Uint8Array(capacity);
    this.view = new DataView(this.text.buffer);
  }

  /** `text` is the text alone; the tokenizer's offsets count from `from` bytes before it. */
  private explain(hazards: number, text: Uint8Array, from: number): Refusal {
    const { rare } = this.tokenizer;
    if ((hazards & HAZARD.REFUSED) === 0) {
      const offset = rare.duplicateAt - from;
      return { offset, message: `The key ${pointerAt(text, offset)} is there twice.` };
    }
    const offset = rare.refusedAt - from;
    const found = offset >= text.length ? "the end" : JSON.stringify(LOSSY.decode(text.subarray(offset, offset + 12)));
    return { offset, message: `Expected ${rare.expected}, found ${found}.` };
  }
}
