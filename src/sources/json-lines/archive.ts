import { createGunzip } from "node:zlib";
import { type ByteStream, readHead, type StreamProblem, withHead } from "./byte-stream.js";
import { transformed } from "./transformed.js";
import { ZstdError, zstdFrames } from "./zstd-frames.js";

export type Archive = "gzip" | "zstd";

const MAGIC_LENGTH = 4;
const PIECE = 1 << 16;
/** So many bytes of the end of an archive are written one by one. */
const TAIL = 64;
/** An archive may give so many bytes whatever its size, and so many times what was taken of it if that is more. */
const FREE_BYTES = 16e9;
const EXPANSION = 1000;

/** Archives that are not read, by their first bytes. */
const OTHERS: readonly (readonly [start: string, name: string])[] = [
  ["fd377a58", "an xz archive"],
  ["425a68", "a bzip2 archive"],
  ["504b0304", "a zip archive"],
  ["50415231", "a Parquet file"],
  ["04224d18", "an lz4 archive"],
];

/** What a file is that cannot be read here; undefined when its first bytes do not say so. */
export function otherArchive(head: Buffer): string | undefined {
  return OTHERS.find(([start]) => head.toString("hex", 0, start.length / 2) === start)?.[1];
}

function archiveOf(head: Buffer): Archive | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  return head.length >= MAGIC_LENGTH && head.readUInt32LE() === 0xfd2fb528 ? "zstd" : undefined;
}

/** A stream in pieces, the last TAIL bytes one by one: a decoder that fails at the checksum has given all then. */
async function* packedPieces(stream: ByteStream): AsyncGenerator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(0);
  for (;;) {
    const buffer = Buffer.allocUnsafe(PIECE + TAIL);
    buffer.set(held);
    const read = await stream.read(buffer.subarray(0, PIECE), held.length);
    if (read === 0) break;
    const length = held.length + read;
    const end = Math.max(0, length - TAIL);
    if (end > 0) yield buffer.subarray(0, end);
    held = buffer.subarray(end, length);
  }
  for (let i = 0; i < held.length; i++) yield held.subarray(i, i + 1);
}

function problemOf(error: unknown, archive: Archive): StreamProblem | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const text = error instanceof Error ? error.message : String(error);
  const isCut = error instanceof ZstdError ? error.isCut : code === "Z_BUF_ERROR" || text === "unexpected end of file";
  if (isCut) return { code: "source/truncated", message: `the ${archive} archive ends too early` };
  const isDamage = error instanceof ZstdError || /^(Z|ZSTD)_/.test(String(code));
  return isDamage ? { code: "source/damaged", message: `the ${archive} archive is damaged: ${text}` } : undefined;
}

/** Content of an archive as a stream; damage ends it and is its problem, whatever else goes wrong is thrown. */
class Unpacked implements ByteStream {
  problem: StreamProblem | undefined;
  readonly #archive: Archive;
  readonly #packed: ByteStream;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #given = 0;

  constructor(archive: Archive, packed: ByteStream) {
    this.#archive = archive;
    this.#packed = packed;
    const gunzip = () => transformed(packedPieces(packed), createGunzip({ chunkSize: PIECE }));
    this.#pieces = archive === "gzip" ? gunzip() : zstdFrames(packed);
  }

  get taken(): number {
    return this.#packed.taken;
  }

  async read(buffer: Uint8Array, at: number): Promise<number> {
    let have = at;
    while (have < buffer.length && (this.#piece.length > 0 || (await this.#next()))) {
      const part = this.#piece.subarray(0, buffer.length - have);
      buffer.set(part, have);
      have += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
    return have - at;
  }

  async #next(): Promise<boolean> {
    if (this.problem !== undefined) return false;
    try {
      const { value, done } = await this.#pieces.next();
      if (done === true) {
        this.problem = this.#packed.problem;
        return false;
      }
      this.#piece = value;
      this.#given += value.length;
      if (this.#given <= FREE_BYTES || this.#given <= EXPANSION * this.taken) return true;
      const message = `the ${this.#archive} archive says more than ${this.#given} bytes with ${this.taken}`;
      this.problem = { code: "source/expands", message };
      return false;
    } catch (error) {
      this.problem = problemOf(error, this.#archive);
      if (this.problem === undefined) throw error;
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return(undefined);
    await this.#packed.close();
  }
}

/** A stream unpacked when its first bytes are those of a gzip or zstd archive, whatever its name. */
export async function unpack(stream: ByteStream): Promise<{ stream: ByteStream; archive: Archive | undefined }> {
  const head = await readHead(stream, MAGIC_LENGTH);
  const archive = archiveOf(head);
  const whole = withHead(stream, head);
  return { stream: archive === undefined ? whole : new Unpacked(archive, whole), archive };
}
