import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BLOCK_BYTES, type FrameSink, LogFramer, readFileHeader } from "../../../src/sources/wandb-folder/framing.js";
import { chunk, frame } from "./log-writer.js";

interface Read {
  records: Buffer[];
  offsets: number[];
  damage: [number, string][];
  tooLong: [number, number][];
  tail: ReturnType<LogFramer["end"]>;
}

/** Feeds a whole file, block by block. */
function read(file: Uint8Array, maxRecord?: number): Read {
  const records: Buffer[] = [];
  const offsets: number[] = [];
  const damage: [number, string][] = [];
  const tooLong: [number, number][] = [];
  const sink: FrameSink = {
    record(bytes, from, to, offset) {
      records.push(Buffer.from(bytes.slice(from, to)));
      offsets.push(offset);
    },
    damage: (offset, message) => damage.push([offset, message]),
    tooLong: (offset, most) => tooLong.push([offset, most]),
  };
  const framer = new LogFramer(sink, maxRecord);
  for (let at = 0; at < file.length; at += BLOCK_BYTES) {
    const from = at === 0 ? 7 : at;
    framer.block(file, from, Math.min(file.length, at + BLOCK_BYTES), from);
  }
  return { records, offsets, damage, tooLong, tail: framer.end() };
}

const filled = (length: number, byte = 1) => Buffer.alloc(length, byte);
/** Three blocks: small records, one of 40,000 bytes over the first border, small ones, one over the second border. */
const sample = [
  ...Array(8).fill(filled(3000, 1)),
  filled(40_000, 2),
  ...Array(3).fill(filled(2000, 3)),
  filled(9000, 4),
];

describe("file header", () => {
  test("versions 0 and 1 and later ones are told", () => {
    expect([0, 1, 7].map((version) => readFileHeader(frame([], version)).version)).toEqual([0, 1, 7]);
  });
  test("a short or foreign header has no version", () => {
    expect(readFileHeader(frame([]).subarray(0, 6))).toEqual({ version: undefined, isPrefix: true });
    expect(readFileHeader(new Uint8Array())).toEqual({ version: undefined, isPrefix: true });
    expect(readFileHeader(Buffer.from("PAR1\0\0\0"))).toEqual({ version: undefined, isPrefix: false });
  });
});

describe("whole files", () => {
  test("records of any length come back as they were written", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 32_700, max: 70_000 }))),
        (sizes) => {
          const records = sizes.map((size, i) => filled(size, i % 251));
          const { records: got, damage, tail } = read(frame(records));
          expect([damage, tail]).toEqual([[], undefined]);
          expect(got.map((bytes) => bytes.toString("latin1"))).toEqual(
            records.map((bytes) => bytes.toString("latin1")),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
  test.each([0, 1, 6, 7, 8, 13, 14, 15])("a block that ends %i bytes after a record", (room) => {
    const first = filled(BLOCK_BYTES - 7 - 7 - room);
    const { records, damage, tail } = read(frame([first, filled(100, 9)]));
    expect([records.length, damage, tail]).toEqual([2, [], undefined]);
  });
  test("a chunk of length 0 in the last 7 bytes of a block starts a record", () => {
    const file = frame([filled(BLOCK_BYTES - 7 - 7 - 7), filled(10, 5)]);
    expect(file.readUInt16LE(BLOCK_BYTES - 3)).toBe(0);
    expect(read(file).records[1]).toEqual(filled(10, 5));
  });
  test("a file without records", () => expect(read(frame([]))).toMatchObject({ records: [], tail: undefined }));
});

describe("a cut tail", () => {
  const file = frame(sample);
  const whole = read(file);
  test("at every 31st byte: the whole records before it, one tail, no damage", () => {
    for (let end = 7; end < file.length; end += 31) {
      const { records, damage, tail } = read(file.subarray(0, end));
      expect(damage).toEqual([]);
      const complete = whole.offsets.filter((_, i) => (whole.offsets[i + 1] ?? file.length) <= end).length;
      expect([complete, complete + 1]).toContain(records.length);
      if (tail !== undefined) expect([...whole.offsets, BLOCK_BYTES, 2 * BLOCK_BYTES]).toContain(tail.offset);
    }
  });
  test("a first chunk at a block border without its rest", () => {
    expect(read(file.subarray(0, BLOCK_BYTES)).tail).toEqual({
      offset: whole.offsets[8],
      why: "record continues past the end",
    });
  });
  test("zeros to the end", () => {
    const { records, damage, tail } = read(Buffer.concat([frame([filled(9)]), Buffer.alloc(100_000)]));
    expect([records.length, damage, tail]).toEqual([1, [], { offset: 23, why: "zeros to the end" }]);
  });
});

