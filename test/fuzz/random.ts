/** Numbers that the same seed gives again, so that a case is named by its number. */
export class Random {
  private state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring sequences.
    this.state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13)) | 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  /** An unsigned 32-bit integer. */
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** An integer from 0 to `count - 1`; 0 when `count` is not above 0. */
  below(count: number): number {
    return count > 0 ? this.next() % count : 0;
  }

  /** Whether something of this chance, 0 to 1, happens. */
  chance(chance: number): boolean {
    return this.next() < chance * 2 ** 32;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
