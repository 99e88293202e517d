import { describe, expect, test } from "vitest";
import { derivedId } from "../../src/plan/ids.js";
import { type Plan, type Table, tableOf } from "../../src/plan/plan.js";
import { type Planned, planColumns } from "../../src/plan/planner.js";
import { marked, registryOf, schemaError } from "../schema/fixture.js";

type Schemas = Readonly<Record<string, unknown>>;
const number = { type: "number" };
const string = { type: ["string", "null"] };
const planned = (schemas: Schemas, project: Schemas = {}): Planned =>
  planColumns(registryOf(schemas, project), { naming: "snake" });
const plan = (schemas: Schemas, project: Schemas = {}): Plan => planned(schemas, project).plan;
const object = (properties: object): object => ({ type: "object", properties });
const names = (table: Table): string[] => table.columns.map((column) => column.name);
const column = (from: Plan, table: string, name: string) =>
  tableOf(from, table).columns.find((item) => item.name === name);

const RUN_KEY = ["entity", "project", "run_id"];

describe("tables that every plan has", () => {
  const empty = plan({});

  test("stand in order, with their kinds", () => {
    expect(empty.tables.map((table) => [table.name, table.kind])).toEqual([
      ["runs", "runs"],
      ["history", "history"],
      ["system_metrics", "system_metrics"],
      ["sweeps", "sweeps"],
      ["misfits", "misfits"],
      ["columns", "columns"],
    ]);
  });

  test.each(["step", "ordinal"])("%s of misfits is said to be -1 where rows have none", (name) => {
    expect(column(empty, "misfits", name)?.description).toContain("-1 where rows have none");
  });

  test("have their key, computed and residual columns without any schema", () => {
    expect(names(tableOf(empty, "runs"))).toEqual([
      ...RUN_KEY,
      "history_rows",
      "history_status",
      "fetched_at",
      "deleted_at",
    ]);
    expect(names(tableOf(empty, "history"))).toEqual([...RUN_KEY, "step", "ordinal", "logged_at"]);
    expect(names(tableOf(empty, "system_metrics"))).toEqual([
      ...RUN_KEY,
      "ordinal",
      "component",
      "device",
      "metric",
      "value",
    ]);
    expect(names(tableOf(empty, "sweeps"))).toEqual(["entity", "project", "sweep_id"]);
    expect(
      empty.tables.flatMap((table) => table.residuals.map((item) => `${table.name}.${item.name} ${item.blob}`)),
    ).toEqual([
      "runs.run_residual run",
      "runs.config_residual config",
      "runs.summary_residual summary",
      "runs.system_info_residual system_info",
      "runs.system_metrics_residual system_metrics",
      "history.history_residual history",
      "system_metrics.residual system_event",
      "sweeps.residual sweep",
    ]);
  });

  test("every key names a column of its table", () => {
    for (const table of empty.tables) {
      expect(table.key.length).toBeGreaterThan(1);
      expect(names(table)).toEqual(expect.arrayContaining(table.key));
    }
  });

  test("computed columns are marked and have no blob; key columns neither", () => {
    expect(column(empty, "runs", "fetched_at")).toMatchObject({ computed: true, type: "timestamp" });
    expect(column(empty, "history", "logged_at")).toMatchObject({ computed: true, type: "timestamp" });
    expect(column(empty, "runs", "entity")).toEqual({
      id: derivedId("runs", "", "entity"),
      name: "entity",
      type: "string",
      description: expect.any(String),
    });
  });
});

