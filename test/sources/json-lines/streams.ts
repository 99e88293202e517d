import type { ByteStream } from "../../../src/sources/json-lines/byte-stream.js";
import type { Records } from "../../../src/sources/json-lines/records.js";

/** A stream that gives its bytes in pieces of these lengths, over and over. */
export function pieces(bytes: Uint8Array, lengths: readonly number[]): ByteStream {
  let position = 0;
  let turn = 0;
  return {
    async read(buffer, at) {
      const length = lengths[turn++ % lengths.length] ?? 1;
      const part = bytes.subarray(position, position + Math.min(length, buffer.length - at));
      buffer.set(part, at);
      position += part.length;
      return part.length;
    },
    get taken() {
      return position;
    },
    problem: undefined,
    close: async () => {},
  };
}

export interface SeenRecord {
  readonly number: number;
  readonly text: string;
  readonly cut: boolean;
}

/** All records, with a mark on the one that the stream ends inside of. */
export async function seenRecords(records: Records): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = [];
  while (await records.fill()) {
    while (records.next()) {
      const { number, isCut, isTooLong, from, to } = records;
      const text = isTooLong ? "(too long)" : records.bytes.toString("utf8", from, to);
      seen.push({ number, text, cut: isCut });
    }
  }
  return seen;
}

/** All bytes of a stream, and why it ended. */
export async function drain(stream: ByteStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const buffer = Buffer.alloc(1000);
    const read = await stream.read(buffer, 0);
    if (read === 0) return Buffer.concat(parts);
    parts.push(buffer.subarray(0, read));
  }
}
