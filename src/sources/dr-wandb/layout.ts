import { basename, join } from "node:path";

/** The file operations of this source: those of `node:fs/promises`. */
export type DrWandbFiles = Pick<typeof import("node:fs/promises"), "open" | "readdir" | "stat">;

/** The Parquet files of one dr_wandb export. */
export interface DrWandbLayout {
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
}

/** What a path was found to be; `reasons` say why it is no export. */
export type Recognition =
  | { readonly layout: DrWandbLayout; readonly reasons: readonly [] }
  | { readonly layout: undefined; readonly reasons: readonly string[] };

const METADATA = "runs_metadata.parquet";
const COMPONENT = /^runs_metadata_.+\.parquet$/;
const HISTORY = "runs_history.parquet";

function refused(reason: string): Recognition {
  return { layout: undefined, reasons: [reason] };
}

function layoutOf(path: string, folder: string, names: readonly string[]): Recognition {
  const find = (name: string) => (names.includes(name) ? join(folder, name) : undefined);
  const components = names.filter((name) => COMPONENT.test(name));
  const [metadata, history] = [find(METADATA), find(HISTORY)];
  if (metadata === undefined && history === undefined && components.length === 0) {
    const expected = `${METADATA}, runs_metadata_<component>.parquet or ${HISTORY}`;
    return refused(`dr_wandb export: expected ${expected}, found ${names.length === 0 ? "nothing" : "other files"}`);
  }
  const known = new Set([METADATA, HISTORY, ...components]);
  const unknown = names.filter((name) => name.endsWith(".parquet") && !known.has(name));
  const full = (list: readonly string[]) => list.map((name) => join(folder, name));
  return { layout: { path, metadata, components: full(components), history, unknown: full(unknown) }, reasons: [] };
}

/** Recognises a folder, or one file, of a dr_wandb Parquet export by its file names. Reads no content. */
export async function recogniseDrWandb(path: string, files: DrWandbFiles): Promise<Recognition> {
  let isFolder: boolean;
  try {
    isFolder = (await files.stat(path)).isDirectory();
  } catch (error) {
    return refused(`dr_wandb export: ${path} cannot be read (${error instanceof Error ? error.message : error})`);
  }
  if (!isFolder) return layoutOf(path, join(path, ".."), [basename(path)]);
  return layoutOf(path, path, (await files.readdir(path)).sort());
}
