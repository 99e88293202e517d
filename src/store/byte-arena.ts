const FIRST_CAPACITY = 1 << 16;
/** What an arena that outgrows this is likely to reach: it gets that capacity at once and is not copied again and again. */
const LARGE = 1 << 20;

/** A growing run of bytes that many texts are copied into, one after the other. */
export class ByteArena {
  readonly #likely: number;
  bytes: Buffer;
  /** Over the memory of `bytes`. */
  view: DataView;
  /** Bytes in use. */
  length = 0;

  /** @param likely capacity that an arena of more than a megabyte is expected to need. */
  constructor(likely = 0) {
    this.#likely = likely;
    this.bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    this.view = viewOf(this.bytes);
  }

  /** Sees to it that `count` bytes can follow those in use. */
  ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2, needed > LARGE ? this.#likely : 0));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = viewOf(grown);
  }

  /** Takes `count` bytes at the end and gives their offset. */
  reserve(count: number): number {
    this.ensure(count);
    const start = this.length;
    this.length += count;
    return start;
  }

  /** Copies `source[from..to)` to the end and gives its offset. */
  append(source: Uint8Array, from: number, to: number): number {
    const start = this.reserve(to - from);
    this.bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), start);
    return start;
  }

  /** Forgets all from `length` on; the capacity stays. */
  truncate(length: number): void {
    this.length = length;
  }

  /** Takes over the content and memory of another arena, which is empty then. */
  takeOver(other: ByteArena): void {
    [this.bytes, other.bytes] = [other.bytes, this.bytes];
    [this.view, other.view] = [other.view, this.view];
    this.length = other.length;
    other.length = 0;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
