import { isAbsolute, join } from "node:path";
import { CliError } from "../errors.js";
import type { Severity } from "../finding.js";
import { type Config, loadConfig, tableOptionsOf, thresholdsOf } from "../pipelines/config.js";
import { defaultLimits, LEAST_MEMORY, type Limits, type Machine } from "../pipelines/environment.js";
import { type Project, projectAt } from "../pipelines/project.js";
import { parseSink, type SinkAddress, sinkText } from "../pipelines/sink-address.js";
import type { SourcePath } from "../pipelines/source-paths.js";
import type { OnNew } from "../pipelines/sync.js";
import type { TableOptions } from "../pipelines/table-options.js";
import type { Naming } from "../plan/names.js";
import type { Thresholds } from "../profile/infer-rules.js";
import { FEWEST_ROWS } from "../sinks/parquet.js";
import type { Effects } from "./effects.js";
import { COMPRESSIONS, FAIL_ON, HISTORY_FORMS, ON_NEW, type OptionName, PARTITIONS, RECORD_KINDS } from "./options.js";
import { type OptionValues, settingOrigin, settingText } from "./variables.js";

/** What a command works with, from option, environment and wandb-columns.json, in this order. */
export interface Settings {
  readonly project: Project;
  /** Sources of the configuration, relative ones inside the project folder. */
  readonly sources: readonly SourcePath[];
  readonly entity: string | undefined;
  readonly wandbProject: string | undefined;
  /** How JSON Lines are to be read, as options say. */
  readonly jsonLines: Omit<SourcePath, "path">;
  readonly onNew: OnNew;
  readonly failOn: Severity | "never";
  readonly limits: Limits;
  /** Seconds to wait for another process that writes the same folder. */
  readonly wait: number;
  readonly naming: Naming;
  readonly thresholds: Thresholds;
  /** Where tables are written to. */
  readonly sink: SinkAddress;
  readonly tableOptions: TableOptions;
}

/** What was given for options, as text, and what it is called where it was given. */
interface Given {
  readonly text: (name: OptionName) => string | undefined;
  readonly origin: (name: OptionName) => string;
}

function refuse(origin: string, expected: string, found: string): never {
  throw new CliError("usage/bad-value", `${origin} is ${expected}, found ${JSON.stringify(found)}.`, {
    next: "Correct it there; docs/guide.md lists the settings.",
  });
}

function choice<T extends string>(name: OptionName, values: readonly T[], usual: T, { text, origin }: Given): T {
  const wanted = text(name) ?? usual;
  return values.find((value) => value === wanted) ?? refuse(origin(name), `one of ${values.join(", ")}`, wanted);
}

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/**
 * `2GB`, `800 MB`, `1.5GiB` to bytes.
 * @param origin what the text is called in the message.
 * @throws CliError when it is no size or under 200 MB.
 */
export function parseSize(text: string, origin: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)$/i.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? "").toLowerCase()];
  const bytes = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN));
  if (!(bytes >= LEAST_MEMORY) || !Number.isSafeInteger(bytes))
    refuse(origin, "a size of at least 200MB, such as 2GB", text);
  return bytes;
}

function limitsOf({ text, origin }: Given, config: Config, machine: Machine): Limits {
  const usual = defaultLimits(machine);
  const threads = text("threads") ?? String(config.threads ?? usual.threads);
  const count = Number(threads);
  if (!Number.isInteger(count) || count < 1 || count > 1024)
    refuse(origin("threads"), "a number from 1 to 1024", threads);
  const memory = text("memory") ?? config.memory;
  return { memory: memory === undefined ? usual.memory : parseSize(memory, origin("memory")), threads: count };
}

const USUAL_WAIT = 60;
const LONGEST_WAIT = 86_400;

function waitOf({ text, origin }: Given, config: Config): number {
  const given = text("wait") ?? String(config.wait ?? USUAL_WAIT);
  const seconds = /^\d+(\.\d+)?$/.test(given) ? Number(given) : Number.NaN;
  if (!(seconds <= LONGEST_WAIT)) refuse(origin("wait"), `a number of seconds from 0 to ${LONGEST_WAIT}`, given);
  return seconds;
}

