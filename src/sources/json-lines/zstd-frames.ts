import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";
import type { ByteStream } from "./byte-stream.js";
import { transformed } from "./transformed.js";

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
const MAX_BLOCK = 1 << 17;
/** The most that a frame may ask to be remembered, as the zstd tool has it by default. */
export const MAX_WINDOW = 2 ** 27;
const RLE = 1;
const RESERVED = 3;
/** The decoder holds back fewer bytes than this. */
const LEAST_PUSH = 18;

/** Thrown where an archive is no valid zstd any more; `isCut` when it only ends too early. */
export class ZstdError extends Error {
  readonly isCut: boolean;

  constructor(message: string, isCut = false) {
    super(message);
    this.name = "ZstdError";
    this.isCut = isCut;
  }
}

/** Takes exact numbers of bytes off a stream. */
class Taker {
  readonly #stream: ByteStream;
  readonly #buffer = Buffer.allocUnsafe(1 << 18);
  #from = 0;
  #to = 0;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** The next `count` bytes, valid until the next call; undefined when the stream is at its end. */
  async take(count: number): Promise<Buffer | undefined> {
    if (this.#to - this.#from < count) {
      this.#buffer.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    }
    while (this.#to < count) {
      const read = await this.#stream.read(this.#buffer, this.#to);
      if (read === 0 && this.#to === 0) return undefined;
      if (read === 0) throw new ZstdError("it ends in the middle of a frame", true);
      this.#to += read;
    }
    this.#from += count;
    return this.#buffer.subarray(this.#from - count, this.#from);
  }

  async must(count: number): Promise<Buffer> {
    const bytes = await this.take(count);
    if (bytes === undefined) throw new ZstdError("it ends in the middle of a frame", true);
    return bytes;
  }
}

interface FrameHeader {
  readonly bytes: Buffer;
  readonly hasChecksum: boolean;
}

function integerAt(bytes: Buffer, at: number, length: number): number {
  if (length === 8) return Number(bytes.readBigUInt64LE(at));
  return length === 0 ? 0 : bytes.readUIntLE(at, length);
}

/** Reads the header of a frame whose magic number was read (RFC 8878, 3.1.1.1). */
async function frameHeader(taker: Taker, magic: Buffer): Promise<FrameHeader> {
  const first = Buffer.from(await taker.must(1));
  const descriptor = first[0] as number;
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  const size = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const rest = Buffer.from(await taker.must((isSingle ? 0 : 1) + dictionary + size));
  if (integerAt(rest, isSingle ? 0 : 1, dictionary) !== 0) throw new ZstdError("it needs a dictionary");
  const exponent = (rest[0] ?? 0) >> 3;
  const base = 2 ** (10 + exponent);
  const content = integerAt(rest, rest.length - size, size) + (size === 2 ? 256 : 0);
  const window = isSingle ? content : base + (base / 8) * ((rest[0] ?? 0) & 7);
  if (window > MAX_WINDOW) {
    throw new ZstdError(`a frame needs ${window} bytes to be remembered; the most is ${MAX_WINDOW}`);
  }
  return { bytes: Buffer.concat([magic, first, rest]), hasChecksum: (descriptor & 4) !== 0 };
}

/** The bytes of one frame: its header, then block by block, a checksum with the last one. */
async function* frameBytes(taker: Taker, magic: Buffer): AsyncGenerator<Buffer> {
  const header = await frameHeader(taker, magic);
  yield header.bytes;
  for (let isLast = false; !isLast; ) {
    const head = Buffer.from(await taker.must(3));
    const word = head.readUIntLE(0, 3);
    isLast = (word & 1) === 1;
    const type = (word >> 1) & 3;
    const size = type === RLE ? 1 : word >> 3;
    if (type === RESERVED || size > MAX_BLOCK) throw new ZstdError("a block has an impossible head");
    const block = Buffer.concat([head, await taker.must(size)]);
    yield isLast && header.hasChecksum ? Buffer.concat([block, await taker.must(4)]) : block;
  }
}

/** The content of one frame, by a decoder that gives all that came of a piece at once. */
async function* pushed(pieces: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = [];
  const decoder = new Decompress((data) => out.push(data));
  const push = (bytes: Uint8Array, isEnd: boolean): Uint8Array[] => {
    try {
      decoder.push(bytes, isEnd);
    } catch (error) {
      throw new ZstdError(error instanceof Error ? error.message : String(error));
    }
    return out.splice(0);
  };
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (held.length >= LEAST_PUSH) {
      yield* push(held, false);
      held = piece;
    } else held = Buffer.concat([held, piece]);
  }
  yield* push(held, true);
}

/** The content of one frame, by node:zlib where it has zstd. */
function frameContent(pieces: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const { createZstdDecompress: create } = zlib as { createZstdDecompress?: (options: object) => Transform };
  return create === undefined ? pushed(pieces) : transformed(pieces, create({ chunkSize: MAX_BLOCK }));
}

/**
 * The content of a zstd archive, in pieces of at most 128 KB. Frames are told apart here, because node:zlib reads the
 * first one only and takes one that is cut off for whole; blocks go to the decoder one by one, so that a bomb needs no
 * more memory than its window. Where node:zlib has no zstd, checksums are not verified.
 * @throws ZstdError where the archive breaks off or cannot be decoded; all pieces before have come then.
 */
export async function* zstdFrames(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const taker = new Taker(stream);
  for (;;) {
    const start = await taker.take(4);
    if (start === undefined) return;
    const magic = Buffer.from(start);
    const number = magic.readUInt32LE();
    if (number === MAGIC) yield* frameContent(frameBytes(taker, magic));
    else if ((number & SKIPPABLE_MASK) >>> 0 === SKIPPABLE) {
      let left = (await taker.must(4)).readUInt32LE();
      for (; left > 0; left -= Math.min(left, MAX_BLOCK)) await taker.must(Math.min(left, MAX_BLOCK));
    } else throw new ZstdError("after a frame stands something else");
  }
}
