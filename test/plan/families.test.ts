import { describe, expect, test } from "vitest";
import { type Plan, tableOf } from "../../src/plan/plan.js";
import { planColumns } from "../../src/plan/planner.js";
import { marked, registryOf, schemaError } from "../schema/fixture.js";

const plan = (schemas: Readonly<Record<string, unknown>>): Plan =>
  planColumns(registryOf(schemas), { naming: "snake" }).plan;
const METRIC_KEYS = { component: "string", device: "string", metric: "string" };
const metric = { type: "number", "x-column": { table: "system_metrics", keys: METRIC_KEYS } };
const GPU = "^system\\.(?<component>gpu)\\.(?<device>\\d+)\\.(?<metric>.+)$";
const ANY = "^system\\.(?<component>.+)$";
const names = (found: Plan, table: string): string[] => tableOf(found, table).columns.map((column) => column.name);
const layer = (keys: object): object => ({ table: "layers", keys });

describe("system_metrics", () => {
  const patternProperties = { [GPU]: metric, [ANY]: metric };
  const found = plan({ "system-event": { patternProperties }, "system-metrics": { patternProperties } });
  const table = tableOf(found, "system_metrics");

  test("has the families of the stream and of the snapshot, patterns in file order", () => {
    expect(table.families.map((family) => [family.blob, family.path])).toEqual([
      ["system_metrics", [{ pattern: GPU, template: "system.{component}.{device}.{metric}" }]],
      ["system_metrics", [{ pattern: ANY, template: "system.{component}" }]],
      ["system_event", [{ pattern: GPU, template: "system.{component}.{device}.{metric}" }]],
      ["system_event", [{ pattern: ANY, template: "system.{component}" }]],
    ]);
  });

  test("all of them fill the one column value", () => {
    const value = table.columns.at(-1);
    expect(value).toMatchObject({ name: "value", type: "float64", path: "" });
    for (const family of table.families) {
      expect(family.values).toEqual([{ ...value, blob: family.blob }]);
    }
  });

  test.each([
    [
      "another key",
      { type: "number", "x-column": { table: "system_metrics", keys: { ...METRIC_KEYS, host: "string" } } },
      "schema/family-keys",
    ],
    [
      "an int64 key",
      { type: "number", "x-column": { table: "system_metrics", keys: { ...METRIC_KEYS, device: "int64" } } },
      "schema/family-keys",
    ],
    ["values that are no numbers", { ...metric, type: "string" }, "schema/family"],
    ["values that are objects", { ...metric, type: "object", properties: { a: { type: "number" } } }, "schema/family"],
    [
      "a name of its own for value",
      { type: "number", "x-column": { ...metric["x-column"], name: "v" } },
      "schema/family",
    ],
  ])("refuses %s", (_name, schema, code) => {
    expect(schemaError(() => plan({ "system-event": { patternProperties: { [GPU]: schema } } })).code).toBe(code);
  });

  test("takes no second pattern of one blob with the same keys and another name", () => {
    const schema = JSON.stringify({
      patternProperties: { [GPU]: metric, [ANY]: metric, "^own/(?<component>.+)$": metric },
    });
    const { text, line, column } = marked(schema.replace('"^own', '¶"^own'));
    const error = schemaError(() => plan({ "system-event": text }));
    expect(error.code).toBe("schema/family-table");
    expect(error.where).toMatchObject({ file: "built-in/system-event.schema.json", line, column });
  });

  test("the stream and the snapshot may name their members differently", () => {
    const own = { "^own/(?<component>.+)$": metric };
    const different = plan({
      "system-event": { patternProperties },
      "system-metrics": { patternProperties: own },
    });
    expect(tableOf(different, "system_metrics").families.map((family) => family.blob)).toEqual([
      "system_metrics",
      "system_event",
      "system_event",
    ]);
  });

  test("is not for config", () => {
    const error = schemaError(() => plan({ config: { patternProperties: { [GPU]: metric } } }));
    expect(error.code).toBe("schema/family-table");
  });
});

