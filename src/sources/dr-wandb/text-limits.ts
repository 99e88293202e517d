import { type Finding, finding } from "../../finding.js";

/** Rows that the engine hands over at once. https://duckdb.org/docs/stable/internals/vector */
const CHUNK_ROWS = 2048;
const LEAST_CELL = 4096;
/** Without a bound of the caller's own: no record of a W&B client is longer. */
const MOST_TEXT = 256 * 1024 * 1024;
/** A file may hand over so much text whatever its size, and so many times its size if that is more. */
const FREE_TEXT = 16e9;
const EXPANSION = 1000;

/** How much text is held in memory while a file is read, in bytes. */
export interface TextLimits {
  /** Longer cells do not come with their chunk: a chunk of such cells could be thousands of times as long. */
  readonly cell: number;
  /** Cells of longer rows are left out. Rows of long cells are read as many at once as are no longer together. */
  readonly row: number;
}

/** @param maxText bytes of the longest record that is taken. */
export function textLimits(maxText = MOST_TEXT): TextLimits {
  const row = Math.min(maxText, MOST_TEXT);
  return { row, cell: Math.max(LEAST_CELL, Math.floor(row / CHUNK_ROWS)) };
}

/** A file says so much with so few bytes that it was made to. */
export class Expands extends Error {}

/** Adds up the text that a file gives. */
export class TextMeter {
  readonly #most: number;
  #text = 0;

  /** @param size bytes of the file. */
  constructor(size: number) {
    this.#most = Math.max(FREE_TEXT, size * EXPANSION);
  }

  /** @throws Expands */
  add(bytes: number): void {
    this.#text += bytes;
    if (this.#text > this.#most) throw new Expands(`it expands to more than ${this.#most} bytes of text`);
  }
}

/** Rows of a file whose long cells were left out: one finding, with the first row and their number. */
export class LeftOut {
  #first: Finding | undefined;
  #count = 0;

  add(file: string, row: number, bytes: number, most: number): void {
    this.#add(file, row, `Row ${row} has ${bytes} bytes of text, more than ${most}; its long cells were left out`);
  }

  /** A row without its cells in columns that need more memory than there is. */
  addUnread(file: string, row: number, columns: readonly string[]): void {
    const message = `More memory than --memory allows is needed to read ${columns.join(", ")} of ${file}; row ${row} came without`;
    this.#add(file, row, message);
  }

  #add(file: string, row: number, message: string): void {
    this.#count += 1;
    this.#first ??= finding("source/too-long", message, { where: { file, row } });
  }

  /** The finding, once; none when nothing was left out. */
  take(): Finding[] {
    const found = this.#first === undefined ? [] : [{ ...this.#first, count: this.#count }];
    this.#first = undefined;
    this.#count = 0;
    return found;
  }
}
