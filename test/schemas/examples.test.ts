import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtIn, SCHEMAS, validator } from "./built-in.js";

const EXAMPLES = join(SCHEMAS, "examples");

function files(schema: string, kind: string): { name: string; value: unknown }[] {
  const folder = join(EXAMPLES, schema, kind);
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, value: JSON.parse(readFileSync(join(folder, name), "utf8")) as unknown }));
}

test("every schema has examples and every folder of examples a schema", () => {
  expect(readdirSync(EXAMPLES).sort()).toEqual([...builtIn.keys()]);
});

describe.each([...builtIn.keys()])("%s", (schema) => {
  const validate = validator(schema);
  const accepted = files(schema, "accepted");
  const refused = files(schema, "refused");

  test("has at least three of each kind", () => {
    expect(accepted.length).toBeGreaterThanOrEqual(3);
    expect(refused.length).toBeGreaterThanOrEqual(3);
  });

  test.each(accepted)("accepts $name", ({ value }) => {
    expect(validate(value) ? [] : validate.errors).toEqual([]);
  });

  test.each(refused)("refuses $name at one place", ({ value }) => {
    expect(validate(value)).toBe(false);
    const places = validate.errors?.filter(({ keyword }) => keyword !== "if").map(({ instancePath }) => instancePath);
    expect(new Set(places).size).toBe(1);
  });
});
