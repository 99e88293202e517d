import { type BlobName, RECORD_BLOBS, type RecordKind } from "../blob.js";
import { HAZARD, type Profile, UNUSABLE } from "../profile/profile.js";
import { Profiler, SLACK } from "../profile/profiler.js";
import { ByteArena } from "./byte-arena.js";
import { appendWithStep, lacksStep, NO_STEP, resolveStep, type Step, shortInteger } from "./history-step.js";
import { DoubleList, Int64List, IntList } from "./number-list.js";
import type { LogKey, LogState } from "./raw-record.js";
import { encodeRefused } from "./refused-text.js";
import type { Moved, StagedRecords } from "./staged-records.js";

/** A segment closes at this many bytes of text. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;
/** A segment closes at this many rows. */
export const SEGMENT_ROWS = 100_000;

const NEWLINE = 10;
/** Texts, their frames and newlines. */
export const LIKELY_BYTES = SEGMENT_BYTES + (SEGMENT_BYTES >> 3);

/** What all rows of one log in a segment have in common. The last three are columns of kind run only. */
export interface SegmentLog {
  readonly version: number;
  readonly log: LogKey;
  readonly fetchedAt: Date;
  readonly state?: LogState | undefined;
  readonly expectedRows?: number | undefined;
  readonly historyRows?: number | undefined;
}

/** The texts of one blob: row i is `arena[start[i]..end[i])`; start -1 when the row does not have the blob. */
export interface TextColumn {
  readonly blob: BlobName;
  readonly start: DoubleList;
  readonly end: DoubleList;
  readonly hazards: IntList;
}

/** Where and why a text was refused, or which key it has twice. */
export interface Refusal {
  readonly offset: number;
  readonly message: string;
}

/** The rows of a segment that is not written yet, in the order they came. */
export class SegmentDraft {
  readonly kind: RecordKind;
  readonly arena = new ByteArena(LIKELY_BYTES);
  readonly logs: SegmentLog[] = [];
  readonly logIndex = new IntList();
  readonly step = new Int64List();
  readonly ordinal = new Int64List();
  readonly position = new Int64List();
  readonly texts: readonly TextColumn[];
  /** Step of the last history row. */
  lastStep: Step = NO_STEP;
  readonly #profiler = new Profiler();
  readonly #probe = new Profiler();

  constructor(kind: RecordKind) {
    this.kind = kind;
    const column = (blob: BlobName): TextColumn => ({
      blob,
      start: new DoubleList(),
      end: new DoubleList(),
      hazards: new IntList(),
    });
    this.texts = RECORD_BLOBS[kind].map(column);
  }

  get rows(): number {
    return this.logIndex.length;
  }

  /** Whether so much more would go beyond what a segment holds. */
  overflows(bytes: number, rows: number): boolean {
    return this.arena.length + bytes > SEGMENT_BYTES || this.rows + rows > SEGMENT_ROWS;
  }

  /** Why the last text that came back UNUSABLE is that. */
  get refusal(): Refusal | undefined {
    return this.#profiler.refusal;
  }

  /** The rows that follow are of this log. */
  beginLog(log: SegmentLog): void {
    this.logs.push(log);
    this.#profiler.beginRun(log.log);
    this.#probe.beginRun(log.log);
  }

  /** Takes over the bytes of staged records; add each of them as a row then. */
  take(staged: StagedRecords): Moved {
    return staged.moveTo(this.arena);
  }