describe("a family of its own", () => {
  const PATTERN = "^layer_(?<layer>\\d+)/(?<stat>.+)$";

  test("has the run key, the step of history, its keys and the value", () => {
    const found = plan({
      "history-row": {
        patternProperties: {
          [PATTERN]: {
            type: "number",
            description: "Gradients.",
            "x-column": layer({ layer: "int64", stat: "string" }),
          },
        },
      },
    });
    const table = tableOf(found, "layers");
    expect(found.tables.map((item) => item.name)).toEqual([
      "runs",
      "history",
      "system_metrics",
      "sweeps",
      "layers",
      "misfits",
      "columns",
    ]);
    expect(names(found, "layers")).toEqual([
      "entity",
      "project",
      "run_id",
      "step",
      "ordinal",
      "layer",
      "stat",
      "value",
    ]);
    expect(table.key).toEqual(names(found, "layers").slice(0, -1));
    expect(table).toMatchObject({ kind: "family", description: "Gradients.", residuals: [] });
    expect(table.columns.find((column) => column.name === "layer")?.type).toBe("int64");
    expect(table.families).toEqual([
      {
        blob: "history",
        description: "Gradients.",
        path: [{ pattern: PATTERN, template: "layer_{layer}/{stat}" }],
        values: [table.columns.at(-1)],
      },
    ]);
    expect(table.columns.at(-1)).toMatchObject({ name: "value", type: "float64", blob: "history", path: "" });
  });

  test("its keys stand in the order of the schema, not of the groups", () => {
    const found = plan({
      config: {
        patternProperties: {
          "^(?<a>x)-(?<b>y)$": { type: "string", "x-column": { table: "t", keys: { b: "string", a: "string" } } },
        },
      },
    });
    expect(names(found, "t")).toEqual(["entity", "project", "run_id", "b", "a", "value"]);
  });

  test("stands at any depth, below literal keys and outer patterns", () => {
    const inner = { type: "number", "x-column": { table: "scores", keys: { task: "string", metric: "string" } } };
    const found = plan({
      summary: {
        properties: {
          eval: {
            type: "object",
            patternProperties: {
              "^(?<task>.+)$": {
                type: "object",
                properties: { all: { type: "object", patternProperties: { "^(?<metric>.+)$": inner } } },
              },
            },
          },
        },
      },
    });
    expect(tableOf(found, "scores").families[0]?.path).toEqual([
      "eval",
      { pattern: "^(?<task>.+)$", template: "{task}" },
      "all",
      { pattern: "^(?<metric>.+)$", template: "{metric}" },
    ]);
    expect(names(found, "runs")).not.toContain("summary_eval");
  });

  test("members that are objects have one value column a leaf, relative to the member", () => {
    const found = plan({
      summary: {
        patternProperties: {
          "^(?<metric>.+)$": {
            type: "object",
            properties: {
              min: { type: "number" },
              argMin: { type: "object", properties: { step: { type: "integer" } } },
              metric: { type: "string" },
            },
            "x-column": { table: "extremes", keys: { metric: "string" } },
          },
        },
      },
    });
    const values = tableOf(found, "extremes").families[0]?.values ?? [];
    expect(values.map(({ name, path, type }) => [name, path, type])).toEqual([
      ["min", "/min", "float64"],
      ["arg_min_step", "/argMin/step", "int64"],
      ["value_metric", "/metric", "string"],
    ]);
  });

  test("two patterns share the columns of one table; a key that one lacks is there for both", () => {
    const found = plan({
      config: {
        patternProperties: {
          "^a/(?<x>.+)$": { type: "number", "x-column": { table: "t", keys: { x: "string" } } },
          "^b/(?<y>.+)$": { type: "number", "x-column": { table: "t", keys: { y: "string" } } },
        },
      },
      summary: {
        patternProperties: { "^b/(?<z>.+)$": { type: "number", "x-column": { table: "t", keys: { z: "string" } } } },
      },
    });
    const table = tableOf(found, "t");
    expect(names(found, "t")).toEqual(["entity", "project", "run_id", "x", "y", "z", "value"]);
    expect(table.families.map((family) => family.values[0]?.id)).toEqual(Array(3).fill(table.columns.at(-1)?.id));
    expect(table.families.map((family) => family.values[0]?.blob)).toEqual(["config", "config", "summary"]);
  });

  test("a pattern without a table only validates", () => {
    const found = plan({ config: { patternProperties: { "^anything.*goes": { type: "number" } } } });
    expect(found.tables).toHaveLength(6);
    expect(found.serialized).toEqual([]);
  });

  test("takes the name and id that its pattern records", () => {
    const found = plan({
      config: {
        patternProperties: {
          "^(?<k>.+)$": { type: "number", "x-column": { table: "t", keys: { k: "string" }, name: "score", id: 12 } },
        },
      },
    });
    expect(tableOf(found, "t").columns.at(-1)).toMatchObject({ name: "score", id: 12 });
  });
});

const family = (pattern: string, xColumn: string, more = '"type": "number", '): string =>
  `{"patternProperties": {\n${pattern}: {${more}"x-column": {${xColumn}}}}}`;

