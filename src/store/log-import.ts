import { createHash } from "node:crypto";
import { type BlobName, RECORD_BLOBS } from "../blob.js";
import { HAZARD, UNUSABLE } from "../profile/profile.js";
import { NO_STEP } from "./history-step.js";
import { evidenceOf, LogFindings } from "./log-findings.js";
import type { LogKey, LogState, RunBlobs } from "./raw-record.js";
import type { SegmentDraft } from "./segment-draft.js";
import { StagedRecords } from "./staged-records.js";
import { StepOrdinals } from "./step-ordinals.js";

/** Kinds of records that come one by one while a log is open. */
export const STREAM_KINDS = ["history", "system_event"] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** A log between `begin` and `end`: its records that are in no segment yet, its counters and findings. */
export class LogImport {
  readonly key: LogKey;
  readonly fetchedAt: Date;
  readonly findings: LogFindings;
  readonly staged = { history: new StagedRecords(), system_event: new StagedRecords() };
  /** Rows handed to segments so far. */
  readonly rows = { history: 0, system_event: 0 };
  readonly #hashes = { history: createHash("sha256"), system_event: createHash("sha256") };
  readonly #ordinals = new StepOrdinals();

  constructor(key: LogKey, fetchedAt: Date) {
    this.key = key;
    this.fetchedAt = fetchedAt;
    this.findings = new LogFindings(key);
  }

  /** Adds the staged records of a kind to the digest. Call it once for each record, before `drain`. */
  hash(kind: StreamKind): void {
    this.staged[kind].hash(this.#hashes[kind]);
  }

  /** SHA-256 of all records of the log, its blobs, its state and W&B's count; ends the hashing. */
  digest(blobs: RunBlobs, state: LogState, expectedRows: number | undefined): string {
    const all = createHash("sha256").update(JSON.stringify([state, expectedRows ?? null]));
    for (const kind of STREAM_KINDS) {
      this.hash(kind);
      all.update(this.#hashes[kind].digest());
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
    const staged = this.staged[kind];
    staged.visit((step, bytes, from, to) => {
      const position = this.rows[kind]++;
      if (kind === "history") this.#addHistory(draft, step, position, bytes, from, to);
      else this.#addEvent(draft, position, bytes, from, to);
    });
    staged.clear();
  }

  /** Adds the run's blobs to a draft of kind run. */
  drainRun(blobs: RunBlobs, draft: SegmentDraft): void {
    draft.addRun(blobs, (blob, hazards, text) => {
      this.#check(draft, blob, hazards, "", text, 0, text.length);
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

  #addEvent(draft: SegmentDraft, position: number, bytes: Uint8Array, from: number, to: number): void {
    const hazards = draft.addEvent(position, bytes, from, to);
    this.#check(draft, "system_event", hazards, `, event ${position}`, bytes, from, to);
  }

  #addHistory(
    draft: SegmentDraft,
    given: bigint | undefined,
    position: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    const ordinalOf = (step: bigint) => this.#ordinals.next(step);
    const { step, hazards } = draft.addHistory(given, position, ordinalOf, bytes, from, to);
    this.#check(draft, "history", hazards, `, row ${position}`, bytes, from, to);
    if (step === NO_STEP && given === undefined) {
      const message = () => `History row ${position} (counted from 0) has no integer _step; its step is -1`;
      this.findings.count("step/missing", "history", message, () => evidenceOf(bytes, from, to));
    }
  }

  #check(
    draft: SegmentDraft,
    blob: BlobName,
    hazards: number,
    place: string,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    if ((hazards & UNUSABLE) === 0) return;
    const code = (hazards & HAZARD.REFUSED) !== 0 ? "json/refused" : "json/duplicate-key";
    const { offset = 0, message = "" } = draft.refusal ?? {};
    const told = () => `The text of ${blob}${place} cannot be used: ${message} (byte ${offset})`;
    this.findings.count(code, blob, told, () => evidenceOf(bytes, from, to));
  }
}
