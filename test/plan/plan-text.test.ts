import { describe, expect, test } from "vitest";
import { planText, readPlan } from "../../src/plan/plan-text.js";
import { planColumns } from "../../src/plan/planner.js";
import { registryOf, schemaError } from "../schema/fixture.js";

const { plan } = planColumns(registryOf({ config: { properties: { lr: { type: "number" } } } }), { naming: "snake" });
const text = planText(plan);

test("is JSON with two spaces and a newline at its end, and reads back as it was", () => {
  expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
  expect(readPlan(text)).toEqual(plan);
  expect(planText(readPlan(text))).toBe(text);
});

test("a plan of a later format names what to install", () => {
  const error = schemaError(() => readPlan(text.replace('"format": 1', '"format": 2'), "generated/plan.json"));
  expect(error.code).toBe("plan/newer-format");
  expect(error.message).toContain("format 2");
  expect(error.next).toContain("npm install wandb-columns");
  expect(error.where.file).toBe("generated/plan.json");
});

describe("a damaged plan is refused with its place", () => {
  const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split("\n").length;

  test.each([
    ["a type that is none", '"type": "float64"', '"type": "float32"', "plan/form"],
    ["a column id of 0", /"id": \d+/, '"id": 0', "plan/form"],
    ["an unknown blob", '"blob": "config"', '"blob": "konfig"', "plan/form"],
    ["an unknown naming", '"naming": "snake"', '"naming": "kebab"', "plan/form"],
    ["format 0", '"format": 1', '"format": 0', "plan/form"],
    ["format as text", '"format": 1', '"format": "1"', "plan/form"],
  ])("%s", (_name, part, other, code) => {
    const error = schemaError(() => readPlan(text.replace(part, other)));
    expect(error.code).toBe(code);
    expect(error.where.file).toBe("plan.json");
    const found = typeof part === "string" ? part : (part.exec(text)?.[0] ?? "");
    expect(error.where.line).toBe(lineOf(found));
    expect(error.next).toContain("wandb-columns generate");
  });

  test.each([
    ["a truncated one", text.slice(0, 500), "schema/json"],
    ["an empty one", "", "schema/json"],
    ["null", "null", "schema/root"],
    ["a list", "[]", "schema/root"],
    ["an empty object", "{}", "plan/form"],
    ["one with a member too many", text.replace("{", '{"more": 1,'), "plan/form"],
  ])("%s", (_name, given, code) => {
    expect(schemaError(() => readPlan(given)).code).toBe(code);
  });
});
