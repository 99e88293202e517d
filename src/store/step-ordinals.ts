const FIRST_CAPACITY = 1024;

/**
 * Counts the rows of each step of one log. Steps that come in ascending order, the usual case, cost 8 bytes each; only
 * steps that come again or late, and those beyond ±2^53, are kept in a map.
 */
export class StepOrdinals {
  #ascending = new Float64Array(0);
  #length = 0;
  #last = Number.NEGATIVE_INFINITY;
  readonly #counts = new Map<number | bigint, number>();

  /** The ordinal of the next row of this step: how many rows of it came before. A bigint must not be a safe integer. */
  next(step: number | bigint): number {
    if (typeof step === "number" && step > this.#last) {
      this.#push(step);
      return 0;
    }
    const before = this.#counts.get(step) ?? (typeof step === "number" && this.#has(step) ? 1 : 0);
    this.#counts.set(step, before + 1);
    return before;
  }

  #push(step: number): void {
    if (this.#length === this.#ascending.length) {
      const grown = new Float64Array(Math.max(FIRST_CAPACITY, this.#length * 2));
      grown.set(this.#ascending);
      this.#ascending = grown;
    }
    this.#ascending[this.#length++] = step;
    this.#last = step;
  }

  #has(step: number): boolean {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ascending[middle] as number) < step) low = middle + 1;
      else high = middle;
    }
    return low < this.#length && this.#ascending[low] === step;
  }
}
