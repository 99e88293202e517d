import type { Validity } from "./validity.js";

/** A column of texts that repeat: each row is the place of its text in a list. Arquero takes it as a column. */
export class TextColumn {
  readonly length: number;
  readonly #codes: ArrayLike<number>;
  readonly #texts: readonly string[];
  readonly #validity: Validity;

  constructor(codes: ArrayLike<number>, texts: readonly string[], validity: Validity) {
    this.length = codes.length;
    this.#codes = codes;
    this.#texts = texts;
    this.#validity = validity;
  }

  /** The text of a row; null for NULL and beyond the last row. */
  at(row: number): string | null {
    return this.#validity.has(row) ? (this.#texts[this.#codes[row] ?? -1] ?? null) : null;
  }

  toArray(): (string | null)[] {
    return Array.from({ length: this.length }, (_, row) => this.at(row));
  }

  *[Symbol.iterator](): IterableIterator<string | null> {
    for (let row = 0; row < this.length; row++) yield this.at(row);
  }
}
