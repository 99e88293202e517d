import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BlobName } from "../../src/blob.js";
import { formatPointer } from "../../src/json/pointer.js";
import { infer } from "../../src/profile/infer.js";
import { declaredPaths } from "../../src/profile/infer-declared.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";
import { buildReport, misfitFindings, undeclaredFindings } from "../../src/report/report.js";
import { ReportSchema, reportSchemaText } from "../../src/report/schema.js";
import { buildStatus, StatusSchema } from "../../src/report/status.js";
import { walkProfile } from "../../src/report/walk.js";
import { profileOf } from "../profile/infer-profile.js";
import { data, plan, profile, report } from "./small-report.js";

const ajv = new Ajv2020({ strict: true });

function entry(blob: BlobName, path: string) {
  const found = report.paths.filter((item) => item.blob === blob && item.path === path);
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0];
}

function column(name: string) {
  return report.columns.find((item) => `${item.table}.${item.column}` === name);
}

describe("paths", () => {
  it("a promoted path has its column, counts, example and runs in time", () => {
    expect(entry("config", "/lr")).toEqual({
      blob: "config",
      path: "/lr",
      decision: "promoted",
      table: "runs",
      column: "config_learning_rate",
      type: "float64",
      types: { number: 1, string: 1, object: 1 },
      rows: 3,
      runs: 3,
      example: "0.1",
      first_run: "acme/vision/b2",
      last_run: "acme/speech/c3",
    });
  });
  it.each<[BlobName, string, string]>([
    ["config", "/lr/start", "type-conflict"],
    ["config", "/opt", "type-conflict"],
    ["config", "/opt/amsgrad", "undeclared"],
    ["config", "/secret", "sensitive"],
    ["config", "/secret/token", "sensitive"],
    ["config", "/layers", "undeclared"],
    ["history", "/layer.01.loss", "object-map"],
    ["history", "/img", "undeclared"],
    ["history", "/img/path", "undeclared"],
    ["history", "/_step", "duplicate-of"],
  ])("%s%s is serialized: %s", (blob, path, reason) => {
    expect(entry(blob, path)).toMatchObject({ decision: "serialized", reason });
  });
  it.each<[BlobName, string, string, string]>([
    ["config", "/opt/name", "runs", "config_opt_name"],
    ["config", "/extra", "runs", "config_extra"],
    ["config", "/extra/a/b", "runs", "config_extra"],
    ["history", "/layer.0.loss", "layers", "value"],
    ["system_event", "/system.gpu.0.temp", "system_metrics", "value"],
    ["system_event", "/_timestamp", "system_metrics", "timestamp"],
  ])("%s%s is in %s.%s", (blob, path, table, name) => {
    expect(entry(blob, path)).toMatchObject({ decision: "promoted", table, column: name });
  });
  it("without starts, runs stand in order of their keys", () => {
    const plain = buildReport({ plan, profile, runs: [], findings: [] });
    const lr = plain.paths.find((item) => item.blob === "config" && item.path === "/lr");
    expect(lr).toMatchObject({ first_run: "acme/speech/c3", last_run: "acme/vision/b2" });
  });
  it("an object that is taken apart counts only what is no object", () => {
    expect(entry("config", "/opt")).toMatchObject({ types: { string: 1 }, rows: 1 });
    expect(entry("config", "/extra/a")).toBeUndefined();
  });
  it("an undeclared path says what inference would make of it, or of the value it is in", () => {
    expect(entry("history", "/wer")?.proposal).toBe("column of type float64 (rule number)");
    expect(entry("history", "/img/path")?.proposal).toBe("no column, typed-value (rule typed-value)");
  });
});

describe("columns", () => {
  it.each([
    ["runs.config_learning_rate", { rows: 3, filled: 1, nulls: 0, misfits: 2, misfit_types: { string: 1, object: 1 } }],
    ["runs.config_seed", { rows: 3, filled: 1, nulls: 1, misfits: 1, misfit_types: { number: 1 } }],
    ["runs.config_opt_betas", { rows: 3, filled: 1, nulls: 0, misfits: 1, misfit_types: { list: 1 } }],
    ["runs.config_extra", { rows: 3, filled: 2, nulls: 0, misfits: 0, misfit_types: {} }],
    ["runs.config_unused", { rows: 3, filled: 0, nulls: 0, misfits: 0, misfit_types: {} }],
    ["runs.created_at", { rows: 3, filled: 1, nulls: 0, misfits: 1, misfit_types: { string: 1 } }],
    ["history.train_loss", { rows: 4, filled: 2, nulls: 0, misfits: 1, misfit_types: { boolean: 1 } }],
    ["layers.value", { rows: 4, filled: 2, nulls: 1, misfits: 1, misfit_types: { string: 1 } }],
    ["system_metrics.value", { filled: 2, misfits: 0 }],
  ])("%s", (name, want) => {
    expect(column(name)).toMatchObject(want);
  });
  it("key and computed columns are not listed", () => {
    expect(report.columns.map((item) => item.column)).not.toContain("run_id");
    expect(report.columns.map((item) => item.column)).not.toContain("history_rows");
  });
  it("lists whose misfits cannot be counted say so", () => {
    const samples = ['{"opt":{"betas":[1,"x"]}}', '{"opt":{"betas":["x","y"]}}'];
    const many = buildReport({
      plan,
      profile: profileOf(samples.map((text) => ({ blob: "config", text }))),
      runs: [],
      findings: [],
    });
    const betas = many.columns.find((item) => item.column === "config_opt_betas");
    expect(betas).toMatchObject({ filled: 0, misfits: 2, misfits_at_most: true });
  });
});

