import { describe, expect, it } from "vitest";
import type { BlobName } from "../../src/blob.js";
import { parsePointer } from "../../src/json/pointer.js";
import { infer } from "../../src/profile/infer.js";
import { declaredPaths, type PathStanding } from "../../src/profile/infer-declared.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";
import { profileOf } from "./infer-profile.js";
import { planProject } from "./infer-project.js";

const project = new Map([
  [
    "schemas/config.schema.json",
    JSON.stringify({
      allOf: [{ $ref: "https://wandb-columns.dev/schemas/config.schema.json" }],
      properties: {
        lr: { type: "number" },
        opt: { type: "object", properties: { name: { type: "string" } } },
        raw: { type: "object", "x-column": { promote: false, reason: "denied" } },
        old: { "x-column": { promote: false, reason: "null-only" } },
      },
    }),
  ],
  [
    "schemas/history-row.schema.json",
    JSON.stringify({
      allOf: [{ $ref: "https://wandb-columns.dev/schemas/history-row.schema.json" }],
      properties: { "layer.0.loss": { type: "number" } },
      patternProperties: {
        "^layer\\.(?<layer>\\d+)\\.(?<metric>.+)$": {
          type: "number",
          "x-column": { table: "layers", keys: { layer: "int64", metric: "string" } },
        },
      },
    }),
  ],
]);
const { plan } = planProject(project);
const declared = declaredPaths(plan);

function brief(standing: PathStanding): string {
  if (standing.kind === "column") return `column ${standing.column.name} +${standing.rest.length}`;
  if (standing.kind === "serialized") return `serialized ${standing.serialized.reason} +${standing.rest.length}`;
  if (standing.kind === "member") return `member ${standing.table.name} ${standing.keysFit} +${standing.rest.length}`;
  return standing.kind;
}

describe("what a plan says of a path", () => {
  it.each<[BlobName, string, string]>([
    ["config", "", "container"],
    ["config", "/lr", "column config_lr +0"],
    ["config", "/lr/x/y", "column config_lr +2"],
    ["config", "/opt", "container"],
    ["config", "/opt/name", "column config_opt_name +0"],
    ["config", "/opt/other", "undeclared"],
    ["config", "/raw", "serialized denied +0"],
    ["config", "/raw/a/b", "serialized denied +2"],
    ["config", "/LR", "undeclared"],
    ["config", "/_wandb", "container"],
    ["config", "/_wandb/t/4", "serialized object-map +1"],
    ["history", "/layer.3.loss", "member layers true +0"],
    ["history", "/layer.3.loss/x", "member layers true +1"],
    ["history", "/layer.03.loss", "member layers false +0"],
    ["history", "/layer.99999999999999999999.loss", "member layers false +0"],
    ["history", "/layer.0.loss", "column layer_0_loss +0"],
    ["history", "/layer.x.loss", "undeclared"],
    ["system_event", "/system.gpu.0.temp", "member system_metrics true +0"],
    ["system_event", "/temp", "undeclared"],
    ["sweep", "", "container"],
  ])("%s %s: %s", (blob, pointer, want) => {
    expect(brief(declared.at(blob, parsePointer(pointer)))).toBe(want);
  });

  it("counts the columns that tables have, residuals included", () => {
    const runs = plan.tables.find((table) => table.name === "runs");
    expect(declared.width.get("runs")).toBe((runs?.columns.length ?? 0) + (runs?.residuals.length ?? 0));
  });

  it("of an empty plan is nothing", () => {
    const nothing = declaredPaths({ ...plan, tables: [], serialized: [] });
    expect(brief(nothing.at("config", []))).toBe("container");
    expect(brief(nothing.at("config", ["a"]))).toBe("undeclared");
  });
});

it("inference leaves alone what is declared, whatever its values are", () => {
  const profile = profileOf([
    { blob: "config", text: '{"lr":"x","opt":"adam","raw":{"a":1},"old":null}' },
    { blob: "config", text: '{"lr":{"a":1},"opt":{"name":3},"old":[]}' },
    { blob: "history", text: '{"layer.3.loss":"x","layer.03.loss":1,"layer.0.loss":[]}' },
  ]);
  expect(infer(profile, declared, DEFAULT_THRESHOLDS).decisions).toEqual([]);
});

it("a null-only path is decided anew when a value has come", () => {
  const profile = profileOf([{ blob: "config", text: '{"old":{"a":1}}' }]);
  const patch = infer(profile, declared, DEFAULT_THRESHOLDS);
  expect(patch.properties.get("config")).toEqual([
    { path: ["old"], property: { type: "object" }, replaces: true },
    { path: ["old", "a"], property: { type: "integer" } },
  ]);
});
