import { type Column, LOGICAL_TYPES, type Plan, type Table } from "../../src/plan/plan.js";

/** A value column of a blob; everything can be overridden. */
export function column(id: number, name: string, more: Partial<Column> = {}): Column {
  return { id, name, type: "float64", blob: "config", path: `/${name}`, description: `The ${name}`, ...more };
}

function key(id: number, name: string, type: Column["type"] = "string"): Column {
  return { id, name, type, description: `Key: ${name}` };
}

const RUN_KEY = [key(1, "entity"), key(2, "project"), key(3, "run_id")];
const RUN_KEY_NAMES = ["entity", "project", "run_id"];

/** Texts that break careless quoting, escaping and table cells. */
export const HOSTILE = `it's "odd" | a*b_c* <b> [x](y) \\ \`code | span\` -- ; /* */ \u0000 \ud800 é\nnew line`;

const runs: Table = {
  name: "runs",
  kind: "runs",
  description: "One row a run.",
  key: RUN_KEY_NAMES,
  columns: [
    ...RUN_KEY,
    { ...column(4, "state", { type: "string", blob: "run", path: "/state" }), source: "W&B API Run.state" },
    column(5, "created_at", { type: "timestamp", blob: "run", path: "/createdAt", zone: "utc" }),
    { id: 6, name: "history_rows", type: "int64", computed: true, description: "Rows in history" },
    ...LOGICAL_TYPES.map((type, i) => column(100 + i, `of ${type}`, { type, path: `/types/${i}` })),
    column(200, 'say "hi"', { description: HOSTILE, unit: "1/s", path: "/a~1b~0|`c`", since: "0.18", until: "0.20" }),
    column(201, "email", { type: "string", sensitive: true, was: ["mail", "e|mail"] }),
  ],
  residuals: [
    { id: 300, name: "run_residual", blob: "run" },
    { id: 301, name: "config_residual", blob: "config" },
  ],
  families: [],
};

const systemMetrics: Table = {
  name: "system_metrics",
  kind: "system_metrics",
  description: "One row a value of the system stream.",
  key: [...RUN_KEY_NAMES, "ordinal", "component", "device", "metric"],
  columns: [
    ...RUN_KEY,
    key(10, "ordinal", "int64"),
    column(11, "timestamp", { blob: "system_event", path: "/_timestamp", unit: "s" }),
    key(12, "component"),
    key(13, "device"),
    key(14, "metric"),
    column(15, "value", { blob: "system_event", path: "" }),
  ],
  residuals: [{ id: 310, name: "residual", blob: "system_event" }],
  families: [
    {
      blob: "system_event",
      path: [
        {
          pattern: "^system\\.(?<component>gpu)\\.(?<device>\\d+)\\.(?<metric>.+)$",
          template: "system.{component}.{device}.{metric}",
        },
      ],
      values: [column(15, "value", { blob: "system_event", path: "", description: "A metric of one GPU" })],
    },
  ],
};

/** A plan with every logical type, a family, serialized paths and names that need quoting. */
export const SMALL_PLAN: Plan = {
  format: 1,
  naming: "snake",
  tables: [runs, systemMetrics],
  serialized: [
    { blob: "config", path: "/model", reason: "object-map", description: "Layers | by name" },
    { blob: "run", path: "/name", reason: "duplicate-of", detail: "/run_id" },
  ],
  retired: [{ id: 999, table: "runs", name: "config_old" }],
};

/** A plan whose runs table has `count` config columns, half of them below shared prefixes. */
export function widePlan(count: number): Plan {
  const wide = Array.from({ length: count }, (_, i) => {
    const name = i % 2 === 0 ? `metric_${i}` : `${i % 3 === 0 ? "train" : "val"}/loss_${i}`;
    return column(1000 + i, name.replace("/", "_"), { path: `/${name.replace("/", "~1")}`, unit: "s" });
  });
  return { ...SMALL_PLAN, tables: [{ ...runs, columns: [...RUN_KEY, ...wide] }], serialized: [], retired: [] };
}
