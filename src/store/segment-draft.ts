import { type BlobName, RECORD_BLOBS, type RecordKind } from "../blob.js";
import { HAZARD, type Profile, UNUSABLE } from "../profile/profile.js";
import { Profiler } from "../profile/profiler.js";
import { ByteArena } from "./byte-arena.js";
import { appendWithStep, lacksStep, resolveStep } from "./history-step.js";
import type { LogKey, LogState } from "./raw-record.js";
import { encodeRefused } from "./refused-text.js";
import { compareText, type SegmentKey } from "./segment-key.js";

/** A segment closes at this many bytes of text. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;
/** A segment closes at this many rows. */
export const SEGMENT_ROWS = 100_000;

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
  readonly start: number[];
  readonly end: number[];
  readonly hazards: number[];
}

/** Where and why a text was refused, or which key it has twice. */
export interface Refusal {
  readonly offset: number;
  readonly message: string;
}

/** The rows of a segment that is not written yet, in the order they came. */
export class SegmentDraft {
  readonly kind: RecordKind;
  readonly arena = new ByteArena();
  readonly logs: SegmentLog[] = [];
  readonly logIndex: number[] = [];
  readonly step: bigint[] = [];
  readonly ordinal: number[] = [];
  readonly position: number[] = [];
  readonly texts: readonly TextColumn[];
  readonly #profiler = new Profiler();
  readonly #probe = new Profiler();

  constructor(kind: RecordKind) {
    this.kind = kind;
    this.texts = RECORD_BLOBS[kind].map((blob) => ({ blob, start: [], end: [], hazards: [] }));
  }

  get rows(): number {
    return this.logIndex.length;
  }

  get full(): boolean {
    return this.arena.length >= SEGMENT_BYTES || this.rows >= SEGMENT_ROWS;
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

  /** Adds the row of kind run of the current log; `visit` hears of the hazards of each blob that it has. */
  addRun(
    blobs: Readonly<Partial<Record<BlobName, Uint8Array | undefined>>>,
    visit: (blob: BlobName, hazards: number, text: Uint8Array) => void,
  ): void {
    this.#addRow(0n, 0, 0);
    for (const column of this.texts) {
      const text = blobs[column.blob];
      if (text === undefined) this.#addAbsent(column);
      else visit(column.blob, this.#addText(column, text, 0, text.length), text);
    }
  }

  /** Adds one system event; gives its hazards. */
  addEvent(ordinal: number, bytes: Uint8Array, from: number, to: number): number {
    this.#addRow(0n, ordinal, ordinal);
    return this.#addText(this.texts[0] as TextColumn, bytes, from, to);
  }

  /**
   * Adds one history row; gives its step and hazards.
   * @param ordinalOf tells how many rows of that step the log had before.
   */
  addHistory(
    given: bigint | undefined,
    position: number,
    ordinalOf: (step: bigint) => number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): { readonly step: bigint; readonly hazards: number } {
    const column = this.texts[0] as TextColumn;
    const start =
      given !== undefined && lacksStep(this.#probe, bytes, from, to)
        ? appendWithStep(this.arena, given, bytes, from, to)
        : this.arena.append(bytes, from, to);
    const scanned = this.#scan(column, start);
    const { step, odd } = resolveStep(given, this.#stepToken(scanned), this.#profiler.stepIsInteger);
    const hazards = odd ? scanned | HAZARD.ODD_STEP : scanned;
    column.hazards.push(hazards);
    this.#addRow(step, ordinalOf(step), position);
    return { step, hazards };
  }

  finish(): Profile {
    return this.#profiler.finish();
  }

  #addRow(step: bigint, ordinal: number, position: number): void {
    this.logIndex.push(this.logs.length - 1);
    this.step.push(step);
    this.ordinal.push(ordinal);
    this.position.push(position);
  }

  #addAbsent(column: TextColumn): void {
    column.start.push(-1);
    column.end.push(-1);
    column.hazards.push(0);
  }

  #addText(column: TextColumn, bytes: Uint8Array, from: number, to: number): number {
    const hazards = this.#scan(column, this.arena.append(bytes, from, to));
    column.hazards.push(hazards);
    return hazards;
  }

  /** Scans the text at the end of the arena, and stores it in the form that a text column can hold. */
  #scan(column: TextColumn, start: number): number {
    const hazards = this.#profiler.scan(column.blob, this.arena.bytes, start, this.arena.length);
    if ((hazards & HAZARD.REFUSED) !== 0) {
      const stored = encodeRefused(Buffer.from(this.arena.bytes.subarray(start, this.arena.length)));
      this.arena.truncate(start);
      this.arena.append(stored, 0, stored.length);
    }
    column.start.push(start);
    column.end.push(this.arena.length);
    return hazards;
  }

  #stepToken(hazards: number): string | undefined {
    const { stepFrom, stepTo } = this.#profiler;
    if ((hazards & UNUSABLE) !== 0 || stepFrom < 0) return undefined;
    return this.arena.bytes.toString("latin1", stepFrom, stepTo);
  }
}

/** Row numbers of a draft in the order of its key. */
export function sortedRows(draft: SegmentDraft): Uint32Array {
  const rank = logRanks(draft.logs);
  const { logIndex, step, ordinal } = draft;
  const compare = (a: number, b: number): number => {
    const logs = (rank[logIndex[a] as number] as number) - (rank[logIndex[b] as number] as number);
    if (logs !== 0) return logs;
    const x = step[a] as bigint;
    const y = step[b] as bigint;
    if (x !== y) return x < y ? -1 : 1;
    return (ordinal[a] as number) - (ordinal[b] as number) || a - b;
  };
  const rows = Uint32Array.from({ length: draft.rows }, (_, i) => i);
  const sorted = rows.every((row) => row === 0 || compare(row - 1, row) <= 0);
  return sorted ? rows : rows.sort(compare);
}

/** For each log its place in the order of keys. */
function logRanks(logs: readonly SegmentLog[]): Uint32Array {
  const order = logs.map((_, i) => i).sort((a, b) => compareLogs(logs[a] as SegmentLog, logs[b] as SegmentLog));
  const rank = new Uint32Array(logs.length);
  for (const [place, log] of order.entries()) rank[log] = place;
  return rank;
}

function compareLogs(a: SegmentLog, b: SegmentLog): number {
  return (
    compareText(a.log.entity, b.log.entity) ||
    compareText(a.log.project, b.log.project) ||
    compareText(a.log.run_id, b.log.run_id) ||
    compareText(a.log.start, b.log.start) ||
    a.version - b.version
  );
}

/** The key of one row of a draft. */
export function keyOf(draft: SegmentDraft, row: number): SegmentKey {
  const { entity, project, run_id, start } = (draft.logs[draft.logIndex[row] as number] as SegmentLog).log;
  const run = { entity, project, run_id, log: start };
  if (draft.kind === "run" || draft.kind === "sweep") return run;
  const ordinal = draft.ordinal[row] as number;
  return draft.kind === "history" ? { ...run, step: String(draft.step[row]), ordinal } : { ...run, ordinal };
}
