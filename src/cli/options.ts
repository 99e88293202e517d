import type { TableOptions } from "../pipelines/table-options.js";

/** One option of the command line. */
export interface Option {
  readonly short?: string;
  /** What stands for its value in the help, such as DIR; an option without one is a flag. */
  readonly value?: string;
  readonly help: string;
  /** The values it takes, where they are few. */
  readonly choices?: readonly string[];
  /** Whether `WANDB_COLUMNS_<NAME>` sets it where the flag does not. */
  readonly environment?: true;
}

export const RECORD_KINDS = ["history", "runs"] as const;
export const ON_NEW = ["report", "add", "fail"] as const;
export const FAIL_ON = ["error", "warning", "note", "never"] as const;
export const REPORT_FORMATS = ["text", "json", "md"] as const;
export const HISTORY_FORMS = ["wide", "long", "struct"] as const satisfies TableOptions["history"][];
export const COMPRESSIONS = [
  "zstd",
  "snappy",
  "gzip",
  "brotli",
  "lz4",
  "none",
] as const satisfies TableOptions["compression"][];
export const PARTITIONS = ["none", "project"] as const satisfies TableOptions["partitionBy"][];

/** Every option by its long name. An option means the same wherever it is accepted. */
export const OPTIONS = {
  project: {
    value: "DIR",
    help: "The project folder, with schemas/, raw/ and tables/. Default: the current folder.",
    environment: true,
  },
  entity: {
    value: "NAME",
    help: "The W&B entity of runs whose source does not say it.",
    environment: true,
  },
  "wandb-project": {
    value: "NAME",
    help: "The W&B project of runs whose source does not say it.",
    environment: true,
  },
  kind: {
    value: "KIND",
    help: "What each record of JSON Lines is: history (a row of a run's history) or runs (a run). Default: told by the first records.",
    choices: RECORD_KINDS,
  },
  "run-id-field": {
    value: "FIELD",
    help: "The member of JSON Lines that holds the run id: a name, names joined by dots, or a JSON Pointer. Default: run_id, run or id.",
  },
  "project-field": { value: "FIELD", help: "The same for the W&B project. Default: project." },
  "entity-field": { value: "FIELD", help: "The same for the W&B entity. Default: entity." },
  "on-new": {
    value: "WHAT",
    help: "Paths that no schema declares: report keeps them in the residual, add merges the proposal into schemas/, fail stops before tables are written. Default: report.",
    choices: ON_NEW,
    environment: true,
  },
  "fail-on": {
    value: "LEVEL",
    help: "Exit with 1 when there is a finding of this severity or above: error, warning, note or never. Default: error.",
    choices: FAIL_ON,
    environment: true,
  },
  memory: {
    value: "SIZE",
    help: "Memory to stay within, such as 2GB or 800MB. Default: a quarter of the machine's, at most 4GB.",
    environment: true,
  },
  threads: { value: "N", help: "Threads of the engine. Default: one a processor.", environment: true },
  wait: {
    value: "SECONDS",
    help: "How long to wait for another process that writes the same folder. Default: 60.",
    environment: true,
  },
  to: {
    value: "SINK",
    help: "Where tables go: parquet:DIR (a folder) or duckdb:FILE (one database). Default: parquet:tables in the project folder.",
  },
  history: {
    value: "FORM",
    help: "The history with one column a metric (wide), one row a metric (long: table history_long), or the metrics as one STRUCT column (struct: table history_struct). Default: wide.",
    choices: HISTORY_FORMS,
    environment: true,
  },
  compression: {
    value: "CODEC",
    help: "Of Parquet pages: zstd, snappy, gzip, brotli, lz4 or none. Default: zstd.",
    choices: COMPRESSIONS,
    environment: true,
  },
  "row-group-size": {
    value: "ROWS",
    help: "Most rows of a Parquet row group, at least 2048. Default: by the width of the table, at most 122880.",
    environment: true,
  },
  "partition-by": {
    value: "COLUMN",
    help: "project puts Parquet tables of many parts into folders such as history/project=mnist/. Default: none.",
    choices: PARTITIONS,
    environment: true,
  },
  from: { value: "DIR", help: "The folder of Parquet tables to read. Default: tables in the project folder." },
  write: { help: "Merge the proposal into schemas/ instead of printing it." },
  check: { help: "Write nothing; exit with 1 when generated/ is not what the schemas give." },
  sql: { help: "Print the queries that fill the tables instead of the list." },
  table: { value: "NAME", help: "Only this table." },
  format: { value: "FORMAT", help: "text, json or md. Default: text.", choices: REPORT_FORMATS },
  json: { help: "Print the result as JSON on stdout." },
  "dry-run": { help: "Say what would be done, and do nothing." },
  quiet: { short: "q", help: "No progress and no remarks on stderr; errors stay.", environment: true },
  debug: { help: "Show the stack of an error.", environment: true },
  help: { short: "h", help: "Show this help." },
  version: { short: "v", help: "Show the version." },
} as const satisfies Readonly<Record<string, Option>>;

export type OptionName = keyof typeof OPTIONS;

/** The table as a map of plain options. */
export const OPTION_TABLE: ReadonlyMap<OptionName, Option> = new Map(Object.entries(OPTIONS) as [OptionName, Option][]);

/** Accepted by every command. */
export const COMMON_OPTIONS: readonly OptionName[] = ["project", "quiet", "debug", "help", "version"];
