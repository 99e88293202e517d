import { join } from "node:path";
import { SourceError } from "../../../errors.js";
import type { DrWandbFiles } from "../files.js";
import { forEachLine, type LineVisitor } from "./read-lines.js";

/** Lines are kept in memory up to so many bytes in all before they are written. */
const MOST_BYTES = 32 * 1024 * 1024;
const NEWLINE = Buffer.from("\n", "latin1");

interface Pile {
  readonly file: string;
  parts: Uint8Array[];
}

/**
 * Lines of runs that do not stand together in a file, a temporary file for each run. Each line is preceded by the line
 * number it had: `12 {…}`.
 */
export class LineSpill {
  readonly #files: DrWandbFiles;
  readonly #within: string;
  readonly #piles = new Map<number, Pile>();
  #folder: string | undefined;
  #bytes = 0;

  /** @param within folder for the temporary files. */
  constructor(files: DrWandbFiles, within: string) {
    this.#files = files;
    this.#within = within;
  }

  get isFull(): boolean {
    return this.#bytes >= MOST_BYTES;
  }

  /** Takes a copy of a line. */
  add(pile: number, line: number, bytes: Uint8Array, from: number, to: number): void {
    const known = this.#piles.get(pile) ?? { file: `${pile}.jsonl`, parts: [] };
    this.#piles.set(pile, known);
    const copy = Buffer.concat([Buffer.from(`${line} `, "latin1"), bytes.subarray(from, to), NEWLINE]);
    known.parts.push(copy);
    this.#bytes += copy.length;
  }

  /** Writes what is in memory. @throws SourceError when the disk does not take it. */
  async flush(): Promise<void> {
    try {
      await this.#write();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SourceError("source/no-room", `Rows cannot be kept in a temporary file: ${why}`, {
        where: { file: this.#folder ?? this.#within },
        next: "Make room there, or name another folder in TMPDIR.",
        cause: error,
      });
    }
  }

  async #write(): Promise<void> {
    for (const pile of this.#piles.values()) {
      if (pile.parts.length === 0) continue;
      this.#folder ??= await this.#makeFolder();
      const handle = await this.#files.open(join(this.#folder, pile.file), "a");
      try {
        await handle.appendFile(Buffer.concat(pile.parts));
      } finally {
        await handle.close();
      }
      pile.parts = [];
    }
    this.#bytes = 0;
  }

  async #makeFolder(): Promise<string> {
    await this.#files.mkdir(this.#within, { recursive: true });
    return this.#files.mkdtemp(join(this.#within, "wandb-columns-lines-"));
  }

  /** Visits the lines of a pile in the order in which they came, each with its number before it. */
  async read(pile: number, visitor: LineVisitor): Promise<void> {
    const known = this.#piles.get(pile);
    if (known === undefined || this.#folder === undefined) return;
    await forEachLine(join(this.#folder, known.file), this.#files, {}, visitor);
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    if (this.#folder !== undefined) await this.#files.rm(this.#folder, { recursive: true, force: true });
  }
}
