import type * as fs from "node:fs/promises";

/** The file operations of this source: those of `node:fs/promises`. */
export type JsonLinesFiles = Pick<typeof fs, "mkdtemp" | "open" | "rm" | "stat">;

/** Why a stream ended before its content did. */
export interface StreamProblem {
  readonly code: "source/truncated" | "source/damaged" | "source/expands";
  readonly message: string;
}

/** Bytes read from front to back. */
export interface ByteStream {
  /** Reads into `buffer[at..)`; gives how many bytes came, 0 only at the end. */
  read(buffer: Uint8Array, at: number): Promise<number>;
  /** Bytes taken from the disk so far. */
  readonly taken: number;
  /** Known once `read` gave 0. */
  readonly problem: StreamProblem | undefined;
  close(): Promise<void>;
}

/** A file from its start to `size`, so that one that grows meanwhile ends where it ended first. */
export async function openFile(files: JsonLinesFiles, path: string, size: number): Promise<ByteStream> {
  const handle = await files.open(path, "r");
  let position = 0;
  let problem: StreamProblem | undefined;
  return {
    async read(buffer, at) {
      const length = Math.min(buffer.length - at, size - position);
      if (length <= 0) return 0;
      const { bytesRead } = await handle.read(buffer, at, length, position);
      position += bytesRead;
      const message = `it had ${size} bytes and became shorter while it was read`;
      if (bytesRead === 0) problem = { code: "source/truncated", message };
      return bytesRead;
    },
    get taken() {
      return position;
    },
    get problem() {
      return problem;
    },
    close: () => handle.close(),
  };
}

/** Bytes in memory. */
export function streamOf(parts: readonly Uint8Array[]): ByteStream {
  let part = 0;
  let offset = 0;
  let taken = 0;
  return {
    async read(buffer, at) {
      while (part < parts.length && offset === parts[part]?.length) {
        part += 1;
        offset = 0;
      }
      const piece = parts[part]?.subarray(offset, offset + buffer.length - at) ?? new Uint8Array(0);
      buffer.set(piece, at);
      offset += piece.length;
      taken += piece.length;
      return piece.length;
    },
    get taken() {
      return taken;
    },
    problem: undefined,
    close: async () => {},
  };
}

/** A stream of which the first `length` bytes were read already: they come again. */
export function withHead(stream: ByteStream, head: Buffer): ByteStream {
  let offset = 0;
  return {
    async read(buffer, at) {
      if (offset >= head.length) return stream.read(buffer, at);
      const count = head.copy(buffer, at, offset);
      offset += count;
      return count;
    },
    get taken() {
      return stream.taken;
    },
    get problem() {
      return stream.problem;
    },
    close: () => stream.close(),
  };
}

/** Reads until `length` bytes are there or the stream ends. */
export async function readHead(stream: ByteStream, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let have = 0;
  while (have < length) {
    const read = await stream.read(buffer, have);
    if (read === 0) break;
    have += read;
  }
  return buffer.subarray(0, have);
}
