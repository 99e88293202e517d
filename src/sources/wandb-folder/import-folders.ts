import { join } from "node:path";
import type { RunKey } from "../../blob.js";
import { SourceError } from "../../errors.js";
import { type Finding, finding } from "../../finding.js";
import {
  type ImportOptions,
  type ImportUnit,
  optionNames,
  type RecordWriter,
  readUnit,
} from "../../store/raw-record.js";
import { type LogPlace, recogniseWandbFolder, type WandbFolder } from "./discover.js";
import { type FolderFiles, namingErrors, unlessUnreadable } from "./files.js";
import { filesBesideLog, importLog, refusalOf } from "./import-logs.js";
import { type Account, inOrder } from "./in-order.js";
import { type LogHead, peekLog } from "./peek.js";
import { findRunFiles, type RunFiles } from "./run-files/find.js";
import { importRunFiles, peekRunFiles, type RunFilesHead } from "./run-files/import-run.js";

type Report = (item: Finding) => void;

/**
 * Imports the runs below the given paths: `.wandb` files, run folders, `wandb/` folders. A run is read from its
 * transaction log (`run-<id>.wandb`), which becomes one log of the source wandb-log. A run without a log, or with one of
 * which nothing can be read, is read from its other files and becomes one log of the source wandb-files. Logs of one run
 * come in the order of their start.
 *
 * Entity and project come from the log or the metadata, else from the options, else they are empty with a finding.
 *
 * @throws SourceError `source/no-logs` when no run can be read at any of the paths.
 * @throws the signal's reason when the import is aborted, after the log under way was left without its end.
 */
export async function importWandbFolders(
  paths: readonly string[],
  writer: RecordWriter,
  options: ImportOptions,
  system: FolderFiles,
): Promise<void> {
  const report = (item: Finding) => writer.finding(item);
  const files = namingErrors(system);
  const found = await findAll(paths, files, report);
  const { heads, instead } = await peekLogs(found.logs, files, report, options.maxText);
  const runs = [...found.runs, ...instead];
  if (heads.length === 0 && runs.length === 0) throw nothing(paths);
  const progress = { bytes: 0 };
  for (const log of inOrder(
    heads.map((head) => logAccount(head, options)),
    report,
  )) {
    await readUnit(options, logUnit(log, options), () => importLog(log, writer, options, files, progress));
  }
  const accounts: (Account & { readonly head: RunFilesHead })[] = [];
  for (const run of runs) accounts.push(runAccount(await peekRunFiles(run, files), options));
  for (const run of inOrder(accounts, report)) {
    await readUnit(options, runUnit(run, options), () => importRunFiles(run, writer, options, files, progress));
  }
}

type Placed<Head> = Account & { readonly head: Head };

const accountNames = ({ key, start }: Account): string[] => [key.entity, key.project, key.run_id, start];

function logUnit(log: Placed<LogHead>, options: ImportOptions): ImportUnit {
  const { place } = log.head;
  const name = ["wandb-log", ...accountNames(log), ...optionNames(options)];
  return { name, files: [place.file, ...filesBesideLog(place)] };
}

function runUnit(run: Placed<RunFilesHead>, options: ImportOptions): ImportUnit {
  const { isNamed, nameId, places } = run.head.run;
  const name = ["wandb-files", ...accountNames(run), nameId, String(isNamed), ...optionNames(options)];
  return { name, files: Object.values(places) };
}

function nothing(paths: readonly string[]): SourceError {
  return new SourceError("source/no-logs", `No W&B run can be read at ${paths.join(", ")}.`, {
    next: "Give a wandb/ folder, a run folder, or a run-<id>.wandb file.",
  });
}

async function findAll(
  paths: readonly string[],
  files: FolderFiles,
  report: Report,
): Promise<{ readonly logs: LogPlace[]; readonly runs: RunFiles[] }> {
  const logs = new Map<string, LogPlace>();
  const runs = new Map<string, RunFiles>();
  for (const path of paths) {
    const found = await unlessUnreadable(path, report, () => recogniseWandbFolder(path, files));
    if (found === undefined) continue;
    if ("tried" in found) {
      const message = `No W&B run was found; tried ${found.tried.join("; ")}`;
      report(finding("source/unreadable", message, { where: { file: path } }));
    } else {
      for (const item of found.findings) report(item);
      addAll(found, logs, runs);
    }
  }
  return { logs: [...logs.values()], runs: [...runs.values()] };
}

function addAll(found: WandbFolder, logs: Map<string, LogPlace>, runs: Map<string, RunFiles>): void {
  for (const log of found.logs) logs.set(join(log.file), log);
  for (const run of found.runs) runs.set(join(run.folder), run);
}

/** The logs that can be read; and the files that stand for those of which nothing can. */
async function peekLogs(
  places: readonly LogPlace[],
  files: FolderFiles,
  report: Report,
  maxRecord: number | undefined,
): Promise<{ readonly heads: LogHead[]; readonly instead: RunFiles[] }> {
  const heads: LogHead[] = [];
  const useless: LogPlace[] = [];
  for (const place of places) {
    const head = await unlessUnreadable(place.file, report, () => peekLog(place, files, maxRecord));
    const refusal = head === undefined ? undefined : refusalOf(head);
    if (refusal !== undefined) report(refusal);
    if (head === undefined || refusal !== undefined) useless.push(place);
    else heads.push(head);
  }
  const used = new Set(heads.filter((head) => head.hasRecords).map((head) => head.place.folder));
  const instead: RunFiles[] = [];
  for (const place of [...useless, ...heads.filter((head) => !head.hasRecords).map((head) => head.place)]) {
    if (used.has(place.folder)) continue;
    const run = await filesBeside(place, files, report);
    if (run === undefined) continue;
    used.add(place.folder);
    instead.push(run);
  }
  const replaced = new Set(instead.map((run) => run.folder));
  return { heads: heads.filter((head) => head.hasRecords || !replaced.has(head.place.folder)), instead };
}

/** The files beside a log of which nothing can be read, as those of the run that the log is named for. */
async function filesBeside(place: LogPlace, files: FolderFiles, report: Report): Promise<RunFiles | undefined> {
  const run = await unlessUnreadable(place.folder, report, async () =>
    findRunFiles(place.folder, await files.list(place.folder), files, true),
  );
  if (run === undefined) return undefined;
  const message = "Nothing can be read of the log; the run was imported from the files beside it";
  report(finding("source/partial", message, { where: { file: place.file } }));
  return { ...run, nameId: place.nameId, isNamed: true };
}

function keyOf(
  run_id: string,
  from: { readonly entity: string; readonly project: string },
  options: ImportOptions,
): RunKey {
  return { entity: from.entity || options.entity || "", project: from.project || options.project || "", run_id };
}

function logAccount(head: LogHead, options: ImportOptions): Account & { readonly head: LogHead } {
  const { start, size: bytes, place, runId } = head;
  return { head, key: keyOf(runId, head, options), start, bytes, path: place.file };
}

function runAccount(head: RunFilesHead, options: ImportOptions): Account & { readonly head: RunFilesHead } {
  const { start, bytes, run } = head;
  return { head, key: keyOf(run.nameId, head, options), start, bytes, path: run.folder };
}
