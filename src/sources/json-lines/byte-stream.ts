import type * as fs from "node:fs/promises";

/** The file operations of this source: those of `node:fs/promises`. */
export type JsonLinesFiles = Pick<typeof fs, "open" | "stat" | "mkdtemp" | "rm">;

/** Bytes read from front to back. */
export interface ByteStream {
  /** Reads into `buffer[at..)`; gives how many bytes came, 0 only at the end. */
  read(buffer: Uint8Array, at: number): Promise<number>;
  /** Bytes taken from the disk so far. */
  readonly taken: number;
  close(): Promise<void>;
}

/** A file from its start. Reads at most `size` bytes, so that a file that grows meanwhile ends where it ended first. */
export async function openFile(files: JsonLinesFiles, path: string, size: number): Promise<ByteStream> {
  const handle = await files.open(path, "r");
  let position = 0;
  return {
    async read(buffer, at) {
      const length = Math.min(buffer.length - at, size - position);
      if (length <= 0) return 0;
      const { bytesRead } = await handle.read(buffer, at, length, position);
      position += bytesRead;
      return bytesRead;
    },
    get taken() {
      return position;
    },
    close: () => handle.close(),
  };
}
