import { isBraced, valueEnd } from "../../json/scan.js";
import type { ByteStream } from "./byte-stream.js";

const NEWLINE = 0x0a;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const CHUNK = 1 << 20;
const MOST_CHUNK = 1 << 24;
const HEADROOM = 1 << 16;
const BYTE_ORDER_MARK = Buffer.from("\ufeff", "utf8");
/** The longest record that is read, in bytes. */
export const MAX_RECORD = 2 ** 27;

/** How the records of a file are set apart: a line each, or JSON values in lists or one after the other. */
export type Form = "lines" | "values";

/**
 * The records of a stream one after the other, without white space around them:
 * `while (await records.fill()) while (records.next()) use(records.bytes, records.from, records.to)`.
 * The stream is read ahead by one buffer. Memory is bounded by the longest record.
 */
export abstract class Records {
  bytes: Buffer = Buffer.alloc(0);
  /** Where text ends in `bytes`. */
  end = 0;
  from = 0;
  to = 0;
  /** Number of the line or value, from 1. */
  number = 0;
  /** The record is the last of a stream that ends inside of it. */
  isCut = false;
  /** The record is too long; what is given is its start. */
  isTooLong = false;
  /** Where the next record is looked for. */
  protected at = 0;
  /** All of the stream is in `bytes`. */
  protected isLast = false;
  protected live: Buffer = Buffer.alloc(0);
  readonly #stream: ByteStream;
  readonly #longest: number;
  #pending: Promise<number>;
  #spare: Buffer;
  #isFirst = true;

  constructor(stream: ByteStream, longest = MAX_RECORD) {
    this.#stream = stream;
    this.#longest = longest;
    this.#spare = Buffer.allocUnsafe(HEADROOM + CHUNK);
    this.#pending = this.#start(BYTE_ORDER_MARK.length);
  }

  /** Goes to the next record; false when more text is needed. */
  abstract next(): boolean;

  /** At the end of the stream: whether it ends inside of a record or list. */
  get endsInside(): boolean {
    return this.isCut;
  }

  /** Brings more text into `bytes`, where offsets of before mean nothing; false at the end of the stream. */
  async fill(): Promise<boolean> {
    if (this.isLast) return false;
    const read = await this.#pending;
    if (read === 0) {
      this.isLast = true;
      return this.at < this.end;
    }
    const rest = this.end - this.at;
    const next = rest <= HEADROOM ? this.#spare : this.#joined(rest, read);
    const start = next === this.#spare ? HEADROOM - rest : 0;
    this.bytes.copy(next, start, this.at, this.end);
    const used = this.bytes;
    this.bytes = next;
    this.at = start;
    this.end = start + rest + read;
    this.live = next.subarray(0, this.end);
    this.#readAhead(used, rest);
    if (this.#isFirst) this.#skipMark();
    return true;
  }

  /** Notes that `bytes[from..to)` is the record, or as much of it as there is when it is too long. */
  protected take(from: number, to: number): true {
    this.from = from;
    this.to = to;
    this.isTooLong = to - from > this.#longest;
    return true;
  }

  protected get isOverfull(): boolean {
    return this.end - this.at > this.#longest;
  }

  /** Fills the spare buffer with at least so many bytes, unless the stream ends. */
  #start(least = 1): Promise<number> {
    const read = this.#readSome(this.#spare, least);
    // Awaited by the next fill, or by nobody after an error elsewhere.
    read.catch(() => undefined);
    return read;
  }

  async #readSome(buffer: Buffer, least: number): Promise<number> {
    let have = 0;
    while (have < least) {
      const read = await this.#stream.read(buffer, HEADROOM + have);
      if (read === 0) break;
      have += read;
    }
    return have;
  }

  /** Room for a record that spans buffers, the bytes that were read behind it. */
  #joined(rest: number, read: number): Buffer {
    const joined = Buffer.allocUnsafe(rest + read);
    this.#spare.copy(joined, rest, HEADROOM, HEADROOM + read);
    return joined;
  }

  /** Reads about as much again as a record that does not end has so far: its bytes are copied a few times only. */
  #readAhead(used: Buffer, rest: number): void {
    const length = HEADROOM + Math.min(Math.max(CHUNK, rest), MOST_CHUNK);
    this.#spare = used.length === length ? used : Buffer.allocUnsafe(length);
    this.#pending = this.#start();
  }

  #skipMark(): void {
    this.#isFirst = false;
    if (this.live.subarray(this.at, this.at + 3).equals(BYTE_ORDER_MARK)) this.at += 3;
  }
}

/** A line is a record; empty lines are none. */
export class LineRecords extends Records {
  /** The rest of a line that was too long is passed over. */
  #isSkipping = false;

  next(): boolean {
    for (;;) {
      const newline = this.live.indexOf(NEWLINE, this.at);
      if (newline < 0 && !this.isLast && !this.isOverfull) return false;
      if (this.at >= this.end) return false;
      const start = this.at;
      const stop = newline < 0 ? this.end : newline;
      const wasSkipping = this.#isSkipping;
      this.at = Math.min(stop + 1, this.end);
      this.#isSkipping = newline < 0 && !this.isLast;
      if (wasSkipping) continue;
      this.number += 1;
      if (!this.#trim(start, stop)) continue;
      this.isCut = newline < 0 && this.isLast && !isBraced(this.bytes, this.from, this.to);
      return true;
    }
  }

  #trim(start: number, stop: number): boolean {
    const { bytes } = this;
    let from = start;
    let to = stop;
    while (from < to && (bytes[from] as number) <= 0x20) from++;
    while (to > from && (bytes[to - 1] as number) <= 0x20) to--;
    return from < to && this.take(from, to);
  }
}

/**
 * JSON values are records, one after the other or in lists; lists in lists are read through. Nothing is read after a
 * record that is too long: where it ends is not known.
 */
export class ValueRecords extends Records {
  /** Lists that are open. */
  #depth = 0;
  #isLost = false;

  override get endsInside(): boolean {
    return this.isCut || this.#depth > 0;
  }

  next(): boolean {
    const { bytes, end } = this;
    if (this.#isLost) this.at = end;
    let i = this.at;
    for (; i < end; i++) {
      const c = bytes[i] as number;
      if (c === OPEN_LIST) this.#depth += 1;
      else if (c === CLOSE_LIST) this.#depth = Math.max(0, this.#depth - 1);
      else if (c > 0x20 && c !== COMMA) break;
    }
    this.at = i;
    if (i === end) return false;
    const stop = this.#valueEnd(i);
    if (stop < 0 && !this.isLast && !this.isOverfull) return false;
    this.number += 1;
    this.isCut = stop < 0 && this.isLast;
    this.#isLost = stop < 0;
    this.at = stop < 0 ? end : stop;
    return this.take(i, this.at);
  }

  /** Offset after the value; a `}` that closes nothing is taken for one. -1 when its end is not there yet. */
  #valueEnd(at: number): number {
    const { bytes, end } = this;
    const stop = valueEnd(bytes, at, end);
    if (stop < 0 && bytes[at] === 0x7d) return at + 1;
    const isWhole = stop >= 0 && (stop < end || this.isLast || bytes[stop - 1] === 0x7d || bytes[stop - 1] === 0x22);
    return isWhole ? stop : -1;
  }
}

/** The records of a stream. @param longest bytes of the longest record that is read. */
export function recordsOf(stream: ByteStream, form: Form, longest = MAX_RECORD): Records {
  return form === "lines" ? new LineRecords(stream, longest) : new ValueRecords(stream, longest);
}
