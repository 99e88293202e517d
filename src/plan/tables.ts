import type { BlobName } from "../blob.js";
import type { LogicalType, TableKind } from "./plan.js";

/** A column that no path of a blob fills. */
export interface FixedColumn {
  readonly name: string;
  readonly type: LogicalType;
  readonly description: string;
  readonly unit?: string;
  /** Derived from the record; `rebuild` ignores it. Key columns are not. */
  readonly computed?: true;
}

/** A table that every plan has. */
export interface TableLayout {
  readonly name: string;
  readonly kind: TableKind;
  readonly description: string;
  /** Names of the key columns, in sort order. */
  readonly key: readonly string[];
  readonly fixed: readonly FixedColumn[];
  /** The columns that come first, by name, wherever they come from; one that no schema declares is left out. */
  readonly first: readonly string[];
  /** The columns that come last. */
  readonly last: readonly string[];
  /** Blobs whose declared paths become columns here, in column order. */
  readonly blobs: readonly BlobName[];
  readonly residuals: readonly { readonly name: string; readonly blob: BlobName }[];
}

const text = (name: string, description: string): FixedColumn => ({ name, type: "string", description });
const whole = (name: string, description: string): FixedColumn => ({ name, type: "int64", description });

/** The key of a run. */
export const RUN_KEY: readonly FixedColumn[] = [
  text("entity", "The team or user that owns the project; empty when the source does not say."),
  text("project", "The project; empty when the source does not say."),
  text("run_id", "The run's id, as in URLs: the SDK's run.id, GraphQL's Run.name."),
];

/** What tells the rows of one run's history apart. */
export const STEP_KEY: readonly FixedColumn[] = [
  whole("step", "The row's step; -1 when it has none."),
  whole("ordinal", "Position among the rows of one step, from 0."),
];

/** What tells the samples of one run's system metrics apart. */
export const ORDINAL_KEY: readonly FixedColumn[] = [
  whole("ordinal", "Position of the sample in the stream, from 0; -1 for the run's latest snapshot."),
];

/** The key of a sweep. */
export const SWEEP_KEY: readonly FixedColumn[] = [
  ...RUN_KEY.slice(0, 2),
  text("sweep_id", "The sweep's id, as in URLs: GraphQL's Sweep.name."),
];

const names = (columns: readonly FixedColumn[]): string[] => columns.map((column) => column.name);

/** Name and types of the keys of every family that fills `system_metrics`. */
export const SYSTEM_METRIC_KEYS: readonly FixedColumn[] = [
  text("component", "What was measured: gpu, gpu.process, cpu, memory, disk, network, proc, …"),
  text("device", "Which one of several, such as the GPU's number or the disk's mount point; empty for one or all."),
  text("metric", "What of it, such as temp or memoryAllocatedBytes; empty when the component says it all."),
];

/** The value column of `system_metrics`. */
export const SYSTEM_METRIC_VALUE: FixedColumn = {
  name: "value",
  type: "float64",
  description: "The measured value; the unit depends on component and metric.",
};

const RUNS: TableLayout = {
  name: "runs",
  kind: "runs",
  description: "One row a run: identity and life, config, summary, system info.",
  key: names(RUN_KEY),
  fixed: [
    ...RUN_KEY,
    { ...whole("history_rows", "How many history rows of the run are here."), computed: true },
    {
      ...text("history_status", "Whether the history is complete, growing, short of rows that W&B counts, or unknown."),
      computed: true,
    },
    { name: "fetched_at", type: "timestamp", description: "When the run was fetched or imported.", computed: true },
    {
      name: "deleted_at",
      type: "timestamp",
      description: "When the run was found to be deleted in W&B.",
      computed: true,
    },
  ],
  first: [
    ...names(RUN_KEY),
    "name",
    "state",
    "created_at",
    "heartbeat_at",
    "user",
    "run_group",
    "job_type",
    "tags",
    "notes",
    "sweep_id",
    "commit",
    "host",
    "runtime_s",
    "exit_code",
    "history_rows",
    "history_rows_expected",
    "history_status",
    "fetched_at",
    "deleted_at",
  ],
  last: [],
  blobs: ["run", "config", "summary", "system_info", "system_metrics"],
  residuals: [
    { name: "run_residual", blob: "run" },
    { name: "config_residual", blob: "config" },
    { name: "summary_residual", blob: "summary" },
    { name: "system_info_residual", blob: "system_info" },
    { name: "system_metrics_residual", blob: "system_metrics" },
  ],
};

