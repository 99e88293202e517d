import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ItemSpan } from "../../../src/sources/wandb-folder/items.js";
import { MOST_KEYS } from "../../../src/sources/wandb-folder/key-slots.js";
import { RowItems } from "../../../src/sources/wandb-folder/row-items.js";
import { Wire } from "../../../src/sources/wandb-folder/wire.js";

function addAll(items: RowItems, keys: readonly string[]): string[] {
  const writer = new BinaryWriter();
  for (const key of keys) writer.bytes(new BinaryWriter().tag(1, WireType.LengthDelimited).string(key).finish());
  const bytes = writer.finish();
  const wire = new Wire();
  const item = new ItemSpan();
  wire.begin(bytes, 0, bytes.length);
  items.clear();
  while (wire.pos < wire.end) {
    item.read(wire);
    items.add(bytes, item);
  }
  items.sort();
  const key = (at: number) => Buffer.from(bytes.subarray(items.keyFrom[at], items.keyTo[at])).toString();
  return [...items.order.subarray(0, items.count)].map((at) => `${at} ${key(at)}`);
}

/** What the order must be: by first appearance among the keys with a slot, then as they came. */
function expected(rows: readonly (readonly string[])[]): string[][] {
  const seen = new Map<string, number>();
  return rows.map((keys) => {
    for (const key of keys) if (!seen.has(key) && seen.size < MOST_KEYS) seen.set(key, seen.size);
    const place = (key: string): number => seen.get(key) ?? MOST_KEYS;
    return keys
      .map((key, at) => ({ key, at }))
      .sort((a, b) => place(a.key) - place(b.key) || a.at - b.at)
      .map(({ key, at }) => `${at} ${key}`);
  });
}

it("brings items in the order in which their keys first came, those of one key as they came", () => {
  const key = fc.constantFrom("", "a", "b", "ab", "é", "x".repeat(300), ..."cdefghijklmnopqrstuvwxyz");
  const row = fc.array(key, { maxLength: 120, size: "max" });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
      const items = new RowItems();
      const long = rows.map((keys) => keys.filter((item) => item.length < 257));
      expect(long.map((keys) => addAll(items, keys))).toEqual(expected(long));
    }),
  );
});

it("keeps what has no slot: keys that are long, and those beyond the table", () => {
  const items = new RowItems();
  const many = Array.from({ length: MOST_KEYS + 50 }, (_, i) => `k${i}`);
  addAll(items, many);
  const long = "x".repeat(257);
  const late = `k${MOST_KEYS + 7}`;
  expect(addAll(items, [long, late, "k1", late, "k0"])).toEqual([
    "4 k0",
    "2 k1",
    `0 ${long}`,
    `1 ${late}`,
    `3 ${late}`,
  ]);
});
