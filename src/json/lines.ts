/** What a splitter finds. `bytes[from..to)` is a line without its end (`\n` or `\r\n`), valid until the call returns. */
export interface LineSink {
  /**
   * A line that is not blank.
   * @param number its number in the file, from 1.
   * @param offset where it starts in the file, in bytes.
   * @param ended whether a line end follows; false only for the last line of a file that ends without one.
   */
  line(bytes: Uint8Array, from: number, to: number, number: number, offset: number, ended: boolean): void;
  /** A line longer than the limit; it is left out. */
  tooLong(number: number, offset: number): void;
}

/** Longest line that is read, in bytes: far more than W&B takes for a row (10 MiB) or a config. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

/** Splits the blocks of a file into lines; keeps at most one unfinished line. */
export class LineSplitter {
  readonly #sink: LineSink;
  readonly #limit: number;
  #number: number;
  /** Where the next line starts in the file. */
  #offset: number;
  #rest = new Uint8Array(0);
  #length = 0;
  #isTooLong = false;

  /** @param start number and offset of the first line, when it is not that of the file. */
  constructor(
    sink: LineSink,
    start: { number: number; offset: number } = { number: 1, offset: 0 },
    limit = MAX_LINE_BYTES,
  ) {
    this.#sink = sink;
    this.#limit = limit;
    this.#number = start.number;
    this.#offset = start.offset;
  }

  /** The next `bytes[from..to)` of the file. */
  block(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to) {
      const found = bytes.indexOf(NEWLINE, at);
      const end = found < 0 || found >= to ? to : found;
      if (end === to) {
        this.#keep(bytes, at, to);
        return;
      }
      if (this.#length > 0 || this.#isTooLong) {
        this.#keep(bytes, at, end);
        this.#finish(true);
      } else this.#line(bytes, at, end, end - at, true);
      at = end + 1;
    }
  }

  /** The end of the file. */
  end(): void {
    if (this.#length > 0 || this.#isTooLong) this.#finish(false);
  }

  #finish(ended: boolean): void {
    const length = this.#length;
    this.#length = 0;
    if (!this.#isTooLong) {
      this.#line(this.#rest, 0, length, length, ended);
      return;
    }
    this.#isTooLong = false;
    this.#rest = new Uint8Array(0);
    this.#sink.tooLong(this.#number, this.#offset);
    this.#number += 1;
    this.#offset += length + 1;
  }

  #line(bytes: Uint8Array, from: number, end: number, length: number, ended: boolean): void {
    let to = end;
    if (to > from && bytes[to - 1] === RETURN) to -= 1;
    if (!isBlank(bytes, from, to)) this.#sink.line(bytes, from, to, this.#number, this.#offset, ended);
    this.#number += 1;
    this.#offset += length + 1;
  }

  /** Keeps the start of a line whose end is in a later block; of a line that is too long only its length. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#limit) this.#isTooLong = true;
    if (!this.#isTooLong) {
      if (length > this.#rest.length) {
        const grown = new Uint8Array(Math.max(length, this.#rest.length * 2));
        grown.set(this.#rest.subarray(0, this.#length));
        this.#rest = grown;
      }
      this.#rest.set(bytes.subarray(from, to), this.#length);
    }
    this.#length = length;
  }
}

/** Whether there are only spaces and tabs: zeros, which a crash can leave, are no blanks. */
function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== SPACE && bytes[i] !== TAB) return false;
  return true;
}