describe("damage", () => {
  const file = frame(sample);
  const whole = read(file);
  const broken = (change: (copy: Buffer) => void) => {
    const copy = Buffer.from(file);
    change(copy);
    return read(copy);
  };
  const flip = (at: number) => (copy: Buffer) => copy.writeUInt8((copy[at] as number) ^ 0x10, at);

  test("a flipped byte loses the rest of its block and the records over its borders, no others", () => {
    const { records, damage } = broken(flip(7 + 7 + 3007 + 100));
    expect(damage).toEqual([[7 + 3007, "a chunk fails its CRC-32"]]);
    expect(records.map(({ length }) => length)).toEqual([3000, 2000, 2000, 2000, 9000]);
  });
  test("a flipped byte in the middle of a long record loses that record", () => {
    const { records, damage } = broken(flip(BLOCK_BYTES + 500));
    expect(damage).toEqual([
      [BLOCK_BYTES, `a chunk fails its CRC-32; the record that starts at byte ${whole.offsets[8]} is lost`],
    ]);
    expect(records.map(({ length }) => length)).toEqual([...Array(8).fill(3000), 2000, 2000, 9000]);
  });
  test("a length that runs past the block", () => {
    const { damage } = broken((copy) => copy.writeUInt16LE(65_000, 7 + 4));
    expect(damage).toEqual([[7, "a chunk of 65000 bytes runs past its block"]]);
  });
  test("a length that runs past the last block, which is short", () => {
    const bytes = frame([filled(3), filled(4)]);
    bytes.writeUInt16LE(BLOCK_BYTES - 7 - 7 + 1, 7 + 4);
    const { records, damage, tail } = read(bytes);
    expect([records, damage, tail]).toEqual([[], [[7, "a chunk of 32755 bytes runs past its block"]], undefined]);
    bytes.writeUInt16LE(BLOCK_BYTES - 7 - 7, 7 + 4);
    expect(read(bytes).tail).toEqual({ offset: 7, why: "short body" });
  });
  test("a type that does not exist, with a good checksum, costs one chunk", () => {
    const records = [filled(3), filled(4)].map((bytes) => chunk(1, bytes));
    const { records: got, damage } = read(Buffer.concat([frame([]), chunk(9, filled(5)), ...records]));
    expect([got.length, damage]).toEqual([2, [[7, "a chunk has the unknown type 9"]]]);
  });
  test("middle and last chunks without a first, and a first without an end", () => {
    const parts = [chunk(3, filled(3)), chunk(4, filled(3)), chunk(2, filled(3)), chunk(1, filled(3, 8))];
    const { records, damage } = read(Buffer.concat([frame([]), ...parts]));
    expect(records).toEqual([filled(3, 8)]);
    expect(damage.map(([, message]) => message)).toEqual([
      "a chunk continues a record that has no start",
      "a record starts inside another; the record that starts at byte 27 is lost",
    ]);
  });
  test("a block of zeros between good ones never joins two halves", () => {
    const copy = Buffer.concat([file.subarray(0, BLOCK_BYTES), Buffer.alloc(BLOCK_BYTES), file.subarray(BLOCK_BYTES)]);
    const { records, damage } = read(copy);
    expect(damage.length).toBe(1);
    expect(damage[0]?.[0]).toBe(BLOCK_BYTES);
    expect(records.map(({ length }) => length)).toEqual([...Array(8).fill(3000), 2000, 2000, 2000, 9000]);
  });
  test("a zero header before other bytes", () => {
    expect(broken((copy) => copy.fill(0, 7, 14)).damage[0]).toEqual([7, "a chunk header is zero"]);
  });
  test("a record over the bound is skipped, the next is read", () => {
    const { records, damage, tooLong } = read(frame([filled(3), filled(100_000), filled(5, 6)]), 50_000);
    expect(records).toEqual([filled(3), filled(5, 6)]);
    expect([damage, tooLong]).toEqual([[], [[17, 50_000]]]);
    expect(read(frame([filled(300), filled(3)]), 200)).toMatchObject({ records: [filled(3)], tooLong: [[7, 200]] });
  });
});

test("random bytes and random mutations: every record that comes out has a good checksum, nothing throws", () => {
  const original = readFileSync(
    join(
      import.meta.dirname,
      "../../data/wandb_sdk_offline/steps/offline-run-20261123_132238-step0001/run-step0001.wandb",
    ),
  );
  const known = new Set(read(original).records.map((bytes) => bytes.toString("latin1")));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.uint8Array({ maxLength: 64 }),
      (mutations, junk) => {
        const copy = Buffer.from(original);
        for (const [at, byte] of mutations) copy[at] = byte;
        for (const record of read(copy).records) expect(known.has(record.toString("latin1"))).toBe(true);
        expect(read(Buffer.concat([frame([]), junk])).records).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});