describe("totals", () => {
  it("count what is listed", () => {
    expect(report.totals.paths).toBe(report.paths.length);
    expect(report.totals.promoted + report.totals.serialized).toBe(report.paths.length);
    expect(report.reasons.reduce((sum, item) => sum + item.paths, 0)).toBe(report.totals.serialized);
    expect(report.totals).toMatchObject({ projects: 2, runs: 3, history_rows: 4, families: 1 });
  });
  it("the decisions that are open are those that inference would take", () => {
    const patch = infer(profile, declaredPaths(plan), DEFAULT_THRESHOLDS);
    expect(report.totals.to_decide).toBe(patch.decisions.length);
    expect(undeclaredFindings(patch).map((item) => `${item.blob}${item.path}`)).toEqual(
      patch.decisions.map((item) => `${item.blob}${formatPointer(item.path)}`),
    );
  });
  it("each project has its runs by state and its new paths", () => {
    expect(report.projects).toEqual([
      { entity: "acme", project: "speech", runs: 1, states: { finished: 1 }, history_rows: 1, new_paths: 3 },
      {
        entity: "acme",
        project: "vision",
        runs: 2,
        states: { crashed: 1, finished: 1 },
        history_rows: 3,
        new_paths: 2,
      },
    ]);
  });
  it("findings are grouped, errors first, and none is left out", () => {
    expect(report.findings.map((group) => [group.code, group.count, group.findings.length])).toEqual([
      ["json/refused", 1, 1],
      ["run/short", 1, 1],
      ["path/undeclared", 3, 2],
    ]);
  });
  it("misfits make findings", () => {
    const found = misfitFindings(report.columns);
    expect(found).toContainEqual(
      expect.objectContaining({
        code: "value/misfit",
        blob: "config",
        path: "/lr",
        count: 2,
        evidence: "string 1, object 1",
      }),
    );
    expect(found.reduce((sum, item) => sum + (item.count ?? 0), 0)).toBe(report.totals.misfits);
  });
});

describe("status", () => {
  const status = buildStatus(data.runs, plan, profile);
  it("of each project", () => {
    expect(status.projects[1]).toEqual({
      entity: "acme",
      project: "vision",
      runs: 2,
      states: { crashed: 1, finished: 1 },
      history: { complete: 1, growing: 0, short: 1, unknown: 0 },
      history_rows: 3,
      history_rows_expected: 11,
      last_import: "2024-06-02T00:00:00Z",
      new_paths: 2,
      bytes: 2300,
    });
    expect(status.projects[0]).not.toHaveProperty("history_rows_expected");
  });
  it("obeys its schema", () => {
    expect(ajv.validate(StatusSchema, status), JSON.stringify(ajv.errors)).toBe(true);
  });
});

it("the report obeys its published schema", () => {
  const published = JSON.parse(reportSchemaText()) as object;
  expect(JSON.parse(JSON.stringify(ReportSchema))).toEqual({ ...published, $schema: undefined });
  const validate = ajv.compile(published);
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...report, paths: [{}] })).toBe(false);
});

const key = fc.constantFrom(
  "lr",
  "opt",
  "seed",
  "extra",
  "secret",
  "name",
  "x/y",
  "_type",
  "__proto__",
  "layer.1.a",
  "layer.01.a",
);
const { value: json } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("1", "0.5", '"x"', '"NaN"', "null", "true", "[]", "{}", "[1,null]"),
    fc
      .uniqueArray(fc.tuple(key, tie("value")), { selector: ([name]) => name, maxLength: 3 })
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`),
  ),
}));
const record = fc
  .uniqueArray(fc.tuple(key, json), { selector: ([name]) => name, maxLength: 4 })
  .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`);
const sample = fc.record({
  blob: fc.constantFrom<BlobName>("config", "history", "summary"),
  text: record,
  run: fc.constantFrom("r1", "r2"),
});

describe("laws", () => {
  it("every path that holds a value of its own is there exactly once, with one decision", () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 5 }), (samples) => {
        const random = profileOf(samples);
        const { paths } = buildReport({ plan, profile: random, runs: [], findings: [] });
        const places = paths.map((item) => `${item.blob}${item.path}`);
        expect(new Set(places).size).toBe(places.length);
        for (const item of paths) {
          expect(item.decision === "promoted").toBe(item.column !== undefined && item.reason === undefined);
          expect(item.decision === "serialized").toBe(item.reason !== undefined && item.column === undefined);
        }
        for (const { blob, path, node } of walkProfile(random)) {
          const ownValues = Object.keys(node.counts).some((name) => name !== "object");
          if (ownValues) expect(places).toContain(`${blob}${formatPointer(path)}`);
        }
      }),
    );
  });

  it("the order of runs and records does not matter", () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 5 }), (samples) => {
        const of = (list: typeof samples, runs: typeof data.runs) =>
          buildReport({ plan, profile: profileOf(list), runs, findings: [] });
        expect(of(samples.toReversed(), data.runs.toReversed())).toEqual(of(samples, data.runs));
      }),
    );
  });
});