describe("columns", () => {
  test("life columns come first wherever they are declared, then run, config, summary, system info", () => {
    const found = plan({
      "system-info": object({ gpu: string }),
      summary: object({ loss: number }),
      config: object({ lr: number, optimizer: object({ name: string, lr: number }) }),
      run: object({
        extra: string,
        heartbeatAt: { type: "string", format: "date-time", "x-column": { name: "heartbeat_at", zone: "utc" } },
        displayName: { ...string, "x-column": { name: "name" } },
        historyLineCount: { type: "integer", "x-column": { name: "history_rows_expected" } },
      }),
    });
    expect(names(tableOf(found, "runs"))).toEqual([
      ...RUN_KEY,
      "name",
      "heartbeat_at",
      "history_rows",
      "history_rows_expected",
      "history_status",
      "fetched_at",
      "deleted_at",
      "extra",
      "config_lr",
      "config_optimizer_name",
      "config_optimizer_lr",
      "summary_loss",
      "system_info_gpu",
    ]);
    expect(column(found, "runs", "heartbeat_at")).toMatchObject({ blob: "run", path: "/heartbeatAt", zone: "utc" });
    expect(column(found, "runs", "config_optimizer_lr")).toMatchObject({ blob: "config", path: "/optimizer/lr" });
  });

  test("history: timestamp, logged_at, runtime_s, then metrics in published order", () => {
    const found = plan(
      {
        "history-row": {
          $id: "https://example.org/history-row.schema.json",
          ...object({
            _runtime: { ...number, "x-column": { name: "runtime_s", unit: "s" } },
            _timestamp: { ...number, "x-column": { name: "timestamp", unit: "s" } },
            _step: { type: "integer", "x-column": { promote: false, reason: "denied" } },
          }),
        },
      },
      {
        "history-row": {
          $ref: "https://example.org/history-row.schema.json",
          ...object({ "train/loss": number, acc: number }),
        },
      },
    );
    expect(names(tableOf(found, "history"))).toEqual([
      ...RUN_KEY,
      "step",
      "ordinal",
      "timestamp",
      "logged_at",
      "runtime_s",
      "train_loss",
      "acc",
    ]);
    expect(found.serialized).toEqual([{ blob: "history", path: "/_step", reason: "denied" }]);
  });

  test("everything that x-column says of a column is in the plan", () => {
    const said = {
      id: 77,
      name: "learning_rate",
      was: ["lr"],
      unit: "1/step",
      since: "1.0",
      until: "2.0",
      source: "train.py",
      sensitive: true,
      type: "decimal",
    };
    const found = plan({ config: object({ lr: { ...number, description: "The rate.", "x-column": said } }) });
    expect(column(found, "runs", "learning_rate")).toEqual({
      ...said,
      blob: "config",
      path: "/lr",
      description: "The rate.",
    });
  });

  test("keys of the path are escaped as JSON Pointer asks", () => {
    const found = plan({ config: object({ "a/b~c": number }) });
    expect(column(found, "runs", "config_a_b_c")?.path).toBe("/a~1b~0c");
  });

  test("declared paths of a run's snapshot are columns of runs, those of an event columns of system_metrics", () => {
    const found = plan({
      "system-metrics": object({ "system.cpu": number }),
      "system-event": object({ host: string }),
    });
    expect(names(tableOf(found, "runs"))).toContain("system_metrics_system_cpu");
    expect(names(tableOf(found, "system_metrics")).slice(3)).toEqual([
      "ordinal",
      "host",
      "component",
      "device",
      "metric",
      "value",
    ]);
  });
});

test("what is declared and no column is serialized with its reason, and speaks for what is below", () => {
  const found = plan({
    config: object({
      whole: {
        ...object({ a: number }),
        description: "Kept.",
        "x-column": { promote: false, reason: "duplicate-of", detail: "/x" },
      },
      map: { type: "object" },
      mixed: { type: ["number", "string"] },
      image: object({ _type: { const: "image-file" }, path: string }),
      rows: { type: "array", items: { type: "object" } },
      inner: object({ nothing: { type: "null" } }),
    }),
  });
  expect(found.serialized).toEqual([
    { blob: "config", path: "/whole", reason: "duplicate-of", detail: "/x", description: "Kept." },
    { blob: "config", path: "/map", reason: "object-map" },
    { blob: "config", path: "/mixed", reason: "type-conflict" },
    { blob: "config", path: "/image", reason: "typed-value" },
    { blob: "config", path: "/rows", reason: "array-of-objects" },
    { blob: "config", path: "/inner/nothing", reason: "null-only" },
  ]);
});

