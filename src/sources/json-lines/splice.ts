import type { Cuts } from "./places.js";

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A record without what was cut out of it: `bytes[from..to)`, valid until the next call. */
export class Splice {
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  #scratch: Buffer = Buffer.allocUnsafe(1 << 12);

  /**
   * Cuts ranges out of the object `bytes[from..to)`. A cut at its start or end is made in place: the bracket moves over
   * bytes that are cut; others are copied.
   */
  cut(bytes: Buffer, from: number, to: number, { at: cuts, count }: Cuts): void {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    if (count === 0) return;
    const first = cuts[0] as number;
    const after = cuts[1] as number;
    if (count === 1 && first === from + 1) {
      this.from = after - 1;
      bytes[this.from] = OPEN_OBJECT;
    } else if (count === 1 && after === to - 1) {
      this.to = first + 1;
      bytes[first] = CLOSE_OBJECT;
    } else this.#copy(bytes, from, to, cuts, count);
  }

  #copy(bytes: Buffer, from: number, to: number, cuts: Int32Array, count: number): void {
    if (this.#scratch.length < to - from) this.#scratch = Buffer.allocUnsafe(2 * (to - from));
    let length = 0;
    let at = from;
    for (let i = 0; i <= count; i++) {
      const end = i < count ? (cuts[2 * i] as number) : to;
      length += bytes.copy(this.#scratch, length, at, end);
      at = cuts[2 * i + 1] as number;
    }
    this.bytes = this.#scratch;
    this.from = 0;
    this.to = length;
  }
}