/** Rows of a row group. @throws CliError when it is no whole number of at least 2,048 */
function rowGroupSize(text: string, origin: string): number {
  const rows = Number(text);
  if (!/^\d+$/.test(text) || rows < FEWEST_ROWS || !Number.isSafeInteger(rows))
    refuse(origin, `a whole number of at least ${FEWEST_ROWS}`, text);
  return rows;
}

function tableOptions(given: Given, config: Config): TableOptions {
  const usual = tableOptionsOf(config);
  const rows = given.text("row-group-size");
  return {
    ...usual,
    history: choice("history", HISTORY_FORMS, usual.history, given),
    compression: choice("compression", COMPRESSIONS, usual.compression, given),
    partitionBy: choice("partition-by", PARTITIONS, usual.partitionBy, given),
    ...(rows === undefined ? {} : { rowGroupSize: rowGroupSize(rows, given.origin("row-group-size")) }),
  };
}

/** Options that only Parquet tables have. */
const PARQUET_OPTIONS: readonly OptionName[] = ["compression", "row-group-size", "partition-by"];

/** @throws CliError `usage/sink-option` when a database is to be written as only Parquet can be */
function sinkOf(options: OptionValues, config: Config, project: Project): SinkAddress {
  const to = options.get("to");
  const usual = (): SinkAddress =>
    config.output === undefined ? { kind: "parquet", dir: project.tables } : parseSink(config.output, project.root);
  const sink = typeof to === "string" ? parseSink(to, "") : usual();
  const odd = PARQUET_OPTIONS.find((name) => options.has(name));
  if (sink.kind === "parquet" || odd === undefined) return sink;
  throw new CliError("usage/sink-option", `--${odd} is for Parquet tables, and ${sinkText(sink)} is a database.`, {
    next: `Leave --${odd} out, or write to parquet:DIR.`,
  });
}

/** A source of the configuration; a relative path is inside the project folder. */
function sourcePath(source: string | SourcePath, project: Project): SourcePath {
  const known = typeof source === "string" ? { path: source } : source;
  return { ...known, path: isAbsolute(known.path) ? known.path : join(project.root, known.path) };
}

const FIELDS = { runIdField: "run-id-field", projectField: "project-field", entityField: "entity-field" } as const;

function jsonLinesOptions(options: OptionValues): Omit<SourcePath, "path"> {
  const kind = RECORD_KINDS.find((name) => name === options.get("kind"));
  const fields = Object.entries(FIELDS).flatMap(([member, option]) => {
    const name = options.get(option);
    return typeof name === "string" ? [[member, name] as const] : [];
  });
  return { ...(kind === undefined ? {} : { kind }), ...Object.fromEntries(fields) };
}

/**
 * The settings of a command line.
 * @throws CliError `usage/…` when a value is wrong, SchemaError `config/…` when wandb-columns.json is.
 */
export async function readSettings(options: OptionValues, effects: Effects): Promise<Settings> {
  const given: Given = {
    text: (name) => settingText(name, options, effects.variables),
    origin: (name) => settingOrigin(name, options, effects.variables),
  };
  const project = projectAt(given.text("project") ?? ".");
  const config = await loadConfig(project.config, effects);
  const jsonLines = jsonLinesOptions(options);
  return {
    project,
    sources: (config.sources ?? []).map((source) => ({ ...sourcePath(source, project), ...jsonLines })),
    entity: given.text("entity") ?? config.entity,
    wandbProject: given.text("wandb-project") ?? config.wandbProject,
    jsonLines,
    onNew: choice("on-new", ON_NEW, config.onNew ?? "report", given),
    failOn: choice("fail-on", FAIL_ON, config.failOn ?? "error", given),
    limits: limitsOf(given, config, effects.machine),
    wait: waitOf(given, config),
    naming: config.naming ?? "snake",
    thresholds: thresholdsOf(config),
    sink: sinkOf(options, config, project),
    tableOptions: tableOptions(given, config),
  };
}
