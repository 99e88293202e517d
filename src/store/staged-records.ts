import type { Hash } from "node:crypto";
import { ByteArena } from "./byte-arena.js";

/** A record of a log that is still being read; `bytes[from..to)` is valid until the visit returns. */
export type VisitRecord = (step: bigint | undefined, bytes: Uint8Array, from: number, to: number) => void;

/** Length of the text (u32), whether a step was given (u8), the step (i64), all little endian. */
const HEADER = 13;
const MAX_TEXT = 0xffff_ffff;

/**
 * Records of one kind of one log, in the order they came, framed in one arena so that they can be hashed in bulk: the
 * digest of a log does not depend on how often the arena was drained.
 */
export class StagedRecords {
  readonly #arena = new ByteArena();
  count = 0;

  get bytes(): number {
    return this.#arena.length;
  }

  /** @throws RangeError when the step is beyond int64 or the text beyond 4 GB. */
  push(step: bigint | undefined, bytes: Uint8Array, from: number, to: number): void {
    if (to - from > MAX_TEXT) throw new RangeError(`A record has ${to - from} bytes; the most is ${MAX_TEXT}`);
    const start = this.#arena.reserve(HEADER);
    this.#arena.bytes.writeUInt32LE(to - from, start);
    this.#arena.bytes.writeUInt8(step === undefined ? 0 : 1, start + 4);
    this.#arena.bytes.writeBigInt64LE(step ?? 0n, start + 5);
    this.#arena.append(bytes, from, to);
    this.count += 1;
  }

  hash(into: Hash): void {
    into.update(this.#arena.bytes.subarray(0, this.#arena.length));
  }

  visit(each: VisitRecord): void {
    const { bytes, length } = this.#arena;
    for (let at = 0; at < length; ) {
      const from = at + HEADER;
      const to = from + bytes.readUInt32LE(at);
      each(bytes.readUInt8(at + 4) === 1 ? bytes.readBigInt64LE(at + 5) : undefined, bytes, from, to);
      at = to;
    }
  }

  clear(): void {
    this.#arena.truncate(0);
    this.count = 0;
  }
}
