import { type LineSink, LineSplitter } from "../../../json/lines.js";
import type { DrWandbFiles } from "../files.js";

const BLOCK_BYTES = 1024 * 1024;

/** Where to read: bytes `[from, to)` of the file, whose first line has this number. */
export interface LineRange {
  readonly from?: number;
  readonly to?: number;
  readonly line?: number;
}

export interface LineVisitor extends LineSink {
  /** Called after each block of 1 MiB; reading stops when it gives false. */
  more(): Promise<boolean>;
}

/** Visits the lines of a file one block after the other. @throws the file system's error. */
export async function forEachLine(
  path: string,
  files: Pick<DrWandbFiles, "open">,
  { from = 0, to = Number.POSITIVE_INFINITY, line = 1 }: LineRange,
  visitor: LineVisitor,
): Promise<void> {
  const handle = await files.open(path, "r");
  try {
    const splitter = new LineSplitter(visitor, { number: line, offset: from });
    const buffer = new Uint8Array(Math.min(BLOCK_BYTES, Math.max(1, to - from)));
    for (let at = from; at < to; ) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, to - at), at);
      if (bytesRead === 0) break;
      at += bytesRead;
      splitter.block(buffer, 0, bytesRead);
      if (!(await visitor.more())) return;
    }
    splitter.end();
  } finally {
    await handle.close();
  }
}

/** The bytes `[from, from + length)` of a file that is open; fewer when it ends before. */
export async function readBytes(
  handle: Pick<Awaited<ReturnType<DrWandbFiles["open"]>>, "read">,
  from: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, from + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}
