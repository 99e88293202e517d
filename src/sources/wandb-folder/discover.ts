import { basename, dirname, join } from "node:path";
import { type Finding, finding } from "../../finding.js";
import type { FolderFiles } from "./files.js";
import { FILE_NAMES, findRunFiles, isRunFile, isRunFolder, type RunFiles, runFolderOf } from "./run-files/find.js";

/** How deep below a given folder run folders are looked for: `wandb/<run folder>` is depth 1. */
const MAX_DEPTH = 3;
const LOG_FILE = /\.wandb$/;

/** One transaction log. */
export interface LogPlace {
  readonly file: string;
  /** Its folder, in which `files/` may be. */
  readonly folder: string;
  /** The run id in the name `run-<id>.wandb`, else the name without its ending. */
  readonly nameId: string;
}

export interface WandbFolder {
  readonly kind: "wandb-file" | "run-folder" | "wandb-folder";
  /** One line for people. */
  readonly description: string;
  /** In the order of their paths. */
  readonly logs: readonly LogPlace[];
  /** Runs without a log that have other files, in the order of their folders. */
  readonly runs: readonly RunFiles[];
  /** Run folders that have neither, and folders that cannot be listed. */
  readonly findings: readonly Finding[];
}

/** Why a path was not recognised, a sentence for each thing that was looked for. */
export interface NotRecognised {
  readonly tried: readonly string[];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function describe({ logs, runs }: Found, isRun: boolean): string {
  const parts = [
    ...(logs.length === 0 ? [] : [counted(logs.length, "W&B log")]),
    ...(runs.length === 0 ? [] : [`files of ${counted(runs.length, "run")} without a log`]),
  ];
  return `${isRun ? "a run folder with" : "a folder of"} ${parts.join(" and ")}`;
}

/**
 * Says whether a path is a `.wandb` file, a run folder that holds one or the files of an older client, one of these files,
 * or a folder with run folders in it, such as `wandb/` (up to three levels deep). Links inside a folder are not followed, so
 * `latest-run` does not count twice; a path that is itself a link is.
 * @throws the file system's error when the path cannot be looked at.
 */
export async function recogniseWandbFolder(given: string, files: FolderFiles): Promise<WandbFolder | NotRecognised> {
  const kind = await files.kind(given);
  if (kind === undefined) return { tried: ["nothing is at this path"] };
  if (kind === "file" && isRunFile(given)) return recogniseWandbFolder(dirname(given), files);
  const path = kind === "folder" ? runFolderOf(given) : given;
  if (kind === "file") {
    if (!LOG_FILE.test(path)) return { tried: ["a .wandb file: the name does not end in .wandb"] };
    return { kind: "wandb-file", description: "one W&B log", logs: [logPlace(path)], runs: [], findings: [] };
  }
  if (kind !== "folder") return { tried: ["neither a file nor a folder"] };
  const found: Found = { logs: [], runs: [], findings: [], listed: 0 };
  await search(path, 0, files, found);
  if (found.logs.length === 0 && found.runs.length === 0) {
    const places = `in ${found.listed} folders up to ${MAX_DEPTH} levels deep`;
    const { history, summary, metadata } = FILE_NAMES;
    return { tried: [`run-<id>.wandb, ${history}, ${summary} or ${metadata}: none ${places}`] };
  }
  const logs = found.logs.sort((a, b) => (a.file < b.file ? -1 : 1));
  const runs = found.runs.sort((a, b) => (a.folder < b.folder ? -1 : 1));
  const isRun = [...logs, ...runs].every((place) => place.folder === path);
  const description = describe(found, isRun);
  return { kind: isRun ? "run-folder" : "wandb-folder", description, logs, runs, findings: found.findings };
}

interface Found {
  readonly logs: LogPlace[];
  readonly runs: RunFiles[];
  readonly findings: Finding[];
  listed: number;
}

function logPlace(file: string): LogPlace {
  const name = basename(file).replace(LOG_FILE, "");
  return { file, folder: dirname(file), nameId: name.replace(/^run-/, "") };
}

async function search(folder: string, depth: number, files: FolderFiles, found: Found): Promise<void> {
  const list = (path: string) => listOrReport(path, depth, files, found);
  const entries = await list(folder);
  const logs = entries.filter((entry) => entry.kind === "file" && LOG_FILE.test(entry.name));
  found.logs.push(...logs.map((entry) => logPlace(join(folder, entry.name))));
  if (logs.length > 0) return;
  const run = await findRunFiles(folder, entries, { list });
  if (run !== undefined) {
    found.runs.push(run);
    return;
  }
  if (isRunFolder(folder)) {
    const message = `A run folder has neither a .wandb log nor ${Object.values(FILE_NAMES).slice(0, -1).join(", ")}`;
    found.findings.push(finding("source/unrecognised", message, { where: { file: folder } }));
    return;
  }
  if (depth === MAX_DEPTH) return;
  for (const entry of entries) {
    if (entry.kind === "folder") await search(join(folder, entry.name), depth + 1, files, found);
  }
}

async function listOrReport(
  folder: string,
  depth: number,
  files: FolderFiles,
  found: Found,
): ReturnType<FolderFiles["list"]> {
  found.listed += 1;
  try {
    return await files.list(folder);
  } catch (error) {
    if (depth === 0) throw error;
    const message = `A folder cannot be listed: ${error instanceof Error ? error.message : String(error)}`;
    found.findings.push(finding("source/unreadable", message, { where: { file: folder } }));
    return [];
  }
}
