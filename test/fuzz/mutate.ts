import type { Random } from "./random.js";

/** Bytes that mean something in the formats at hand, or that stand at the limits of integers. */
const WORDS: readonly Uint8Array[] = [
  ...["", "\0", "\x7f", "\x80", "\xff", "\xff\xff", "\xff\xff\xff\xff", "\0\0\0\0", "\xff\xff\xff\xff\x0f", "\x80\x80"],
  ...[
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "NaN",
    "-",
    "0",
    "1e400",
    "\\u0000",
    "\\ud800",
    "_step",
    "_type",
  ],
].map((text) => Buffer.from(text, "latin1"));

type Mutator = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(Math.min(bytes.length, at + remove))]);
}

function block(bytes: Uint8Array, random: Random): Uint8Array {
  const from = random.below(bytes.length);
  return bytes.subarray(from, from + 1 + random.below(random.chance(0.2) ? bytes.length : 64));
}

const MUTATORS: readonly Mutator[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = random.below(copy.length);
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
    return copy;
  },
  (bytes, random) => splice(bytes, random.below(bytes.length), 1 + random.below(8), random.pick(WORDS)),
  (bytes, random) => splice(bytes, random.below(bytes.length), 0, random.pick(WORDS)),
  (bytes, random) => splice(bytes, random.below(bytes.length), 1 + random.below(bytes.length / 2), Buffer.alloc(0)),
  (bytes, random) => splice(bytes, random.below(bytes.length), 0, block(bytes, random)),
  (bytes, random) => splice(bytes, random.below(bytes.length), random.below(64), block(bytes, random)),
  (bytes, random, other) => splice(bytes, random.below(bytes.length), random.below(64), block(other, random)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length >= 4)
      copy.writeUInt32LE(
        random.pick([0, 1, 0x7fffffff, 0xffffffff, copy.length, random.next()]),
        random.below(copy.length - 3),
      );
    return copy;
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length >= 2)
      copy.writeUInt16LE(random.pick([0, 1, 0x7fff, 0xffff, copy.length & 0xffff]), random.below(copy.length - 1));
    return copy;
  },
];

/** Bytes with one to a few small damages; now and then with none. */
export function mutate(bytes: Uint8Array, random: Random, other: Uint8Array = bytes): Uint8Array {
  let mutated = bytes;
  for (let times = random.below(random.chance(0.1) ? 12 : 4); times > 0; times--) {
    mutated = random.pick(MUTATORS)(mutated, random, other);
  }
  return mutated;
}