const HISTORY: TableLayout = {
  name: "history",
  kind: "history",
  description: "One row for each row that a run logged, one column a metric.",
  key: [...names(RUN_KEY), ...names(STEP_KEY)],
  fixed: [
    ...RUN_KEY,
    ...STEP_KEY,
    {
      name: "logged_at",
      type: "timestamp",
      description: "When the row was logged: timestamp, to the microsecond.",
      computed: true,
    },
  ],
  first: [...names(RUN_KEY), ...names(STEP_KEY), "timestamp", "logged_at", "runtime_s"],
  last: [],
  blobs: ["history"],
  residuals: [{ name: "history_residual", blob: "history" }],
};

const SYSTEM_METRICS: TableLayout = {
  name: "system_metrics",
  kind: "system_metrics",
  description: "One row for each value that W&B's monitor measured, and for each value of a run's latest snapshot.",
  key: [...names(RUN_KEY), ...names(ORDINAL_KEY), ...names(SYSTEM_METRIC_KEYS)],
  fixed: [...RUN_KEY, ...ORDINAL_KEY, ...SYSTEM_METRIC_KEYS],
  first: [...names(RUN_KEY), ...names(ORDINAL_KEY), "timestamp", "runtime_s"],
  last: [...names(SYSTEM_METRIC_KEYS), SYSTEM_METRIC_VALUE.name],
  blobs: ["system_event"],
  residuals: [{ name: "residual", blob: "system_event" }],
};

const SWEEPS: TableLayout = {
  name: "sweeps",
  kind: "sweeps",
  description: "One row a sweep.",
  key: names(SWEEP_KEY),
  fixed: SWEEP_KEY,
  first: [...names(SWEEP_KEY), "name", "state", "method", "metric_name", "metric_goal", "config"],
  last: [],
  blobs: ["sweep"],
  residuals: [{ name: "residual", blob: "sweep" }],
};

const MISFIT_COLUMNS: readonly FixedColumn[] = [
  ...RUN_KEY,
  text("table", "The table that holds a NULL in place of the value."),
  whole("step", "The step of its row; -1 where rows have none."),
  whole("ordinal", "The ordinal of its row; -1 where rows have none."),
  text("column", "The column that is NULL."),
  text("path", "JSON Pointer of the value inside its blob."),
  text("json_type", "What the value is: boolean, integer, number, string, array or object."),
  text("value_text", "The value, as its JSON text."),
];

const MISFITS: TableLayout = {
  name: "misfits",
  kind: "misfits",
  description: "One row for each value that does not fit its column's type: what a NULL hides.",
  key: names(MISFIT_COLUMNS).slice(0, 8),
  fixed: MISFIT_COLUMNS,
  first: names(MISFIT_COLUMNS),
  last: [],
  blobs: [],
  residuals: [],
};

const DICTIONARY_COLUMNS: readonly FixedColumn[] = [
  text("table", "The table."),
  text("column", "The column."),
  whole("id", "The column's permanent id; the Parquet field id."),
  text("type", "Its logical type."),
  text("blob", "The blob that fills it; NULL for key and computed columns."),
  text("path", "JSON Pointer inside the blob; for a value of a family relative to the member."),
  text("description", "What it means."),
  text("unit", "Unit of its values."),
  text("since", "First version that writes it."),
  text("until", "Last version that writes it."),
  text("source", "Who writes it."),
];

const COLUMNS: TableLayout = {
  name: "columns",
  kind: "columns",
  description: "The data dictionary: one row for each column of every table.",
  key: ["table", "column"],
  fixed: DICTIONARY_COLUMNS,
  first: names(DICTIONARY_COLUMNS),
  last: [],
  blobs: [],
  residuals: [],
};

/** The tables that every plan has, in order; tables of families come before the first of `TRAILING_TABLES`. */
export const LEADING_TABLES: readonly TableLayout[] = [RUNS, HISTORY, SYSTEM_METRICS, SWEEPS];
export const TRAILING_TABLES: readonly TableLayout[] = [MISFITS, COLUMNS];

/** The table whose columns a blob fills. */
export function layoutOf(blob: BlobName): TableLayout {
  const layout = LEADING_TABLES.find((table) => table.blobs.includes(blob));
  if (layout === undefined) throw new RangeError(`No table holds the blob ${blob}`);
  return layout;
}
