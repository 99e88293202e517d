import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BLOBS, type BlobName } from "../../src/blob.js";
import { formatPointer } from "../../src/json/pointer.js";
import { columnName, cutMiddle, foldName, MAX_NAME_BYTES, pathHash, tableNames } from "../../src/plan/names.js";
import { type NameWish, settle } from "../../src/plan/settle.js";
import { RESERVED_WORDS } from "../../src/plan/words.js";

interface Named {
  readonly blob: BlobName;
  readonly path: readonly string[];
  readonly published?: string;
  readonly snake: string;
  readonly verbatim: string;
}
interface Golden {
  readonly alone: readonly Named[];
  readonly together: readonly { readonly name: string; readonly paths: readonly Named[] }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL("names.golden.json", import.meta.url), "utf8"));
const NAMINGS = ["snake", "verbatim"] as const;
const label = (row: Named): string => `${row.blob} ${JSON.stringify(formatPointer(row.path))}`;

describe("golden table: a path that nothing collides with", () => {
  test("has at least 80 rows and every blob", () => {
    expect(golden.alone.length).toBeGreaterThanOrEqual(80);
    expect(new Set(golden.alone.map((row) => row.blob))).toEqual(new Set(BLOBS));
  });

  test.each(golden.alone.map((row) => [label(row), row] as const))("%s", (_label, row) => {
    expect(columnName(row.blob, row.path, "snake")).toBe(row.snake);
    expect(columnName(row.blob, row.path, "verbatim")).toBe(row.verbatim);
  });
});

describe("golden table: collisions", () => {
  test.each(golden.together.map((group) => [group.name, group.paths] as const))("%s", (_name, paths) => {
    for (const naming of NAMINGS) {
      const names = settle(paths, { naming, taken: [] }).map((item) => item.name);
      expect(names).toEqual(paths.map((row) => row[naming]));
      expect(settle([...paths].reverse(), { naming, taken: [] }).map((item) => item.name)).toEqual(names.reverse());
    }
  });
});

const NASTY = [
  "Loss",
  "loss",
  "train/loss",
  "train.loss",
  "train",
  "a.b",
  "a",
  "b",
  "step",
  "history_step",
  "",
  "損失",
];
const key = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: "binary", maxLength: 90 }),
  fc.string({ unit: "grapheme", maxLength: 8 }),
);
const path = fc.array(key, { minLength: 1, maxLength: 4 });
const wish = fc.record({ blob: fc.constantFrom<BlobName>("run", "config", "summary", "history"), path });
const wishes = fc.uniqueArray(wish, { maxLength: 30, selector: (item) => item.blob + formatPointer(item.path) });
const naming = fc.constantFrom(...NAMINGS);
const bytes = (text: string): number => Buffer.byteLength(text, "utf8");

describe("laws", () => {
  test("a name has 1 to 63 bytes of well-formed UTF-8, and is no name of its table", () => {
    fc.assert(
      fc.property(fc.constantFrom(...BLOBS), path, naming, (blob, keys, style) => {
        const name = columnName(blob, keys, style);
        expect(bytes(name)).toBeGreaterThan(0);
        expect(bytes(name)).toBeLessThanOrEqual(MAX_NAME_BYTES);
        expect(Buffer.from(name, "utf8").toString("utf8")).toBe(name);
        expect(name).not.toContain("\u0000");
        expect(tableNames(blob).has(foldName(name))).toBe(false);
      }),
    );
  });

  test("snake is [a-z][a-z0-9_]* and no word of SQL", () => {
    fc.assert(
      fc.property(fc.constantFrom(...BLOBS), path, (blob, keys) => {
        const name = columnName(blob, keys, "snake");
        expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
        expect(RESERVED_WORDS.has(name)).toBe(false);
      }),
    );
  });

  test("settled names differ, regardless of case, and do not depend on the order", () => {
    fc.assert(
      fc.property(wishes, naming, fc.infiniteStream(fc.nat()), (list, style, noise) => {
        const names = settle(list, { naming: style, taken: ["taken"] }).map((item) => item.name);
        expect(new Set(names.map(foldName)).size).toBe(names.length);
        for (const name of names) expect(bytes(name)).toBeLessThanOrEqual(MAX_NAME_BYTES);
        const order = list.map((_, i) => [noise.next().value, i] as const).sort((a, b) => a[0] - b[0]);
        const shuffled = order.map(([, i]) => list[i] as NameWish);
        const again = settle(shuffled, { naming: style, taken: ["taken"] });
        expect(again.map((item) => item.name)).toEqual(order.map(([, i]) => names[i]));
      }),
    );
  });

  test("a published name never moves, whatever is added", () => {
    fc.assert(
      fc.property(wishes, wishes, naming, (before, added, style) => {
        const first = settle(before, { naming: style, taken: [] });
        const published = before.map((item, i) => ({ ...item, published: first[i]?.name }));
        const known = new Set(before.map((item) => item.blob + formatPointer(item.path)));
        const more = added.filter((item) => !known.has(item.blob + formatPointer(item.path)));
        const after = settle([...more, ...published], { naming: style, taken: [] });
        expect(after.slice(more.length).map((item) => item.name)).toEqual(first.map((item) => item.name));
      }),
    );
  });

  test("a path that wants a name of its own gets it, whatever else is there", () => {
    fc.assert(
      fc.property(wishes, naming, (list, style) => {
        const wanted = list.map((item) => foldName(columnName(item.blob, item.path, style)));
        const got = settle(list, { naming: style, taken: [] });
        list.forEach((item, i) => {
          const alone = wanted.filter((name) => name === wanted[i]).length === 1;
          const hashedLikeIt = got.some((other, j) => j !== i && foldName(other.name) === wanted[i]);
          if (alone && !hashedLikeIt) expect(got[i]?.name).toBe(columnName(item.blob, item.path, style));
        });
      }),
    );
  });

  test("cutMiddle keeps both ends and whole characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }), (text) => {
        const cut = cutMiddle(text);
        expect(bytes(cut)).toBeLessThanOrEqual(MAX_NAME_BYTES);
        if (bytes(text) <= MAX_NAME_BYTES) expect(cut).toBe(text);
        else {
          const [start = "", end = ""] = [cut.slice(0, cut.indexOf("__")), cut.slice(cut.lastIndexOf("__") + 2)];
          expect(text.startsWith(start)).toBe(true);
          expect(text.endsWith(end)).toBe(true);
        }
      }),
    );
  });
});

test("the hash is of blob and JSON Pointer, SHA-256 over their JSON", () => {
  expect(pathHash("history", ["train", "loss"], 6)).toBe("39261e");
  expect(pathHash("history", ["train/loss"], 6)).toBe("b4c2ac");
});

test("values of a family carry no blob, and make way for the keys", () => {
  expect(columnName("value", [], "snake")).toBe("value");
  expect(columnName("value", ["maxValue"], "snake")).toBe("max_value");
  const [value, gpu] = settle(
    [
      { blob: "summary", path: [] },
      { blob: "summary", path: ["gpu"] },
    ],
    { naming: "snake", taken: ["gpu"], scope: "value" },
  );
  expect([value?.name, gpu?.name]).toEqual(["value", "value_gpu"]);
});

test("an old or retired name is not given again", () => {
  const [found] = settle([{ blob: "history", path: ["loss"] }], { naming: "snake", taken: ["LOSS"] });
  expect(found).toEqual({ name: "loss_186a76", wanted: "loss" });
});