describe("a family that cannot be is refused at its place", () => {
  test.each([
    [
      "a group that is no key",
      "schema/family-keys",
      family('"^(?<a>.)-(?<b>.)$"', '"table": "t", ¶"keys": {"a": "string"}'),
    ],
    [
      "an int64 key that no group fills",
      "schema/family-keys",
      family('"^(?<a>.)$"', '"table": "t", ¶"keys": {"a": "string", "n": "int64"}'),
    ],
    [
      "a key named like the run's",
      "schema/family-keys",
      family('"^(?<a>.)$"', '"table": "t", ¶"keys": {"a": "string", "Run_id": "string"}'),
    ],
    ...["step", "ordinal", "Sweep_id"].map((name): [string, string, string] => [
      `a key named like another record's: ${name}`,
      "schema/family-keys",
      family(`"^(?<${name}>.)$"`, `"table": "t", ¶"keys": {"${name}": "string"}`),
    ]),
    [
      "a key with the name of a column that databases keep",
      "schema/family-keys",
      family('"^(?<ctid>.)$"', '"table": "t", ¶"keys": {"ctid": "string"}'),
    ],
    [
      "a key of more than 63 bytes",
      "schema/family-keys",
      family('"^(?<a>.)$"', `"table": "t", ¶"keys": {"a": "string", "${"k".repeat(64)}": "string"}`),
    ],
    [
      "two keys that differ in case only",
      "schema/family-keys",
      family('"^(?<a>.)-(?<A>.)$"', '"table": "t", ¶"keys": {"a": "string", "A": "string"}'),
    ],
    [
      "a value that is named like a key",
      "schema/name",
      family('"^(?<a>.)$"', '"table": "t", "keys": {"a": "string"}, ¶"name": "A"'),
    ],
    [
      "a key that is no name",
      "schema/family-keys",
      family('"^(?<a>.)$"', '"table": "t", ¶"keys": {"a": "string", "b c": "string"}'),
    ],
    [
      "a pattern that gives no name back",
      "schema/family-pattern",
      family('¶"^a.(?<a>.)$"', '"table": "t", "keys": {"a": "string"}'),
    ],
    [
      "a table name with a capital",
      "schema/family-table",
      family('"^(?<a>.)$"', '¶"table": "Layers", "keys": {"a": "string"}'),
    ],
    ["the table runs", "schema/family-table", family('"^(?<a>.)$"', '¶"table": "runs", "keys": {"a": "string"}')],
    ["the table misfits", "schema/family-table", family('"^(?<a>.)$"', '¶"table": "misfits", "keys": {"a": "string"}')],
    ["members of no type", "schema/family", family('¶"^(?<a>.)$"', '"table": "t", "keys": {"a": "string"}', "")],
    [
      "members with patterns of their own",
      "schema/family",
      family(
        '¶"^(?<a>.)$"',
        '"table": "t", "keys": {"a": "string"}',
        '"patternProperties": {"^(?<b>.)$": {"type": "number", "x-column": {"table": "u", "keys": {"b": "string"}}}}, ',
      ),
    ],
  ])("%s", (_name, code, schema) => {
    const { text, line, column } = marked(schema);
    const error = schemaError(() => plan({ config: text }));
    expect({ code: error.code, ...error.where }).toEqual({ code, file: "built-in/config.schema.json", line, column });
    expect(error.next).toMatch(/^[A-Z].*\.$/s);
  });

  test.each([
    ["records of two kinds", { config: "^a(?<k>.)$", "history-row": "^a(?<k>.)$" }, "schema/family-table"],
    ["one group in an outer and an inner pattern", undefined, "schema/family-pattern"],
  ])("%s", (_name, patterns, code) => {
    const t = { type: "number", "x-column": { table: "t", keys: { k: "string" } } };
    const nested = { config: { patternProperties: { "^a(?<k>.)$": { patternProperties: { "^b(?<k>.)$": t } } } } };
    const schemas =
      patterns === undefined
        ? nested
        : Object.fromEntries(
            Object.entries(patterns).map(([name, pattern]) => [name, { patternProperties: { [String(pattern)]: t } }]),
          );
    expect(schemaError(() => plan(schemas)).code).toBe(code);
  });

  test("a pattern that can never match, since one before it matches the same names", () => {
    const t = (key: string): object => ({ type: "number", "x-column": { table: "t", keys: { [key]: "string" } } });
    const error = schemaError(() =>
      plan({ config: { patternProperties: { "^a(?<x>.)$": t("x"), "^a(?<y>.)$": t("y") } } }),
    );
    expect(error.code).toBe("schema/family-pattern");
    expect(error.message).toContain("^a(?<x>.)$");
  });

  const FIRST = "^a(?<k>.)$";
  test.each([
    ["two types for one value", "^b(?<k>.)-(?<n>.)$", "string", { k: "string", n: "string" }, "schema/family"],
    ["two types for one key", "^b(?<k>\\d)$", "number", { k: "int64" }, "schema/family-keys"],
    [
      "an int64 key that only one pattern fills",
      "^b(?<k>.)-(?<n>\\d)$",
      "number",
      { k: "string", n: "int64" },
      "schema/family-keys",
    ],
  ])("%s", (_name, pattern, type, keys, code) => {
    const first = { type: "number", "x-column": { table: "t", keys: { k: "string" } } };
    const patternProperties = { [FIRST]: first, [pattern]: { type, "x-column": { table: "t", keys } } };
    expect(schemaError(() => plan({ config: { patternProperties } })).code).toBe(code);
  });
});
