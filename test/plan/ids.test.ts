import fc from "fast-check";
import { expect, test } from "vitest";
import { allocateIds, derivedId, MAX_ID } from "../../src/plan/ids.js";

test("derived ids are fixed for ever", () => {
  expect([derivedId("history", "history", "/loss"), derivedId("runs", "config", "/lr")]).toMatchInlineSnapshot(`
    [
      2095874630,
      309874131,
    ]
  `);
});

test("a derived id has 31 bits and is never 0", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (table, pointer) => {
      const id = derivedId(table, "config", pointer);
      expect(Number.isInteger(id) && id >= 1 && id <= MAX_ID).toBe(true);
    }),
  );
});

test("a given id stands, a derived one steps aside for it and for retired ones", () => {
  expect(allocateIds([{ derived: 5 }, { given: 5, derived: 1 }, { derived: 6 }], [7])).toEqual([6, 5, 8]);
});

test("after the largest id comes 1", () => {
  expect(allocateIds([{ derived: MAX_ID }, { derived: MAX_ID }], [])).toEqual([MAX_ID, 1]);
});

const wish = fc.record({ derived: fc.integer({ min: 1, max: 6 }) });

test("ids differ, and no retired one is given, however many collide", () => {
  fc.assert(
    fc.property(
      fc.array(wish, { maxLength: 20 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 8 })),
      (wishes, retired) => {
        const ids = allocateIds(wishes, retired);
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(retired).not.toContain(id);
      },
    ),
  );
});

test("once recorded, deleting and adding again never gives a column the id of another", () => {
  fc.assert(
    fc.property(
      fc.array(wish, { minLength: 2, maxLength: 12 }),
      fc.nat(),
      fc.array(wish, { maxLength: 5 }),
      (wishes, at, more) => {
        const gone = at % wishes.length;
        const recorded = wishes.map((item, i) => ({ ...item, given: allocateIds(wishes, [])[i] }));
        const [retired] = recorded.slice(gone, gone + 1);
        const kept = recorded.filter((_, i) => i !== gone);
        const again = { derived: retired?.derived ?? 0 };
        const ids = allocateIds([...more, again, ...kept], [retired?.given ?? 0]);
        expect(ids.slice(more.length + 1)).toEqual(kept.map((item) => item.given));
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids).not.toContain(retired?.given);
      },
    ),
  );
});
