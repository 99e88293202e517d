import fc from "fast-check";
import type { BlobName } from "../../src/blob.js";
import { BOUNDS, type Bounds } from "../../src/profile/bounds.js";
import type { Profile } from "../../src/profile/profile.js";
import { Profiler } from "../../src/profile/profiler.js";
import type { ScannedRecord } from "./reference.js";

const ENCODER = new TextEncoder();

export const encode = (text: string): Uint8Array => ENCODER.encode(text);

export const runKey = (id: string): { entity: string; project: string; run_id: string } => ({
  entity: "e",
  project: "p",
  run_id: id,
});

/** The profile of records, in their order, by one profiler. */
export function profileOf(records: readonly ScannedRecord[], bounds: Bounds = BOUNDS): Profile {
  const profiler = new Profiler(bounds);
  for (const { run, blob, bytes } of records) {
    profiler.beginRun(run);
    profiler.scan(blob, bytes, 0, bytes.length);
  }
  return profiler.finish();
}

const digits = (max: number): fc.Arbitrary<string> =>
  fc.stringMatching(/^[0-9]*$/, { maxLength: max }).map((text) => (text === "" ? "0" : text));

/** Number tokens of every spelling, around the limits that matter. */
export const numberToken: fc.Arbitrary<string> = fc
  .record({
    minus: fc.boolean(),
    whole: fc.oneof(
      digits(45).map((text) => text.replace(/^0+(?=.)/, "")),
      fc.constantFrom("9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808"),
      fc.constantFrom("0", "1", "10", "100000000000000000000", "9".repeat(38), `1${"0".repeat(38)}`),
    ),
    fraction: fc.option(fc.oneof(digits(25), fc.constantFrom("0", "00", "50")), { nil: undefined }),
    exponent: fc.option(
      fc.tuple(fc.constantFrom("e", "E", "e+", "e-"), fc.oneof(fc.nat(40), fc.nat(400), fc.nat(99999))),
      { nil: undefined, freq: 2 },
    ),
  })
  .map(({ minus, whole, fraction, exponent }) => {
    const power = exponent === undefined ? "" : exponent.join("");
    return `${minus ? "-" : ""}${whole}${fraction === undefined ? "" : `.${fraction}`}${power}`;
  });

const STRING_PIECES = [
  ...["a", "b", "NaN", "-Infinity", "é", "€", "𝄞", "\ufeff", " ", "/", "~"],
  ...["2025-08-19T05:36:01Z", "2025-08-19T05:36:01", "2025-08-19 05:36:01.50+02:00", "2025-02-29T00:00:00Z"],
  ...[
    '\\"',
    "\\\\",
    "\\/",
    "\\n",
    "\\u0041",
    "\\u00e9",
    "\\u0000",
    "\\ud834\\udd1e",
    "\\ud834",
    "\\udd1e",
    "\\u004eaN",
  ],
];

const stringToken: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(...STRING_PIECES),
      fc.string({ maxLength: 6 }).map((s) => JSON.stringify(s).slice(1, -1)),
    ),
    {
      maxLength: 3,
    },
  )
  .map((pieces) => `"${pieces.join("")}"`);

const KEYS = [
  '"a"',
  '"b"',
  '"\\u0061"',
  '"_step"',
  '"_type"',
  '"\\u005ftype"',
  '"a/b"',
  '"\\ud800"',
  '"é"',
  '""',
  '"x\\"y"',
  '"a longer name"',
  '"another \\u006cong name"',
];

const keyToken: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...KEYS) },
  { weight: 3, arbitrary: fc.nat(30).map((n) => `"key_${n}"`) },
  { weight: 1, arbitrary: stringToken },
);

const gap: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom(" ", "\n", "\t\r ", "  ") },
);

const scalar: fc.Arbitrary<string> = fc.oneof(
  numberToken,
  stringToken,
  fc.constantFrom("null", "true", "false", "NaN", "Infinity", "-Infinity", "0", "1", "0.0", "0.5"),
);

const { value, object } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: "small", withCrossShrink: true }, scalar, tie("object"), tie("list")),
  list: fc
    .tuple(fc.array(fc.tuple(gap, tie("value"), gap), { maxLength: 5 }), gap)
    .map(([items, empty]) => `[${items.length === 0 ? empty : items.map((item) => item.join("")).join(",")}]`),
  object: fc
    .tuple(fc.array(fc.tuple(gap, keyToken, gap, gap, tie("value"), gap), { maxLength: 6 }), gap)
    .map(([members, empty]) => {
      const texts = members.map(([a, key, b, c, member, d]) => `${a}${key}${b}:${c}${member}${d}`);
      return `{${texts.length === 0 ? empty : texts.join(",")}}`;
    }),
}));

/** Texts of random JSON objects, duplicate keys included now and then. */
export const objectText: fc.Arbitrary<string> = object;

/** Texts of random JSON values. */
export const valueText: fc.Arbitrary<string> = value;

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(2),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 2 }),
    fc.constantFrom(...'{}[]:,"\\0-+.eE \n\0'.split("")).map(encode),
    fc.constantFrom("NaN", "\\u", "é", "\ud800", '"a":1,').map(encode),
  ),
});

/** Bytes of JSON objects with up to three small damages; many are still JSON. */
export const damagedBytes: fc.Arbitrary<Uint8Array> = fc
  .tuple(objectText, fc.array(edit, { maxLength: 3 }))
  .map(([text, edits]) => {
    let bytes = encode(text);
    for (const { at, remove, insert } of edits) {
      const place = Math.floor(at * bytes.length);
      bytes = Uint8Array.from([...bytes.subarray(0, place), ...insert, ...bytes.subarray(place + remove)]);
    }
    return bytes;
  });

const BLOB_NAMES: BlobName[] = ["history", "config"];

/** Records of a few runs, some of them damaged. */
export const records: fc.Arbitrary<ScannedRecord[]> = fc.array(
  fc.record({
    run: fc.constantFrom("a", "b", "c", "\ud800", "é").map(runKey),
    blob: fc.constantFrom(...BLOB_NAMES),
    bytes: fc.oneof({ weight: 5, arbitrary: objectText.map(encode) }, { weight: 1, arbitrary: damagedBytes }),
  }),
  { maxLength: 8 },
);

/** Bounds so narrow that ordinary documents meet them. */
export const narrowBounds: fc.Arbitrary<Bounds> = fc.record({
  nameBytes: fc.constantFrom(5, 6, 1024),
  room: fc.constantFrom([], [3], [8, 2], [12, 4, 1], [20, 8, 4, 2], [1000, 3, 3, 3]),
  keptNames: fc.constantFrom(0, 1, 2, 1000),
  collected: fc.constantFrom(2, 8, 1 << 17),
});
