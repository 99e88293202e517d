import { widenDoubles, widenInts } from "../profile/widen.js";

const FIRST_CAPACITY = 256;

/** A growing list of 32-bit integers. */
export class IntList {
  values: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = widenInts(this.values, 2 * this.length);
    this.values[this.length++] = value;
  }
}

/** A growing list of doubles, for counts and offsets. */
export class DoubleList {
  values: Float64Array<ArrayBuffer> = new Float64Array(FIRST_CAPACITY);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = widenDoubles(this.values, 2 * this.length);
    this.values[this.length++] = value;
  }
}

const WORD = 2 ** 32;

/** A growing list of int64, each as its low and high word, so that numbers need not become bigints. */
export class Int64List {
  /** Words 2i (low) and 2i + 1 (high) are value i. */
  words: Int32Array<ArrayBuffer> = new Int32Array(2 * FIRST_CAPACITY);
  length = 0;

  /** @param value a safe integer. */
  push(value: number): void {
    const at = this.#next();
    this.words[at] = value | 0;
    this.words[at + 1] = Math.floor(value / WORD);
  }

  pushBig(value: bigint): void {
    const at = this.#next();
    this.words[at] = Number(BigInt.asIntN(32, value));
    this.words[at + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }

  get(index: number): bigint {
    const high = BigInt(this.words[2 * index + 1] ?? 0);
    return (high << 32n) | BigInt((this.words[2 * index] ?? 0) >>> 0);
  }

  /** Negative when value `a` is below value `b`, 0 when they are equal. */
  compare(a: number, b: number): number {
    const { words } = this;
    const high = (words[2 * a + 1] as number) - (words[2 * b + 1] as number);
    return high !== 0 ? high : ((words[2 * a] as number) >>> 0) - ((words[2 * b] as number) >>> 0);
  }

  #next(): number {
    if (2 * this.length === this.words.length) this.words = widenInts(this.words, 4 * this.length);
    return 2 * this.length++;
  }
}
