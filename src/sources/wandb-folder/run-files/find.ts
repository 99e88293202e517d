import { basename, dirname, join, resolve } from "node:path";
import type { FolderFiles } from "../files.js";

/** The files that W&B's clients write beside or instead of a log, by what they hold. */
export const FILE_NAMES = {
  config: "config.yaml",
  summary: "wandb-summary.json",
  metadata: "wandb-metadata.json",
  history: "wandb-history.jsonl",
  events: "wandb-events.jsonl",
  description: "description.md",
} as const;
export type FileRole = keyof typeof FILE_NAMES;
const ROLES = Object.keys(FILE_NAMES) as FileRole[];

/** Names that nothing but W&B gives: they make a folder of any name the folder of a run. */
const TELLING: ReadonlySet<string> = new Set(
  ROLES.flatMap((role) => (FILE_NAMES[role].startsWith("wandb-") ? FILE_NAMES[role] : [])),
);

const RUN_FOLDER = /^(?:offline-)?(?:run|dryrun)-(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})-(.*)$/s;
const FILES = "files";

/** The files of one run in a folder. */
export interface RunFiles {
  readonly folder: string;
  /** The run id in the name `run-<date>-<id>` of the folder, else its name. */
  readonly nameId: string;
  /** Whether the name of the folder has W&B's form. */
  readonly isNamed: boolean;
  /** Start of the run in the folder's name, in the form of a timestamp in UTC; "" when there is none. */
  readonly nameTime: string;
  readonly places: Readonly<Partial<Record<FileRole, string>>>;
  /** Further files of the same names, which are left alone. */
  readonly others: readonly string[];
}

type Entries = Awaited<ReturnType<FolderFiles["list"]>>;

/** Whether a folder has the name of a run folder. */
export function isRunFolder(path: string): boolean {
  return RUN_FOLDER.test(basename(resolve(path)));
}

/** The run folder that a path is or is the `files/` of; any other path as it is. */
export function runFolderOf(path: string): string {
  const whole = resolve(path);
  return basename(whole) === FILES && isRunFolder(dirname(whole)) ? dirname(whole) : path;
}

function fileNames(entries: Entries): Set<string> {
  return new Set(entries.flatMap((entry) => (entry.kind === "file" ? entry.name : [])));
}

/** The run that a folder's name tells of. */
function named(folder: string): Pick<RunFiles, "nameId" | "isNamed" | "nameTime"> {
  const name = basename(resolve(folder));
  const [, year, month, day, hour, minute, second, id] = RUN_FOLDER.exec(name) ?? [];
  if (id === undefined) return { nameId: name, isNamed: false, nameTime: "" };
  return { nameId: id, isNamed: true, nameTime: `${year}-${month}-${day}T${hour}:${minute}:${second}Z` };
}

/**
 * The files of the run whose folder this is: directly in it, as clients before 0.10 wrote them, or in `files/` below it.
 * Undefined when it has none, or when neither its name nor a file's name is W&B's.
 * @param entries the folder's own.
 * @param isKnown whether it is the folder of a run for another reason than the names of files.
 */
export async function findRunFiles(
  folder: string,
  entries: Entries,
  files: Pick<FolderFiles, "list">,
  isKnown = isRunFolder(folder),
): Promise<RunFiles | undefined> {
  const own = fileNames(entries);
  if (!isKnown && ![...own].some((name) => TELLING.has(name))) return undefined;
  const below = join(folder, FILES);
  const hasBelow = entries.some((entry) => entry.kind === "folder" && entry.name === FILES);
  const inside = hasBelow ? fileNames(await files.list(below)) : new Set<string>();
  const places: Partial<Record<FileRole, string>> = {};
  const others: string[] = [];
  for (const role of ROLES) {
    const name = FILE_NAMES[role];
    const found = [...(inside.has(name) ? [join(below, name)] : []), ...(own.has(name) ? [join(folder, name)] : [])];
    const [first, ...rest] = found;
    if (first !== undefined) places[role] = first;
    others.push(...rest);
  }
  if (Object.keys(places).length === 0) return undefined;
  const isFilesFolder = basename(resolve(folder)) === FILES;
  return { folder, ...named(isFilesFolder ? dirname(resolve(folder)) : folder), places, others };
}

/** Whether a file is one that makes its folder the folder of a run. */
export function isRunFile(path: string): boolean {
  const name = basename(path);
  return TELLING.has(name) || (name === FILE_NAMES.config && isRunFolder(runFolderOf(dirname(path))));
}
