import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { type ByteStream, type JsonLinesFiles, openFile, streamOf } from "./byte-stream.js";

/** Standard input is kept in memory up to this size, else in a temporary file. */
const MOST_IN_MEMORY = 1 << 26;

/** The bytes of one source, which can be read from the start as often as one likes. */
export interface RawBytes {
  readonly size: number;
  open(): Promise<ByteStream>;
  close(): Promise<void>;
}

/** The bytes of a file as it is now. */
export async function fileBytes(path: string, files: JsonLinesFiles): Promise<RawBytes> {
  const { size } = await files.stat(path);
  return { size, open: () => openFile(files, path, size), close: async () => {} };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}

/**
 * Bytes that come only once, kept until `close`.
 * @param temp folder for the temporary file.
 * @param onBytes hears how many bytes came so far.
 */
export async function keepBytes(
  chunks: AsyncIterable<Uint8Array>,
  files: JsonLinesFiles,
  temp: string,
  onBytes: (bytes: number) => void,
): Promise<RawBytes> {
  const parts: Uint8Array[] = [];
  let size = 0;
  let folder: string | undefined;
  let handle: FileHandle | undefined;
  const close = async (): Promise<void> => {
    await handle?.close();
    if (folder !== undefined) await files.rm(folder, { recursive: true, force: true });
  };
  try {
    for await (const chunk of chunks) {
      size += chunk.length;
      onBytes(size);
      if (handle === undefined) parts.push(chunk);
      else await writeAll(handle, chunk);
      if (handle !== undefined || size <= MOST_IN_MEMORY) continue;
      folder = await files.mkdtemp(join(temp, "wandb-columns-"));
      handle = await files.open(join(folder, "input"), "wx");
      for (const part of parts.splice(0)) await writeAll(handle, part);
    }
  } catch (error) {
    await close();
    throw error;
  }
  if (folder === undefined) return { size, open: async () => streamOf(parts), close };
  const path = join(folder, "input");
  return { size, open: () => openFile(files, path, size), close };
}
