import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blobText, plannedColumns, planOf } from "./hostile.js";
import { difference, roundTrip } from "./round-trip.js";

const plan = fc
  .tuple(plannedColumns, plannedColumns, fc.constantFrom("float64" as const, "int64" as const, "string" as const))
  .map(([config, history, type]) => planOf(config, history, type));

const runs = { numRuns: Number(process.env["PROPERTY_CASES"] ?? 10_000) };

describe("columns, families and residual rebuild the payload", () => {
  it("for configs", () => {
    fc.assert(
      fc.property(plan, blobText, (p, text) => {
        const rebuilt = roundTrip("run", p, { config: text }).get("config");
        expect(difference("run", p, "config", text, rebuilt)).toBeUndefined();
      }),
      runs,
    );
  });

  it("for history rows", () => {
    fc.assert(
      fc.property(plan, blobText, (p, text) => {
        const rebuilt = roundTrip("history", p, { history: text }).get("history");
        expect(difference("history", p, "history", text, rebuilt)).toBeUndefined();
      }),
      runs,
    );
  });
});

it("tells an absent blob from an empty one", () => {
  const p = planOf([], [], "float64");
  expect([...roundTrip("run", p, { config: "{}" })]).toEqual([["config", "{}"]]);
  expect([...roundTrip("run", p, {})]).toEqual([]);
});

it("gives `_step` back from the key column, and from the residual when it is odd", () => {
  const p = planOf([], [], "float64");
  expect(roundTrip("history", p, { history: '{"_step":7}' }, 7n).get("history")).toBe('{"_step":7}');
  expect(roundTrip("history", p, { history: '{"_step":"7"}' }, 7n).get("history")).toBe('{"_step":"7"}');
  expect(roundTrip("history", p, { history: '{"_step":-1}' }, -1n).get("history")).toBe('{"_step":-1}');
  expect(roundTrip("history", p, { history: "{}" }, -1n).get("history")).toBe("{}");
});
