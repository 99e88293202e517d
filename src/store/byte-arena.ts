const FIRST_CAPACITY = 1 << 16;

/** A growing run of bytes that many texts are copied into, one after the other. */
export class ByteArena {
  bytes: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  /** Bytes in use. */
  length = 0;

  /** Makes room for `count` bytes at the end and gives their offset. */
  reserve(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.length, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, start);
      this.bytes = grown;
    }
    return start;
  }

  /** Copies `source[from..to)` to the end and gives its offset. */
  append(source: Uint8Array, from: number, to: number): number {
    const start = this.reserve(to - from);
    this.bytes.set(source.subarray(from, to), start);
    return start;
  }

  /** Forgets all from `length` on; the capacity stays. */
  truncate(length: number): void {
    this.length = length;
  }
}
