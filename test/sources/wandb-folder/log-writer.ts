/** Writes `.wandb` logs for tests, with the framing of W&B's own writers. */
import { crc32 } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

const BLOCK = 32_768;

export function frame(records: readonly Uint8Array[], version = 0): Buffer {
  const parts: Buffer[] = [Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, version])];
  let at = 7;
  const put = (bytes: Buffer) => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const record of records) {
    for (let from = 0, isFirst = true; isFirst || from < record.length; isFirst = false) {
      const left = BLOCK - (at % BLOCK);
      if (left < 7) put(Buffer.alloc(left));
      const to = Math.min(record.length, from + BLOCK - (at % BLOCK) - 7);
      const isLast = to === record.length;
      put(chunk(isFirst ? (isLast ? 1 : 2) : isLast ? 4 : 3, record.subarray(from, to)));
      from = to;
    }
  }
  return Buffer.concat(parts);
}

export function chunk(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(7);
  header.writeUInt16LE(payload.length, 4);
  header[6] = type;
  header.writeUInt32LE(crc32(Buffer.concat([header.subarray(6), payload])), 0);
  return Buffer.concat([header, payload]);
}

export type Field = readonly [number, string | Uint8Array | number | bigint | boolean];

/** A protobuf message: texts and bytes are length-delimited, everything else a varint. */
export function message(...fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    if (typeof value === "string" || value instanceof Uint8Array) {
      writer.tag(number, WireType.LengthDelimited).bytes(typeof value === "string" ? Buffer.from(value) : value);
    } else writer.tag(number, WireType.Varint).int64(BigInt(value));
  }
  return writer.finish();
}

/** A path is a plain key, or a list for a nested key. */
export type ItemInput = readonly [string | readonly string[] | Uint8Array, string | Uint8Array];

export function item([path, value]: ItemInput): Uint8Array {
  const key: Field[] = Array.isArray(path)
    ? path.map((element) => [2, element] as const)
    : [[1, path as string | Uint8Array]];
  return message(...key, [16, value]);
}

const RECORD = {
  history: 2,
  summary: 3,
  config: 5,
  stats: 7,
  telemetry: 11,
  metric: 12,
  environment: 26,
  run: 17,
  exit: 18,
  header: 21,
};

export function record(kind: keyof typeof RECORD, body: Uint8Array): Uint8Array {
  return message([RECORD[kind], body]);
}

export function run(...fields: readonly Field[]): Uint8Array {
  const start = message([1, 1_700_000_000], [2, 123_456_000]);
  // Of a field given twice the last one counts.
  return record("run", message([1, "r1"], [2, "team"], [3, "proj"], [17, start], ...fields));
}

export function history(items: readonly ItemInput[], step?: number | bigint): Uint8Array {
  const fields: Field[] = items.map((entry) => [1, item(entry)]);
  if (step !== undefined) fields.push([2, BigInt(step) === 0n ? message() : message([1, step])]);
  return record("history", message(...fields));
}

export function update(
  kind: "config" | "summary",
  items: readonly ItemInput[],
  removed: readonly ItemInput[] = [],
): Uint8Array {
  return record(
    kind,
    message(...items.map((e) => [1, item(e)] as const), ...removed.map((e) => [2, item(e)] as const)),
  );
}

export const exit = (code = 0, runtime = 0): Uint8Array =>
  record(
    "exit",
    message(...(code === 0 ? [] : [[1, code] as const]), ...(runtime === 0 ? [] : [[2, runtime] as const])),
  );
