import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { LOGICAL_TYPES, SERIALIZED_REASONS, tableOf } from "../../src/plan/plan.js";
import { planColumns } from "../../src/plan/planner.js";
import { loadRegistry } from "../../src/schema/registry.js";
import { builtIn, isObject } from "./built-in.js";

const page = readFileSync(new URL("../../docs/schemas.md", import.meta.url), "utf8");

function firstCells(heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  const rows = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map((row) => row[1] ?? "");
  return rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((word) => word[1] ?? ""));
}

function schemaExamples(): [string, object][] {
  return [...page.matchAll(/^`(schemas\/[^`]+)`\n\n```json\n(.*?)\n```$/gms)].map(([, file = "", text = ""]) => {
    const schema: unknown = JSON.parse(text);
    if (!isObject(schema)) throw new TypeError(`${file} is no schema`);
    return [file, schema];
  });
}

test("the table lists every schema", () => {
  expect(firstCells("What each schema describes").sort()).toEqual([...builtIn.keys()]);
});

test("the table lists every member of x-column, in the order of its meta-schema", () => {
  const members = builtIn.get("x-column")?.["properties"];
  expect(firstCells("The keyword x-column")).toEqual(isObject(members) ? Object.keys(members) : []);
});

test("the page names every reason and every scalar type", () => {
  for (const word of [...SERIALIZED_REASONS, ...LOGICAL_TYPES.filter((type) => !type.startsWith("list"))]) {
    expect(page).toContain(`\`${word}\``);
  }
});

describe("the worked examples", () => {
  const payloads: Record<string, [good: object, bad: object]> = {
    "schemas/config.schema.json": [
      { seed: 1, optimizer: { lr: 0.1, betas: [0.9, 0.999] }, _wandb: { cli_version: "0.31.0" } },
      { seed: 1, _wandb: { cli_version: 0.31 } },
    ],
    "schemas/history-row.schema.json": [
      { _step: 10, "train/loss": 0.5, "eval/arc/acc": 0.31 },
      { _step: 10, "eval/arc/acc": "0.31" },
    ],
  };

  test("are two", () => {
    expect(schemaExamples().map(([file]) => file)).toEqual(Object.keys(payloads));
  });

  test.each(schemaExamples())("%s extends the built-in schema", (file, schema) => {
    const ajv = new Ajv2020({
      strict: true,
      allowUnionTypes: true,
      allowMatchingProperties: true,
      validateFormats: false,
    });
    ajv.addKeyword({ keyword: "x-column", schemaType: "object" });
    for (const known of builtIn.values()) ajv.addSchema(known);
    const validate = ajv.compile(schema);
    const [good, bad] = payloads[file] ?? [];
    expect(validate(good) ? [] : validate.errors).toEqual([]);
    expect(validate(bad)).toBe(false);
  });

  test("make the columns that the page tells of", () => {
    const known = new Map(
      [...builtIn].map(([name, schema]) => [`schemas/${name}.schema.json`, JSON.stringify(schema)]),
    );
    const project = new Map(schemaExamples().map(([file, schema]) => [file, JSON.stringify(schema)]));
    const { plan, findings } = planColumns(loadRegistry(known, project), { naming: "snake" });
    const names = (table: string) => tableOf(plan, table).columns.map(({ name }) => name);
    expect(findings).toEqual([]);
    expect(names("runs")).toEqual(
      expect.arrayContaining(["config_seed", "config_lr", "config_optimizer_betas", "config_wandb_cli_version"]),
    );
    expect(names("history")).toContain("train_loss");
    expect(tableOf(plan, "eval_scores").key).toEqual(expect.arrayContaining(["step", "task", "metric"]));
    expect(plan.serialized).toContainEqual(expect.objectContaining({ path: "/callbacks", reason: "array-of-objects" }));
  });
});
