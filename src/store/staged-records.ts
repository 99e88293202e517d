import type { Hash } from "node:crypto";
import { SLACK } from "../profile/profiler.js";
import { ByteArena } from "./byte-arena.js";

/** A record of a log: `arena.bytes[from..to)`, followed by a newline. */
export type VisitRecord = (step: bigint | undefined, from: number, to: number) => void;

/** Length of the text (u32), whether a step was given (u8), the step (i64), all little endian. */
const HEADER = 13;
const MAX_TEXT = 0xffff_ffff;
const NEWLINE = 10;
/** Fewer bytes are cheaper to copy than a fresh arena is to fill. */
const WORTH_TAKING = 8 * 1024 * 1024;

/**
 * Records of one kind of one log, in the order they came, framed in one arena so that they can be hashed, moved and
 * scanned in bulk: the digest of a log does not depend on how often the arena was drained.
 */
export class StagedRecords {
  readonly #arena: ByteArena;
  count = 0;

  /** @param most bytes after which the records are likely to be moved. */
  constructor(most = 0) {
    this.#arena = new ByteArena(most);
  }

  get bytes(): number {
    return this.#arena.length;
  }

  /** @throws RangeError when the step is beyond int64 or the text beyond 4 GB. */
  push(step: bigint | undefined, bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (length > MAX_TEXT) throw new RangeError(`A record has ${length} bytes; the most is ${MAX_TEXT}`);
    const arena = this.#arena;
    arena.ensure(HEADER + length + 1 + SLACK);
    const start = arena.length;
    arena.view.setUint32(start, length, true);
    arena.view.setUint8(start + 4, step === undefined ? 0 : 1);
    if (step !== undefined && BigInt.asIntN(64, step) !== step)
      throw new RangeError(`The step ${step} is beyond int64`);
    arena.view.setBigInt64(start + 5, step ?? 0n, true);
    arena.length = start + HEADER;
    arena.append(bytes, from, to);
    arena.bytes[arena.length] = NEWLINE;
    arena.length += 1;
    this.count += 1;
  }

  hash(into: Hash): void {
    into.update(this.#arena.bytes.subarray(0, this.#arena.length));
  }

  clear(): void {
    this.#arena.truncate(0);
    this.count = 0;
  }

  /** Moves all records to an arena, and begins anew. */
  moveTo(target: ByteArena): Moved {
    const { count } = this;
    this.count = 0;
    const from = target.length;
    if (from === 0 && this.#arena.length >= WORTH_TAKING) target.takeOver(this.#arena);
    else {
      target.append(this.#arena.bytes, 0, this.#arena.length);
      this.#arena.truncate(0);
    }
    return { from, to: target.length, count };
  }
}

/** Where framed records stand in an arena. */
export interface Moved {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Visits framed records; the arena may grow meanwhile. */
export function visitRecords(arena: ByteArena, { from, to }: Moved, each: VisitRecord): void {
  for (let at = from; at < to; ) {
    const { view } = arena;
    const start = at + HEADER;
    const end = start + view.getUint32(at, true);
    each(view.getUint8(at + 4) === 1 ? view.getBigInt64(at + 5, true) : undefined, start, end);
    at = end + 1;
  }
}
