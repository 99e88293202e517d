/** Zeros in each byte. */
const ZEROS = Uint8Array.from({ length: 256 }, (_, byte) => 8 - byte.toString(2).replaceAll("0", "").length);

/**
 * Which rows of a column have a value: a bit a row, least significant first, set where there is one, as DuckDB and Arrow
 * have it. Rows are told in order, in stretches of any length.
 */
export class Validity {
  /** Undefined while no NULL was seen. */
  #bits: Uint8Array<ArrayBuffer> | undefined;
  #nulls = 0;
  readonly #rows: number;

  constructor(rows: number) {
    this.#rows = rows;
  }

  get nulls(): number {
    return this.#nulls;
  }

  /** The bits, in as many bytes as the rows need; undefined when no row is NULL. */
  get bits(): Uint8Array<ArrayBuffer> | undefined {
    return this.#nulls === 0 ? undefined : this.#bits;
  }

  has(row: number): boolean {
    return this.#bits === undefined || ((this.#bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;
  }

  /** Takes `count` rows that begin at `row`. @param source their bits; null when none of them is NULL. */
  take(source: Uint8Array | null, row: number, count: number): void {
    if (source === null || count === 0) return;
    this.#bits ??= new Uint8Array(Math.ceil(this.#rows / 8) + 1).fill(255);
    const bits = this.#bits;
    const shift = row & 7;
    const bytes = Math.ceil(count / 8);
    for (let i = 0, to = row >> 3; i < bytes; i++, to++) {
      const rest = count - i * 8;
      const beyond = rest < 8 ? (255 << rest) & 255 : 0;
      const byte = (source[i] ?? 0) | beyond;
      this.#nulls += ZEROS[byte] ?? 0;
      // Bits that were not told yet are set, so a new bit is cleared or stays.
      const low = (byte << shift) | ((1 << shift) - 1);
      const high = (byte >> (8 - shift)) | ((255 << shift) & 255);
      bits[to] = (bits[to] ?? 0) & low;
      if (shift > 0) bits[to + 1] = (bits[to + 1] ?? 0) & high;
    }
  }
}
