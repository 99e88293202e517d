import { createHash, type Hash } from "node:crypto";
import { type BlobName, RECORD_BLOBS } from "../blob.js";
import { HAZARD } from "../profile/profile.js";
import { NO_STEP, type Step } from "./history-step.js";
import { evidenceOf, LogFindings } from "./log-findings.js";
import type { LogKey, LogState, RunBlobs } from "./raw-record.js";
import { isUnusable, LIKELY_BYTES, type SegmentDraft } from "./segment-draft.js";
import { StagedRecords, visitRecords } from "./staged-records.js";
import { StepOrdinals } from "./step-ordinals.js";

/** The digest of no records. */
const NO_RECORDS = createHash("sha256").digest();

/** Kinds of records that come one by one while a log is open. */
export const STREAM_KINDS = ["history", "system_event"] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** Empty places for the records of a log. */
export function stage(): LogImport["staged"] {
  return { history: new StagedRecords(LIKELY_BYTES), system_event: new StagedRecords(LIKELY_BYTES) };
}

/** A log between `begin` and `end`: its records that are in no segment yet, its counters and findings. */
export class LogImport {
  readonly key: LogKey;
  readonly fetchedAt: Date;
  readonly findings: LogFindings;
  readonly staged: Readonly<Record<StreamKind, StagedRecords>>;
  /** Rows handed to segments so far. */
  readonly rows = { history: 0, system_event: 0 };
  readonly #hashes: Partial<Record<StreamKind, Hash>> = {};
  readonly #ordinals = new StepOrdinals();

  readonly #ordinalOf = (step: Step): number => this.#ordinals.next(step);

  /** @param staged empty; given from log to log so that its memory is used again. */
  constructor(key: LogKey, fetchedAt: Date, staged: LogImport["staged"]) {
    this.key = key;
    this.staged = staged;
    this.fetchedAt = fetchedAt;
    this.findings = new LogFindings(key);
  }

  /** Adds the staged records of a kind to the digest. Call it once for each record, before `drain`. */
  hash(kind: StreamKind): void {
    if (this.staged[kind].count === 0) return;
    this.#hashes[kind] ??= createHash("sha256");
    this.staged[kind].hash(this.#hashes[kind]);
  }

  /** SHA-256 of all records of the log, its blobs, its state and W&B's count; ends the hashing. */
  digest(blobs: RunBlobs, state: LogState, expectedRows: number | undefined): string {
    const all = createHash("sha256").update(JSON.stringify([state, expectedRows ?? null]));
    for (const kind of STREAM_KINDS) {
      this.hash(kind);
      all.update(this.#hashes[kind]?.digest() ?? NO_RECORDS);
    }
    for (const blob of RECORD_BLOBS.run) {
      const text = blobs[blob];
      all.update(JSON.stringify([blob, text?.length ?? null]));
      if (text !== undefined) all.update(text);
    }
    return all.digest("hex");
  }

  /** Puts the staged records of a kind into a draft. */
  drain(kind: StreamKind, draft: SegmentDraft): void {
    const first = this.rows[kind];
    const moved = draft.take(this.staged[kind]);
    let position = first;
    if (kind === "history") {
      visitRecords(draft.arena, moved, (step, from, to) => this.#addHistory(draft, step, position++, from, to));
    } else visitRecords(draft.arena, moved, (_step, from, to) => this.#addEvent(draft, position++, from, to));
    this.rows[kind] = position;
  }

  /** Adds the run's blobs to a draft of kind run. */
  drainRun(blobs: RunBlobs, draft: SegmentDraft): void {
    draft.addRun(blobs, (blob, hazards, text) => {
      if (isUnusable(hazards)) this.#tell(draft, blob, hazards, "", text, 0, text.length);
    });
  }

  /** Tells of a log that is not whole, as far as its own facts say so. */
  judge(state: LogState, expectedRows: number | undefined): void {
    if (state === "growing") this.findings.count("run/growing", undefined, () => "The run had not ended yet");
    const { history } = this.rows;
    if (expectedRows === undefined || history >= expectedRows) return;
    const message = () => `The run has ${history} history rows; W&B counted ${expectedRows}`;
    this.findings.count("run/short", undefined, message);
  }

  #addEvent(draft: SegmentDraft, position: number, from: number, to: number): void {
    const hazards = draft.addEvent(position, from, to);
    if (isUnusable(hazards))
      this.#tell(draft, "system_event", hazards, `, event ${position}`, draft.arena.bytes, from, to);
  }

  #addHistory(draft: SegmentDraft, given: bigint | undefined, position: number, from: number, to: number): void {
    const hazards = draft.addHistory(given, position, this.#ordinalOf, from, to);
    if (isUnusable(hazards)) this.#tell(draft, "history", hazards, `, row ${position}`, draft.arena.bytes, from, to);
    if (draft.lastStep === NO_STEP && given === undefined) {
      const message = () => `History row ${position} (counted from 0) has no integer _step; its step is -1`;
      this.findings.count("step/missing", "history", message, () => evidenceOf(draft.arena.bytes, from, to));
    }
  }

  #tell(
    draft: SegmentDraft,
    blob: BlobName,
    hazards: number,
    place: string,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    const code = (hazards & HAZARD.REFUSED) !== 0 ? "json/refused" : "json/duplicate-key";
    const { offset = 0, message = "" } = draft.refusal ?? {};
    const told = () => `The text of ${blob}${place} cannot be used: ${message} (byte ${offset})`;
    this.findings.count(code, blob, told, () => evidenceOf(bytes, from, to));
  }
}
