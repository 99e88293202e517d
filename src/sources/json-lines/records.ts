import type { ByteStream } from "./byte-stream.js";

const NEWLINE = 0x0a;
const CHUNK = 1 << 20;
const HEADROOM = 1 << 16;

/**
 * The records of a stream of JSON Lines one after the other, without white space around them; empty lines are skipped.
 * `while (await records.fill()) while (records.next()) use(records.bytes, records.from, records.to)`
 */
export class LineRecords {
  bytes: Buffer = Buffer.alloc(0);
  /** Where text ends in `bytes`. */
  end = 0;
  from = 0;
  to = 0;
  /** Number of the line, from 1. */
  number = 0;
  readonly #stream: ByteStream;
  #live: Buffer = Buffer.alloc(0);
  #at = 0;
  #isLast = false;
  #pending: Promise<number>;
  #spare: Buffer;
  #room = HEADROOM;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.#spare = Buffer.allocUnsafe(HEADROOM + CHUNK);
    this.#pending = stream.read(this.#spare, HEADROOM);
  }

  /** Brings more text into `bytes`, where offsets of before mean nothing; false when there is none. */
  async fill(): Promise<boolean> {
    if (this.#isLast) return false;
    const read = await this.#pending;
    const rest = this.end - this.#at;
    if (read === 0) {
      this.#isLast = true;
      return rest > 0;
    }
    const next = rest <= this.#room ? this.#spare : this.#grown(rest, read);
    const room = next === this.#spare ? this.#room : rest;
    const start = room - rest;
    this.bytes.copy(next, start, this.#at, this.end);
    const used = this.bytes;
    this.bytes = next;
    this.end = room + read;
    this.#at = start;
    this.#live = next.subarray(0, this.end);
    this.#readAhead(used, rest);
    return true;
  }

  /** A record that spans buffers: the next buffer holds all of it that was read. */
  #grown(rest: number, read: number): Buffer {
    const grown = Buffer.allocUnsafe(rest + read);
    this.#spare.copy(grown, rest, this.#room, this.#room + read);
    return grown;
  }

  /** Reads as much again as a record that does not end has so far, so that each byte is copied a few times at most. */
  #readAhead(used: Buffer, rest: number): void {
    const chunk = Math.max(CHUNK, rest);
    this.#room = HEADROOM;
    this.#spare = used.length === HEADROOM + chunk ? used : Buffer.allocUnsafe(HEADROOM + chunk);
    this.#pending = this.#stream.read(this.#spare, this.#room);
    this.#pending.catch(() => undefined);
  }

  /** Goes to the next record; false when more text is needed. */
  next(): boolean {
    for (;;) {
      let newline = this.#live.indexOf(NEWLINE, this.#at);
      if (newline < 0) {
        if (!this.#isLast || this.#at >= this.end) return false;
        newline = this.end;
      }
      this.number += 1;
      let { from, to } = { from: this.#at, to: newline };
      this.#at = newline + 1;
      while (from < to && (this.bytes[from] as number) <= 0x20) from++;
      while (to > from && (this.bytes[to - 1] as number) <= 0x20) to--;
      if (from === to) continue;
      this.from = from;
      this.to = to;
      return true;
    }
  }
}