describe("findings", () => {
  test("a collision names both paths", () => {
    const { findings } = planned({ "history-row": object({ train: object({ loss: number }), "train/loss": number }) });
    expect(findings).toEqual([
      {
        code: "column/collision",
        severity: "note",
        blob: "history",
        path: "/train/loss",
        message:
          "history /train/loss is called train_loss_39261e in history: the name train_loss is that of history /train~1loss.",
      },
    ]);
  });

  test("a key that is named like a key column is told apart", () => {
    const { plan: found, findings } = planned({ "history-row": object({ step: number }) });
    expect(names(tableOf(found, "history"))).toContain("history_step");
    expect(findings.map((item) => item.message)).toEqual([
      "history /step is called history_step in history: the name step is that of a column that the table always has.",
    ]);
  });

  test("a published name is no finding", () => {
    const published = { ...number, "x-column": { name: "train_loss_2" } };
    const { findings } = planned({
      "history-row": object({ train: object({ loss: published }), "train/loss": number }),
    });
    expect(findings).toEqual([]);
  });
});

const clash = (properties: string, root = ""): string => `{${root}"properties": {${properties}}}`;

describe("names and ids that cannot be are refused at their place", () => {
  test.each([
    [
      "two columns of one name",
      "schema/name",
      clash('"a": {"type": "number", "x-column": {"name": "x"}}, "b": {"type": "number", "x-column": {¶"name": "X"}}'),
    ],
    ["the name of a key column", "schema/name", clash('"a": {"type": "number", "x-column": {¶"name": "Step"}}')],
    [
      "the name of a residual",
      "schema/name",
      clash('"a": {"type": "number", "x-column": {¶"name": "history_residual"}}'),
    ],
    [
      "the name of a computed column",
      "schema/name",
      clash('"a": {"type": "number", "x-column": {¶"name": "logged_at"}}'),
    ],
    [
      "a name over 63 bytes",
      "schema/name",
      clash(`"a": {"type": "number", "x-column": {¶"name": "${"é".repeat(32)}"}}`),
    ],
    ["a name with U+0000", "schema/name", clash('"a": {"type": "number", "x-column": {¶"name": "a\\u0000"}}')],
    [
      "an old name of another column",
      "schema/name",
      clash(
        '"a": {"type": "number", "x-column": {"name": "x", ¶"was": ["y"]}}, "b": {"type": "number", "x-column": {"name": "y"}}',
      ),
    ],
    [
      "a retired name",
      "schema/name",
      clash(
        '"a": {"type": "number", "x-column": {¶"name": "gone"}}',
        '"x-column": {"retired": [{"id": 9, "table": "history", "name": "gone"}]}, ',
      ),
    ],
    [
      "a name of a path that is no column any more",
      "schema/name",
      clash(
        '"a": {"x-column": {"promote": false, "reason": "denied", "name": "x"}}, "b": {"type": "number", "x-column": {¶"name": "x"}}',
      ),
    ],
    [
      "one id for two columns",
      "schema/id-taken",
      clash('"a": {"type": "number", "x-column": {"id": 4}}, "b": {"type": "number", "x-column": {¶"id": 4}}'),
    ],
    [
      "a retired id",
      "schema/id-taken",
      clash(
        '"a": {"type": "number", "x-column": {¶"id": 9}}',
        '"x-column": {"retired": [{"id": 9, "table": "history", "name": "gone"}]}, ',
      ),
    ],
    [
      "the id of a key column",
      "schema/id-taken",
      clash(`"a": {"type": "number", "x-column": {¶"id": ${derivedId("history", "", "step")}}}`),
    ],
  ])("%s", (_name, code, schema) => {
    const { text, line, column: at } = marked(schema);
    const error = schemaError(() => plan({ "history-row": text }));
    expect({ code: error.code, ...error.where }).toEqual({
      code,
      file: "built-in/history-row.schema.json",
      line,
      column: at,
    });
    expect(error.next).toMatch(/^[A-Z].*\.$/s);
  });

  test("one id in two tables is fine", () => {
    const same = { ...number, "x-column": { id: 4 } };
    expect(() => plan({ "history-row": object({ a: same }), config: object({ a: same }) })).not.toThrow();
  });

  test("a retired id and name are not derived again", () => {
    const id = derivedId("history", "history", "/loss");
    const retired = { "x-column": { retired: [{ id, table: "history", name: "loss" }] } };
    const found = plan({ "history-row": { ...object({ loss: number }), ...retired } });
    const again = tableOf(found, "history").columns.at(-1);
    expect(again).toMatchObject({ id: id + 1, name: "loss_186a76" });
    expect(found.retired).toEqual([{ id, table: "history", name: "loss" }]);
  });
});
