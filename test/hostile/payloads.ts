import { sized } from "./full.js";

/** Members of a JSON object: key, and the text of the value. */
export type Members = readonly (readonly [key: string, value: string])[];

/** A payload that is hard on whoever reads it, and what must come of it whatever the source. */
export interface Payload {
  readonly config?: Members;
  readonly rows?: readonly Members[];
  /** Texts that `rebuild` must give back to the letter; of a refused text as the string that it is kept as. */
  readonly needles: readonly string[];
  /** Codes of findings, those of growing runs and undeclared paths aside. */
  readonly findings: readonly string[];
  readonly code: 0 | 1;
}

const MILLION = 1_000_000;
const count = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));
const objectOf = (length: number, key: (i: number) => string): string =>
  `{${count(length, (i) => `${JSON.stringify(key(i))}:${i}`).join(",")}}`;
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const member = (key: string, value: string): string => `${JSON.stringify(key)}:${value}`;

const ONE: readonly [string, string] = ["x", "1"];

/** One hostile member in a config, and the same in a history row between ordinary ones. */
function everywhere(key: string, value: string, more: Partial<Payload> = {}): Payload {
  const rows: Members[] = [[ONE], [[key, value], ONE], [ONE]];
  const text = member(key, value);
  const needles = [more.code === 1 ? JSON.stringify(text).slice(1, -1) : text];
  return { config: [[key, value], ONE], rows, needles, findings: [], code: 0, ...more };
}

const REFUSED = { findings: ["json/refused"], code: 1 } as const;
const UNLISTED = { findings: ["path/unlisted"] } as const;
const longText = (): string => `"${"x".repeat(sized(100 * MILLION, 4 * MILLION))}"`;
/** More than an object is looked at name by name. */
const MANY = sized(MILLION, 12_000);
const LONG_KEY = sized(MILLION, 50_000);

/** A million keys that a row has beside each other. */
function manyKeys(): Payload {
  const keys = count(MANY, (i): readonly [string, string] => [`k${i}`, String(i)]);
  const [last, one] = [MANY - 1, MANY - 2].map(String) as [string, string];
  const needles = [`${member(`k${one}`, one)},${member(`k${last}`, last)}`];
  return { rows: [keys, [ONE]], needles, ...UNLISTED, code: 0 };
}

/** 300,000 keys, each in one row only. */
function newKeys(): Payload {
  const rows = sized(3000, 1100);
  const row = (r: number): Members => [ONE, ...count(100, (i): readonly [string, string] => [`k${r}_${i}`, String(i)])];
  const last = `k${rows - 1}`;
  return { rows: count(rows, row), needles: [`"${last}_98":98,"${last}_99":99`], ...UNLISTED, code: 0 };
}

/** By name, with the full sizes. Add a case here, and every source is held to it. */
export const PAYLOADS: Readonly<Record<string, () => Payload>> = {
  "nesting of 10,000": () => everywhere("deep", nested(9_999), UNLISTED),
  "lists nested 10,000 deep": () => everywhere("deep", "[".repeat(9_999) + "]".repeat(9_999)),
  "nesting beyond 10,000": () => everywhere("deep", nested(10_001), REFUSED),
  "nesting of a million": () => everywhere("deep", "[".repeat(MILLION) + "]".repeat(MILLION), REFUSED),
  "a string of 100 MB in a config": () => everywhere("text", longText(), { rows: [[ONE]] }),
  "a string of 100 MB in a row": () => everywhere("text", longText(), { config: [ONE] }),
  "a million keys in one object": () =>
    everywhere(
      "map",
      objectOf(MANY, (i) => `key ${i}`),
      UNLISTED,
    ),
  "a million keys in one row": manyKeys,
  "300,000 keys, 100 new ones a row": newKeys,
  "keys of a megabyte": () =>
    everywhere(
      "map",
      objectOf(10, (i) => `${"k".repeat(LONG_KEY)}${i}`),
      UNLISTED,
    ),
  "as many values as a text may have": () => everywhere("list", `[${"1,".repeat(1_999_990)}1]`),
  "more values than a text may have": () => everywhere("list", `[${"1,".repeat(2 * MILLION)}1]`, REFUSED),
  "a number of a million digits": () => everywhere("n", "1".repeat(sized(MILLION, 100_000))),
  "100,000 objects in a list": () =>
    everywhere("list", `[${count(sized(100_000, 20_000), (i) => `{"a":${i}}`).join(",")}]`),
};