  /** Adds the row of kind run of the current log; `visit` hears of the hazards of each blob that it has. */
  addRun(
    blobs: Readonly<Partial<Record<BlobName, Uint8Array | undefined>>>,
    visit: (blob: BlobName, hazards: number, text: Uint8Array) => void,
  ): void {
    this.#addRow(0, 0, 0);
    for (const column of this.texts) {
      const text = blobs[column.blob];
      if (text === undefined) this.#addAbsent(column);
      else visit(column.blob, this.#addText(column, text), text);
    }
  }

  /** Adds one system event that is `arena.bytes[from..to)`, a newline after it; gives its hazards. */
  addEvent(ordinal: number, from: number, to: number): number {
    this.#addRow(0, ordinal, ordinal);
    const column = this.texts[0] as TextColumn;
    const hazards = this.#scan(column, from, to);
    column.hazards.push(hazards);
    return hazards;
  }

  /**
   * Adds one history row that is `arena.bytes[from..to)`, a newline after it; gives its hazards.
   * @param ordinalOf tells how many rows of that step the log had before.
   */
  addHistory(
    given: bigint | undefined,
    position: number,
    ordinalOf: (step: Step) => number,
    from: number,
    to: number,
  ): number {
    const column = this.texts[0] as TextColumn;
    let start = from;
    let end = to;
    if (given !== undefined && lacksStep(this.#probe, this.arena.bytes, from, to)) {
      start = appendWithStep(this.arena, given, this.arena.bytes, from, to);
      end = this.#endText();
    }
    const hazards = this.#scan(column, start, end) | this.#readStep(given);
    column.hazards.push(hazards);
    this.#addRow(this.lastStep, ordinalOf(this.lastStep), position);
    return hazards;
  }

  finish(): Profile {
    return this.#profiler.finish();
  }

  #addRow(step: Step, ordinal: number, position: number): void {
    this.logIndex.push(this.logs.length - 1);
    if (typeof step === "number") this.step.push(step);
    else this.step.pushBig(step);
    this.ordinal.push(ordinal);
    this.position.push(position);
  }

  #addAbsent(column: TextColumn): void {
    column.start.push(-1);
    column.end.push(-1);
    column.hazards.push(0);
  }

  #addText(column: TextColumn, bytes: Uint8Array): number {
    const start = this.arena.append(bytes, 0, bytes.length);
    const hazards = this.#scan(column, start, this.#endText());
    column.hazards.push(hazards);
    return hazards;
  }

  /** Ends the text at the end of the arena with a newline; gives the offset of its end. */
  #endText(): number {
    const { arena } = this;
    const end = arena.reserve(1);
    arena.bytes[end] = NEWLINE;
    return end;
  }

  /** Scans a text of the arena, and stores it in the form that a text column can hold. */
  #scan(column: TextColumn, from: number, to: number): number {
    const { arena } = this;
    arena.ensure(SLACK);
    const hazards = this.#profiler.scanInPlace(column.blob, arena.bytes, arena.view, from, to);
    let start = from;
    let end = to;
    if ((hazards & HAZARD.REFUSED) !== 0) {
      const text = arena.bytes.subarray(from, to);
      const stored = encodeRefused(text);
      if (stored !== text) {
        start = arena.append(stored, 0, stored.length);
        end = arena.length;
      }
    }
    column.start.push(start);
    column.end.push(end);
    return isUnusable(hazards) || this.#profiler.hasNull ? hazards : hazards | HAZARD.NO_NULLS;
  }

  /** Finds the step of the text that was scanned last; gives the hazard of an odd one. */
  #readStep(given: bigint | undefined): number {
    const { stepFrom, stepTo, stepIsInteger, refusal } = this.#profiler;
    const has = stepFrom >= 0 && refusal === undefined;
    if (has && stepIsInteger) {
      const step = shortInteger(this.arena.bytes, stepFrom, stepTo);
      if (step !== NO_STEP && (given === undefined ? Number.isFinite(step) : Number(given) === step)) {
        this.lastStep = step;
        return 0;
      }
    }
    const token = has ? this.arena.bytes.toString("latin1", stepFrom, stepTo) : undefined;
    const { step, odd } = resolveStep(given, token, stepIsInteger);
    this.lastStep = step;
    return odd ? HAZARD.ODD_STEP : 0;
  }
}

/** Whether the last text cannot be used, by its hazards. */
export const isUnusable = (hazards: number): boolean => (hazards & UNUSABLE) !== 0;
