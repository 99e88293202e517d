import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { JsonLinesFiles } from "./byte-stream.js";
import type { FileRun } from "./survey.js";

/** Length of the text and number of the run in its bin, u32 each. */
const HEADER = 8;
const BLOCK = 1 << 16;
/** Bytes of a bin, so that one fits in memory; more when there would be more than MOST_BINS of them. */
const BIN = 1 << 26;
const MOST_BINS = 1024;

interface Block {
  readonly position: number;
  readonly bytes: Buffer;
  readonly length: number;
}

/** Runs whose records are brought together at once. */
class Bin {
  readonly runs: FileRun[] = [];
  readonly blocks: Block[] = [];
  bytes = 0;
  buffer: Buffer = Buffer.alloc(0);
  length = 0;
}

/** Called for a record of `run`, in the order of the file; the records of a run come one after the other. */
export type SpilledRecord = (run: FileRun, bytes: Buffer, from: number, to: number) => Promise<void> | undefined;

/**
 * Brings the records of scattered runs together. How many bytes a run has is known: runs are dealt to bins that fit in
 * memory, and what goes into a bin is written to one temporary file in blocks, unless one bin is enough. A run that is
 * larger than a bin has one of its own and is not brought into memory at once.
 */
export class Spill {
  readonly #files: JsonLinesFiles;
  readonly #temp: string;
  readonly #size: number;
  readonly #bins: Bin[] = [];
  readonly #place = new Map<FileRun, { readonly bin: Bin; readonly index: number }>();
  readonly #full: { readonly bin: Bin; readonly bytes: Buffer; readonly length: number }[] = [];
  readonly #staysInMemory: boolean;
  #folder: string | undefined;
  #handle: FileHandle | undefined;
  #position = 0;

  /**
   * @param total bytes of all records that will come.
   * @param temp folder for the temporary file.
   * @param bin bytes of a bin.
   */
  constructor(total: number, files: JsonLinesFiles, temp: string, bin = BIN) {
    this.#files = files;
    this.#temp = temp;
    this.#size = Math.max(bin, Math.ceil(total / MOST_BINS));
    this.#staysInMemory = total <= this.#size;
  }

  /** Takes a record; true when `write` must be awaited before the next one. */
  add(run: FileRun, bytes: Buffer, from: number, to: number): boolean {
    const { bin, index } = this.#placeOf(run);
    const length = HEADER + to - from;
    const isFull = bin.length + length > bin.buffer.length;
    if (isFull) this.#newBuffer(bin, length);
    bin.buffer.writeUInt32LE(to - from, bin.length);
    bin.buffer.writeUInt32LE(index, bin.length + 4);
    bytes.copy(bin.buffer, bin.length + HEADER, from, to);
    bin.length += length;
    return this.#full.length > 0;
  }

