const FIRST_CAPACITY = 1024;

/**
 * Counts the rows of each step of one log. Steps that come in ascending order, the usual case, cost 8 bytes each; only
 * steps that come again or late are kept in a map.
 */
export class StepOrdinals {
  #ascending = new BigInt64Array(FIRST_CAPACITY);
  #length = 0;
  #last: bigint | undefined;
  readonly #counts = new Map<bigint, number>();

  /** The ordinal of the next row of this step: how many rows of it came before. */
  next(step: bigint): number {
    if (this.#last === undefined || step > this.#last) {
      this.#push(step);
      return 0;
    }
    const before = this.#counts.get(step) ?? (this.#has(step) ? 1 : 0);
    this.#counts.set(step, before + 1);
    return before;
  }

  #push(step: bigint): void {
    if (this.#length === this.#ascending.length) {
      const grown = new BigInt64Array(this.#length * 2);
      grown.set(this.#ascending);
      this.#ascending = grown;
    }
    this.#ascending[this.#length++] = step;
    this.#last = step;
  }

  #has(step: bigint): boolean {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ascending[middle] as bigint) < step) low = middle + 1;
      else high = middle;
    }
    return low < this.#length && this.#ascending[low] === step;
  }
}
