import { basename, dirname, join } from "node:path";
import type { DrWandbFiles } from "./files.js";
import { type JsonLinesLayout, recogniseJsonLines } from "./jsonl/layout.js";

/** The Parquet files of one dr_wandb export. */
export interface ParquetLayout {
  readonly kind: "parquet";
  /** The path that was given. */
  readonly path: string;
  /** `runs_metadata.parquet`. */
  readonly metadata: string | undefined;
  /** `runs_metadata_<component>.parquet`: run_id and one column each. */
  readonly components: readonly string[];
  /** `runs_history.parquet`. */
  readonly history: string | undefined;
  /** Other Parquet files beside them. */
  readonly unknown: readonly string[];
  /** Files of a JSON Lines export in the same folder. */
  readonly others: readonly string[];
}

export type DrWandbLayout = ParquetLayout | JsonLinesLayout;

/** What a path was found to be; `reasons` say why it is no export. */
export type Recognition =
  | { readonly layout: DrWandbLayout; readonly reasons: readonly [] }
  | { readonly layout: undefined; readonly reasons: readonly string[] };

const METADATA = "runs_metadata.parquet";
const COMPONENT = /^runs_metadata_.+\.parquet$/;
const HISTORY = "runs_history.parquet";
const JSON_LINES: ReadonlySet<string> = new Set(["runs.jsonl", "history.jsonl"]);

function parquetLayout(path: string, folder: string, names: readonly string[]): ParquetLayout | string {
  const find = (name: string) => (names.includes(name) ? join(folder, name) : undefined);
  const components = names.filter((name) => COMPONENT.test(name));
  const [metadata, history] = [find(METADATA), find(HISTORY)];
  if (metadata === undefined && history === undefined && components.length === 0) {
    const expected = `${METADATA}, runs_metadata_<component>.parquet or ${HISTORY}`;
    return `dr_wandb export: expected ${expected}, found ${names.length === 0 ? "nothing" : "other files"}`;
  }
  const known = new Set([METADATA, HISTORY, ...components]);
  const full = (list: readonly string[]) => list.map((name) => join(folder, name));
  return {
    kind: "parquet",
    path,
    metadata,
    components: full(components),
    history,
    unknown: full(names.filter((name) => name.endsWith(".parquet") && !known.has(name))),
    others: full(names.filter((name) => JSON_LINES.has(name))),
  };
}

/**
 * Recognises a folder, or one file, of a dr_wandb export: Parquet by its file names, JSON Lines by the names and the
 * first line. A folder that holds both is the Parquet export.
 */
export async function recogniseDrWandb(path: string, files: DrWandbFiles): Promise<Recognition> {
  let isFolder: boolean;
  try {
    isFolder = (await files.stat(path)).isDirectory();
  } catch (error) {
    const why = `dr_wandb export: ${path} cannot be read (${error instanceof Error ? error.message : error})`;
    return { layout: undefined, reasons: [why] };
  }
  const folder = isFolder ? path : dirname(path);
  const names = isFolder ? (await files.readdir(path)).sort() : [basename(path)];
  const parquet = parquetLayout(path, folder, names);
  if (typeof parquet !== "string") return { layout: parquet, reasons: [] };
  const lines = await recogniseJsonLines(path, folder, names, files);
  if ("kind" in lines) return { layout: lines, reasons: [] };
  return { layout: undefined, reasons: [parquet, ...lines.reasons] };
}

/** The files whose records are imported. */
export function recordFiles(layout: DrWandbLayout): string[] {
  const { history } = layout;
  const runs =
    layout.kind === "parquet" ? [layout.metadata ?? [], layout.components].flat() : [layout.runs ?? []].flat();
  return [...runs, ...(history === undefined ? [] : [history])];
}

/** One line for people. */
export function describeLayout(layout: DrWandbLayout): string {
  const count = recordFiles(layout).length;
  const files = `${count} ${layout.kind === "parquet" ? "Parquet" : "JSON Lines"} file${count === 1 ? "" : "s"}`;
  return `a dr_wandb export of ${files}`;
}