  /** Writes the blocks that are full. */
  async write(): Promise<void> {
    for (const { bin, bytes, length } of this.#full.splice(0)) {
      const handle = await this.#file();
      for (let done = 0; done < length; ) {
        done += (await handle.write(bytes, done, length - done, this.#position + done)).bytesWritten;
      }
      bin.blocks.push({ position: this.#position, bytes: Buffer.alloc(0), length });
      this.#position += length;
    }
  }

  /** Visits all records, run by run. */
  async visit(each: SpilledRecord): Promise<void> {
    for (const bin of this.#bins) this.#close(bin);
    await this.write();
    for (const bin of this.#bins) {
      if (bin.runs.length === 1) await this.#visitOne(bin, each);
      else await this.#visitAll(bin, each);
      bin.blocks.length = 0;
    }
  }

  /** Removes the temporary file. */
  async close(): Promise<void> {
    await this.#handle?.close();
    if (this.#folder !== undefined) await this.#files.rm(this.#folder, { recursive: true, force: true });
  }

  #placeOf(run: FileRun): { readonly bin: Bin; readonly index: number } {
    const known = this.#place.get(run);
    if (known !== undefined) return known;
    let bin = this.#bins.at(-1);
    if (bin === undefined || bin.bytes + run.bytes > this.#size) {
      bin = new Bin();
      this.#bins.push(bin);
    }
    const place = { bin, index: bin.runs.length };
    bin.bytes += run.bytes;
    bin.runs.push(run);
    this.#place.set(run, place);
    return place;
  }

  #newBuffer(bin: Bin, least: number): void {
    this.#close(bin);
    const usual = this.#staysInMemory ? 4 * BLOCK : BLOCK;
    bin.buffer = Buffer.allocUnsafe(Math.max(usual, least));
    bin.length = 0;
  }

  #close(bin: Bin): void {
    const { buffer, length } = bin;
    bin.buffer = Buffer.alloc(0);
    bin.length = 0;
    if (length === 0) return;
    if (this.#staysInMemory) bin.blocks.push({ position: -1, bytes: buffer, length });
    else this.#full.push({ bin, bytes: buffer, length });
  }

  async #file(): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle;
    this.#folder = await this.#files.mkdtemp(join(this.#temp, "wandb-columns-"));
    this.#handle = await this.#files.open(join(this.#folder, "records"), "wx+");
    return this.#handle;
  }

  async #load(block: Block): Promise<Buffer> {
    if (block.position < 0) return block.bytes;
    const handle = await this.#file();
    const buffer = Buffer.allocUnsafe(block.length);
    for (let done = 0; done < block.length; ) {
      const { bytesRead } = await handle.read(buffer, done, block.length - done, block.position + done);
      if (bytesRead === 0) throw new Error("A temporary file became shorter while it was read");
      done += bytesRead;
    }
    return buffer;
  }

  async #visitOne(bin: Bin, each: SpilledRecord): Promise<void> {
    const run = bin.runs[0] as FileRun;
    for (const block of bin.blocks) {
      const bytes = await this.#load(block);
      for (let at = 0; at < block.length; ) {
        const to = at + HEADER + bytes.readUInt32LE(at);
        const wait = each(run, bytes, at + HEADER, to);
        if (wait !== undefined) await wait;
        at = to;
      }
    }
  }

  async #visitAll(bin: Bin, each: SpilledRecord): Promise<void> {
    const blocks: Buffer[] = [];
    for (const block of bin.blocks) blocks.push((await this.#load(block)).subarray(0, block.length));
    const bytes = Buffer.concat(blocks);
    const { starts, ends } = sortedByRun(bytes, bin.runs.length);
    let at = 0;
    for (const [index, end] of ends.entries()) {
      for (; at < end; at++) {
        const from = (starts[at] as number) + HEADER;
        const wait = each(bin.runs[index] as FileRun, bytes, from, from + bytes.readUInt32LE(from - HEADER));
        if (wait !== undefined) await wait;
      }
    }
  }
}

/** Where the records of a bin stand, by run: those of run i are `starts[ends[i - 1]..ends[i])`, in the order they came. */
function sortedByRun(bytes: Buffer, runs: number): { starts: Float64Array; ends: Uint32Array } {
  const ends = new Uint32Array(runs);
  let records = 0;
  for (let at = 0; at < bytes.length; at += HEADER + bytes.readUInt32LE(at), records++) {
    const run = bytes.readUInt32LE(at + 4);
    ends[run] = (ends[run] as number) + 1;
  }
  const next = new Uint32Array(runs);
  for (let run = 1; run < runs; run++) next[run] = (next[run - 1] as number) + (ends[run - 1] as number);
  const starts = new Float64Array(records);
  for (let at = 0; at < bytes.length; at += HEADER + bytes.readUInt32LE(at)) {
    const run = bytes.readUInt32LE(at + 4);
    starts[next[run] as number] = at;
    next[run] = (next[run] as number) + 1;
  }
  return { starts, ends: next };
}
