/** Taking a text apart as it is read agrees with reading it whole: which texts are unusable, and why. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapeRecord } from "../../src/flatten/shape.js";
import { readBlob, walkBlob } from "../../src/flatten/walk.js";
import { blobText, plannedColumns, planOf } from "./hostile.js";

const shapes = plannedColumns.map((columns) => shapeRecord(planOf(columns, [], "float64"), "run").blobs);
const runs = { numRuns: Number(process.env["PROPERTY_CASES"] ?? 10_000) };

/** Texts with a piece cut out, doubled or replaced. */
const broken = fc
  .tuple(blobText, fc.nat(), fc.nat({ max: 9 }), fc.constantFrom("", ",", '"a":1,', "{", "}", "]", '"', "NaN", "\\"))
  .map(([text, at, length, piece]) => {
    const from = at % (text.length + 1);
    return `${text.slice(0, from)}${piece}${text.slice(from + length)}`;
  });

it("has the reasons of the reader", () => {
  fc.assert(
    fc.property(shapes, fc.oneof(blobText, broken), (blobs, text) => {
      const shape = blobs.find(({ blob }) => blob === "config");
      const walked = walkBlob(text, shape?.root ?? expect.fail(), -1n);
      const root = readBlob(text);
      expect("why" in walked ? walked : undefined).toEqual("why" in root ? root : undefined);
    }),
    runs,
  );
});

it("remembers names without the texts that they were in", () => {
  const shape = shapeRecord(planOf([], [], "float64"), "history").blobs[0]?.root ?? expect.fail();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1000; i++) {
    walkBlob(`{"fam.of_a_long_name_${i}":1,"note":${JSON.stringify("x".repeat(100_000 + i))}}`, shape, -1n);
  }
  collect();
  expect(shape.matched.size).toBeGreaterThan(900);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(30e6);
});

describe("a key that is there twice", () => {
  const plan = planOf([{ path: ["known", "inner"], type: "float64" }], [], "float64");
  const shape = shapeRecord(plan, "run").blobs.find(({ blob }) => blob === "config");

  it.each([
    ["that the plan knows", '{"known":{"inner":1,"inner":1}}'],
    ["of an object that the plan knows", '{"known":{},"known":{}}'],
    ["that it does not know", '{"other":1,"other":2}'],
    ["in two spellings", '{"other":1,"\\u006fther":2}'],
    ["inside of what it does not know", '{"other":{"a":1,"a":2}}'],
    ["inside of a list where a column is", '{"known":{"inner":[{"a":1,"a":2}]}}'],
  ])("%s", (_, text) => {
    expect(walkBlob(text, shape?.root ?? expect.fail(), -1n)).toMatchObject({ code: "json/duplicate-key" });
  });

  it("is none when it is another object's", () => {
    const text = '{"known":{"inner":1},"other":{"inner":1,"known":{"inner":1}},"list":[{"inner":1},{"inner":1}]}';
    const walked = walkBlob(text, shape?.root ?? expect.fail(), -1n);
    expect("why" in walked).toBe(false);
    expect("why" in walkBlob(text, shape?.root ?? expect.fail(), -1n)).toBe(false);
  });

  it("does not hide that a text ends early", () => {
    expect(walkBlob('{"other":1,"other":2', shape?.root ?? expect.fail(), -1n)).toMatchObject({ code: "json/refused" });
  });
});
