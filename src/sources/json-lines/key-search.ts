/** Characters from the end of a word that the window leaves out: quotes are too frequent in JSON to end it. */
const LEFT_OUT = 1;

/**
 * Finds where one of a few words stands next in a buffer that is searched from front to back: Horspool's search for
 * several words, so that most bytes are never looked at.
 */
export class KeySearch {
  readonly #words: readonly Uint8Array[];
  /** Length of the window: the words begin in it. */
  readonly #length: number;
  /** For each byte at the end of the window how far the window may move; 0 when a word may stand in it. */
  readonly #shift: Uint8Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  /** No word starts in `#from..#next)`; one starts at `#next`, or that is the end. */
  #from = 0;
  #next = -1;
  #wasHit = false;
  #isOff: boolean;

  /** @param words in quotes; an empty list is found nowhere. */
  constructor(words: readonly Uint8Array[]) {
    this.#words = words;
    this.#isOff = words.length === 0;
    this.#length = words.reduce((least, word) => Math.min(least, word.length - LEFT_OUT), 255);
    this.#shift = new Uint8Array(256).fill(this.#length);
    for (const word of words) {
      for (let i = 0; i < this.#length; i++) {
        const byte = word[i] as number;
        this.#shift[byte] = Math.min(this.#shift[byte] as number, this.#length - 1 - i);
      }
    }
  }

  /** From now on offsets are those of this buffer; text stands before `end`. */
  reset(bytes: Uint8Array, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.#from = 0;
    this.#next = -1;
  }

  /** The same questions will be asked again: when all were answered with no, they need no search. */
  repeat(): void {
    this.#isOff = !this.#wasHit;
  }

  /** Whether a word starts in `from..to)`. Calls with rising `from` are cheap. */
  occurs(from: number, to: number): boolean {
    if (this.#isOff) return false;
    if (from < this.#from || from > this.#next) {
      this.#from = from;
      this.#next = this.#find(from);
    }
    if (this.#next >= to) return false;
    this.#wasHit = true;
    return true;
  }

  #find(from: number): number {
    const bytes = this.#bytes;
    const shift = this.#shift;
    const end = this.#end;
    const last = this.#length - 1;
    let i = from + last;
    while (i < end) {
      const move = shift[bytes[i] as number] as number;
      if (move !== 0) i += move;
      else if (this.#standsAt(i - last)) return i - last;
      else i++;
    }
    return end;
  }

  #standsAt(at: number): boolean {
    const bytes = this.#bytes;
    for (const word of this.#words) {
      let i = 0;
      while (i < word.length && bytes[at + i] === word[i]) i++;
      if (i === word.length) return true;
    }
    return false;
  }
}
