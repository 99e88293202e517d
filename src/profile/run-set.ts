const WORD = 32;

function popCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** A set of runs by their number in a list of runs: a bit a run (words as little-endian machines have them), so that a thousand paths of a million runs stay small. */
export class RunSet {
  /** Run n is bit n % 32 of word n / 32. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** Length of the list. */
  readonly universe: number;

  constructor(universe: number) {
    this.universe = universe;
    this.words = new Uint32Array(Math.ceil(universe / WORD));
  }

  static of(universe: number, runs: Iterable<number>): RunSet {
    const set = new RunSet(universe);
    for (const run of runs) set.add(run);
    return set;
  }

  /** @throws RangeError when there is no run of that number. */
  add(run: number): void {
    if (!(run >= 0 && run < this.universe)) throw new RangeError(`There is no run ${run} of ${this.universe}`);
    const word = run >>> 5;
    this.words[word] = (this.words[word] as number) | (1 << (run & 31));
  }

  /** Adds the runs of another set, whose list of runs has them at these places of this one's. */
  addAll(other: RunSet, places: Int32Array): void {
    const words = other.words;
    for (let at = 0; at < words.length; at++) {
      for (let rest = words[at] as number; rest !== 0; rest &= rest - 1) {
        this.add(places[at * WORD + 31 - Math.clz32(rest & -rest)] as number);
      }
    }
  }

  /** Adds the runs of a set with the same list. */
  unite(other: RunSet): void {
    const words = other.words;
    for (let at = 0; at < words.length; at++) this.words[at] = (this.words[at] as number) | (words[at] as number);
  }

  /** Whether every run of the list is in the set. */
  get isWhole(): boolean {
    const last = this.universe >>> 5;
    for (let at = 0; at < last; at++) if (this.words[at] !== 0xffffffff) return false;
    return (this.universe & 31) === 0 || this.words[last] === 2 ** (this.universe & 31) - 1;
  }

  /** How many runs are in the set. */
  get size(): number {
    let count = 0;
    for (const word of this.words) count += popCount(word);
    return count;
  }

  equals(other: RunSet): boolean {
    return this.universe === other.universe && this.words.every((word, at) => word === other.words[at]);
  }

  /** The runs with the lowest and the highest rank; undefined when the set is empty. @param ranks of all runs, each once */
  extremes(ranks: Int32Array): { readonly first: number; readonly last: number } | undefined {
    let first = -1;
    let last = -1;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = -1;
    for (let at = 0; at < this.words.length; at++) {
      for (let rest = this.words[at] as number; rest !== 0; rest &= rest - 1) {
        const run = at * WORD + 31 - Math.clz32(rest & -rest);
        const rank = ranks[run] as number;
        if (rank < lowest) {
          lowest = rank;
          first = run;
        }
        if (rank > highest) {
          highest = rank;
          last = run;
        }
      }
    }
    return first < 0 ? undefined : { first, last };
  }

  /** The runs in ascending order. */
  *[Symbol.iterator](): Generator<number> {
    for (const [at, word] of this.words.entries()) {
      for (let rest = word; rest !== 0; rest &= rest - 1) yield at * WORD + 31 - Math.clz32(rest & -rest);
    }
  }

  /** The bits as base64, run 0 the lowest bit of the first byte; `fromText` is its inverse. */
  toText(): string {
    return Buffer.from(this.words.buffer, 0, Math.ceil(this.universe / 8)).toString("base64");
  }

  /** @returns undefined when the text is no set of runs of that many. */
  static fromText(text: string, universe: number): RunSet | undefined {
    const bytes = Buffer.from(text, "base64");
    const length = Math.ceil(universe / 8);
    if (bytes.length !== length || text.length !== 4 * Math.ceil(length / 3)) return undefined;
    const set = new RunSet(universe);
    new Uint8Array(set.words.buffer).set(bytes);
    const last = universe % WORD;
    const beyond = last === 0 ? 0 : ~((2 ** last - 1) | 0);
    return ((set.words.at(-1) ?? 0) & beyond) === 0 ? set : undefined;
  }

  /** For printing and comparing. */
  toJSON(): number[] {
    return [...this];
  }
}
