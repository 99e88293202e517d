import type { OpenFile } from "./files.js";
import {
  BLOCK_BYTES,
  FILE_HEADER_BYTES,
  type FileHeader,
  type FrameSink,
  LogFramer,
  MAX_RECORD_BYTES,
  readFileHeader,
  type Tail,
} from "./framing.js";

const CHUNK_BYTES = 32 * BLOCK_BYTES;

/** How a log was read. */
export interface LogEnd {
  /** Bytes read. */
  readonly bytes: number;
  /** Why the last record is not whole, if it is not. */
  readonly tail: Tail | undefined;
}

/** The file header of a log; a file that is shorter than a header has one without a version. */
export async function readHeader(file: OpenFile): Promise<FileHeader> {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  return readFileHeader(header.subarray(0, await fill(file, header, 0)));
}

/**
 * Streams the records of a log to `sink`, one buffer of 1 MiB at a time. After each buffer `step` gets the bytes read so
 * far; reading stops when it gives false. The content of the file header is not looked at. Records longer than
 * `maxRecord` bytes, MAX_RECORD_BYTES at most, are skipped.
 */
export async function readLog(
  file: OpenFile,
  sink: FrameSink,
  step: (bytes: number) => Promise<boolean> | boolean,
  maxRecord = MAX_RECORD_BYTES,
): Promise<LogEnd> {
  const framer = new LogFramer(sink, Math.min(maxRecord, MAX_RECORD_BYTES));
  const buffer = new Uint8Array(CHUNK_BYTES);
  let bytes = 0;
  let more = true;
  while (more) {
    const length = await fill(file, buffer, bytes);
    for (let from = 0; from < length; from += BLOCK_BYTES) {
      const start = bytes === 0 && from === 0 ? FILE_HEADER_BYTES : from;
      framer.block(buffer, start, Math.min(length, from + BLOCK_BYTES), bytes + start);
    }
    bytes += length;
    more = (await step(bytes)) && length === CHUNK_BYTES;
  }
  if (bytes < FILE_HEADER_BYTES) return { bytes, tail: { offset: 0, why: "short header" } };
  return { bytes, tail: framer.end() };
}

/** Fills the buffer from `position`; gives how many bytes came, fewer than its length only at the end of the file. */
async function fill(file: OpenFile, buffer: Uint8Array, position: number): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const read = await file.read(buffer.subarray(length), position + length);
    if (read === 0) break;
    length += read;
  }
  return length;
}
