/**
 * The framing of a `.wandb` transaction log: a file header, then LevelDB-style chunks in blocks of 32 KiB counted from
 * offset 0 of the file (wandb/core/pkg/leveldb/record.go, wandb/sdk/internal/datastore.py).
 */
import { crc32 } from "node:zlib";

export const BLOCK_BYTES = 32_768;
/** ASCII `:W&B`, u16 LE 0xBEE1, u8 version. */
export const FILE_HEADER_BYTES = 7;
/** The longest record whatever the memory; W&B's own limit for one history row is far below. */
export const MAX_RECORD_BYTES = 256 * 1024 * 1024;

const MAGIC = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe);
const CHUNK_HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/** What the framer finds. `bytes[from..to)` is valid until the call returns; `offset` is the record's place in the file. */
export interface FrameSink {
  record(bytes: Uint8Array, from: number, to: number, offset: number): void;
  /** Bytes that fail their checksum or their framing; the framer goes on with the next block. */
  damage(offset: number, message: string): void;
  /** A record that starts at `offset` is longer than the framer was told to keep; it is skipped. */
  tooLong(offset: number, most: number): void;
}

/** Why the bytes ended before a record did: a running or killed writer, or a truncated copy. */
export interface Tail {
  readonly offset: number;
  readonly why: "short header" | "short body" | "record continues past the end" | "zeros to the end";
}

export interface FileHeader {
  /** Format version; undefined when the magic is not W&B's or the header is not whole. */
  readonly version: number | undefined;
  /** Whether the bytes are W&B's header or the start of one. */
  readonly isPrefix: boolean;
}

/** Reads the first 7 bytes of a file, or all it has. */
export function readFileHeader(bytes: Uint8Array): FileHeader {
  const isPrefix = MAGIC.subarray(0, bytes.length).every((byte, i) => bytes[i] === byte);
  return { version: isPrefix ? bytes[MAGIC.length] : undefined, isPrefix };
}

/**
 * Joins chunks to records. Feed it the blocks of a file in order, the first without the file header; it keeps at most
 * one unfinished record. Recovery is the writer's own: after a bad checksum the rest of the block is skipped and the next
 * full or first chunk starts again; a chunk header of zeros skips the block.
 */
export class LogFramer {
  private readonly sink: FrameSink;
  private readonly maxRecord: number;
  private parts = new Uint8Array(BLOCK_BYTES * 2);
  private partsLength = 0;
  /** Offset of the unfinished record, -1 when there is none. */
  private recordAt = -1;
  private zerosAt = -1;
  private skipping = false;
  private tail: Tail | undefined;

  constructor(sink: FrameSink, maxRecord = MAX_RECORD_BYTES) {
    this.sink = sink;
    this.maxRecord = maxRecord;
  }

  /** One block, `bytes[from..to)`, whose first byte is at `offset` of the file. Only the last block may be short. */
  block(bytes: Uint8Array, from: number, to: number, offset: number): void {
    const base = offset - from;
    let at = from;
    while (at < to && BLOCK_BYTES - ((base + at) % BLOCK_BYTES) >= CHUNK_HEADER_BYTES) {
      at = this.readChunk(bytes, at, to, base);
    }
  }

  /** Ends the file. Undefined when the last record is whole. */
  end(): Tail | undefined {
    if (this.tail !== undefined) return this.tail;
    if (this.recordAt >= 0) return { offset: this.recordAt, why: "record continues past the end" };
    if (this.zerosAt >= 0) return { offset: this.zerosAt, why: "zeros to the end" };
    return undefined;
  }

  /** Reads the chunk at `at` and gives where the next one is; `to` when the rest of the block is unreadable. */
  private readChunk(bytes: Uint8Array, at: number, to: number, base: number): number {
    const offset = base + at;
    if (at + CHUNK_HEADER_BYTES > to) return this.cut(offset, "short header", to);
    const length = (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8);
    const type = bytes[at + 6] as number;
    const checksum = readUint32(bytes, at);
    if (checksum === 0 && length === 0 && type === 0) return this.zeros(bytes, at, to, offset);
    const end = at + CHUNK_HEADER_BYTES + length;
    if (CHUNK_HEADER_BYTES + length > BLOCK_BYTES - (offset % BLOCK_BYTES)) {
      return this.lose(offset, `a chunk of ${length} bytes runs past its block`, to);
    }
    if (end > to) return this.cut(offset, "short body", to);
    if (crc32(bytes.subarray(at + 6, end)) !== checksum) return this.lose(offset, "a chunk fails its CRC-32", to);
    this.chunk(bytes, at + CHUNK_HEADER_BYTES, end, type, offset);
    return end;
  }

  private cut(offset: number, why: Tail["why"], to: number): number {
    this.tail = { offset: this.recordAt >= 0 ? this.recordAt : offset, why };
    return to;
  }

  /** The rest of the block is unreadable. */
  private lose(offset: number, what: string, to: number): number {
    this.drop(offset, what);
    return to;
  }

  private drop(offset: number, what: string): void {
    const record = this.recordAt >= 0 ? `; the record that starts at byte ${this.recordAt} is lost` : "";
    this.sink.damage(offset, what + record);
    this.giveUp();
  }

  /** Gives up the unfinished record; the chunks that continue it are skipped. */
  private giveUp(): void {
    this.recordAt = -1;
    this.skipping = true;
  }

  private zeros(bytes: Uint8Array, from: number, to: number, offset: number): number {
    if (bytes.subarray(from, to).some((byte) => byte !== 0)) return this.lose(offset, "a chunk header is zero", to);
    if (this.zerosAt < 0) this.zerosAt = offset;
    return to;
  }

  private chunk(bytes: Uint8Array, from: number, to: number, type: number, offset: number): void {
    if (this.zerosAt >= 0) {
      this.drop(this.zerosAt, `zeros up to byte ${offset}`);
      this.zerosAt = -1;
    }
    if (type < FULL || type > LAST) this.drop(offset, `a chunk has the unknown type ${type}`);
    else if (type <= FIRST) this.start(bytes, from, to, type, offset);
    else this.proceed(bytes, from, to, type, offset);
  }

  private start(bytes: Uint8Array, from: number, to: number, type: number, offset: number): void {
    if (this.recordAt >= 0) this.drop(offset, "a record starts inside another");
    this.skipping = false;
    if (type === FULL) {
      if (to - from > this.maxRecord) this.sink.tooLong(offset, this.maxRecord);
      else this.sink.record(bytes, from, to, offset);
      return;
    }
    this.recordAt = offset;
    this.partsLength = 0;
    this.append(bytes, from, to);
  }

  private proceed(bytes: Uint8Array, from: number, to: number, type: number, offset: number): void {
    if (this.recordAt < 0) {
      if (!this.skipping) this.drop(offset, "a chunk continues a record that has no start");
      return;
    }
    this.append(bytes, from, to);
    if (type !== LAST || this.recordAt < 0) return;
    const start = this.recordAt;
    this.recordAt = -1;
    this.sink.record(this.parts, 0, this.partsLength, start);
  }

  private append(bytes: Uint8Array, from: number, to: number): void {
    const length = this.partsLength + to - from;
    if (length > this.maxRecord) {
      this.sink.tooLong(this.recordAt, this.maxRecord);
      this.giveUp();
      return;
    }
    if (length > this.parts.length) {
      const grown = new Uint8Array(Math.min(this.maxRecord, Math.max(length, this.parts.length * 2)));
      grown.set(this.parts.subarray(0, this.partsLength));
      this.parts = grown;
    }
    this.parts.set(bytes.subarray(from, to), this.partsLength);
    this.partsLength = length;
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}
