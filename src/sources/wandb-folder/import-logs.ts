import { join } from "node:path";
import type { RunKey } from "../../blob.js";
import { SourceError } from "../../errors.js";
import { type Finding, type FindingCode, finding } from "../../finding.js";
import { formatPointer } from "../../json/pointer.js";
import type { ImportOptions, LogState, RecordWriter, RunBlobs } from "../../store/raw-record.js";
import { type LogPlace, recogniseWandbFolder } from "./discover.js";
import { type FolderFiles, namingErrors, type OpenFile, readWhole } from "./files.js";
import { FindingBudget } from "./finding-budget.js";
import type { Tail } from "./framing.js";
import { type LogHead, peekLog } from "./peek.js";
import { readLog } from "./read-log.js";
import { LogReplay, type ReplayProblem } from "./replay.js";

const KNOWN_VERSIONS: ReadonlySet<number> = new Set([0, 1]);
const FLUSH_BYTES = 4 * 1024 * 1024;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const EVIDENCE = 200;

/**
 * Imports W&B's transaction logs (`run-<id>.wandb`) below the given paths: `.wandb` files, run folders, `wandb/` folders.
 * Each log becomes one log of the writer, logs of one run in the order of their start. What is damaged or cut is reported
 * and the rest imported; a log without an exit record is `growing`.
 *
 * Entity and project come from the log, else from the options, else they are empty with a finding. SDKs before 0.21 log
 * no environment, and none logs a summary when the server derives it: then `files/wandb-metadata.json` and
 * `files/wandb-summary.json` beside the log are taken as they are.
 *
 * @throws SourceError `source/no-logs` when no log can be read at any of the paths.
 * @throws the signal's reason when the import is aborted, after the log under way was left without its end.
 */
export async function importWandbLogs(
  paths: readonly string[],
  writer: RecordWriter,
  options: ImportOptions,
  system: FolderFiles,
): Promise<void> {
  const report = (item: Finding) => writer.finding(item);
  const files = namingErrors(system);
  const places = await findLogs(paths, files, report);
  const heads = await peekAll(places, files, report, options.maxText);
  if (heads.length === 0) throw noLogs(paths);
  const progress = { bytes: 0 };
  for (const head of inOrder(heads, options, report)) await importLog(head, writer, options, files, progress);
}

function noLogs(paths: readonly string[]): SourceError {
  return new SourceError("source/no-logs", `No W&B log can be read at ${paths.join(", ")}.`, {
    next: "Give a wandb/ folder, a run folder, or a run-<id>.wandb file.",
  });
}

async function findLogs(
  paths: readonly string[],
  files: FolderFiles,
  report: (item: Finding) => void,
): Promise<LogPlace[]> {
  const places = new Map<string, LogPlace>();
  for (const path of paths) {
    const found = await unlessUnreadable(path, report, () => recogniseWandbFolder(path, files));
    if (found === undefined) continue;
    if ("tried" in found) {
      const message = `No W&B log was found; tried ${found.tried.join("; ")}`;
      report(finding("source/unreadable", message, { where: { file: path } }));
      continue;
    }
    for (const item of found.findings) report(item);
    for (const log of found.logs) places.set(join(log.file), log);
  }
  return [...places.values()];
}

async function peekAll(
  places: readonly LogPlace[],
  files: FolderFiles,
  report: (item: Finding) => void,
  maxRecord: number | undefined,
): Promise<LogHead[]> {
  const heads: LogHead[] = [];
  for (const place of places) {
    const head = await unlessUnreadable(place.file, report, () => peekLog(place, files, maxRecord));
    if (head === undefined) continue;
    const refusal = refusalOf(head);
    if (refusal === undefined) heads.push(head);
    else report(refusal);
  }
  return heads;
}

/** Why a log is not imported, if it is not. */
function refusalOf({ formatVersion, hasRecords, isBlank, place }: LogHead): Finding | undefined {
  const where = { file: place.file };
  if (isBlank) return finding("source/open-log", "The log has no record yet", { where });
  if (formatVersion === undefined && !hasRecords) {
    return finding("source/wrong-shape", "The file is no W&B log: neither its header nor any record is", { where });
  }
  if (formatVersion === undefined || KNOWN_VERSIONS.has(formatVersion)) return undefined;
  const known = [...KNOWN_VERSIONS].join(" and ");
  return finding("source/wrong-shape", `The log has format version ${formatVersion}, known are ${known}`, { where });
}

async function unlessUnreadable<T>(
  path: string,
  report: (item: Finding) => void,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    report(finding("source/unreadable", error.message, { where: { file: path } }));
    return undefined;
  }
}

/** A log with its place in the project settled. */
interface Log {
  readonly head: LogHead;
  readonly key: RunKey;
}

/** Logs of one run follow each other by start; of two logs with one run and start the longer is imported. */
function inOrder(heads: readonly LogHead[], options: ImportOptions, report: (item: Finding) => void): Log[] {
  const logs = heads.map((head) => ({
    head,
    key: {
      entity: head.entity || options.entity || "",
      project: head.project || options.project || "",
      run_id: head.runId,
    },
  }));
  const order = ({ head, key }: Log) => [key.entity, key.project, key.run_id, head.start];
  const kept = new Map<string, Log>();
  for (const log of logs.sort((a, b) => compare(order(a), order(b)) || b.head.size - a.head.size)) {
    const id = JSON.stringify(order(log));
    const first = kept.get(id);
    if (first === undefined) kept.set(id, log);
    else report(twice(first, log));
  }
  return [...kept.values()];
}

function twice(first: Log, second: Log): Finding {
  const message = `A log of the same run and start was imported from ${first.head.place.file}; this one was left alone`;
  return finding("source/copy-differs", message, { run: second.key, where: { file: second.head.place.file } });
}

function compare(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((text, i) => text !== b[i]);
  return at < 0 ? 0 : (a[at] ?? "") < (b[at] ?? "") ? -1 : 1;
}

async function importLog(
  log: Log,
  writer: RecordWriter,
  options: ImportOptions,
  files: FolderFiles,
  progress: { bytes: number },
): Promise<void> {
  const { head, key } = log;
  const { place } = head;
  const findings = new FindingBudget((item) => writer.finding(item));
  const tell = (code: FindingCode, message: string, more: Omit<Finding, "code" | "severity" | "message"> = {}) =>
    findings.add(finding(code, message, { run: key, where: { file: place.file, run: key.run_id }, ...more }));
  writer.begin({ ...key, source: "wandb-log", start: head.start });
  reportHead(log, tell);
  const facts = { ...head, formatVersion: head.formatVersion ?? 0 };
  const replay = new LogReplay(writer, facts, asProblem(tell), options.maxText);
  const tail = await unlessUnreadable(place.file, findings.add.bind(findings), async () => {
    const file = await files.open(place.file);
    try {
      return await readRecords(file, replay, writer, options, progress, tell);
    } finally {
      await file.close();
    }
  });
  const { blobs, ended } = replay.finish();
  if (tail !== undefined && tail !== "whole") reportTail(tail, ended, tell);
  const filled = await fillFromFiles(
    blobs,
    place,
    files,
    findings,
    Math.min(MAX_FILE_BYTES, options.maxText ?? MAX_FILE_BYTES),
  );
  findings.close();
  await writer.end(filled, stateOf(findings, ended));
}

type Tell = (code: FindingCode, message: string, more?: Omit<Finding, "code" | "severity" | "message">) => void;

function reportHead({ head, key }: Log, tell: Tell): void {
  if (head.formatVersion === undefined) tell("source/damaged", "The file does not start with W&B's header");
  if (!head.hasRun) {
    tell("source/wrong-shape", `The log has no run record; the run id ${key.run_id} was taken from the file name`);
  }
  const unknown = (["entity", "project"] as const).filter((part) => key[part] === "");
  if (unknown.length > 0) tell("run/unknown-place", `The log does not name its ${unknown.join(" and ")}`);
}

function asProblem(tell: Tell): ReplayProblem {
  return (code, message, { blob, path, evidence }) =>
    tell(code, message, {
      ...(blob === undefined ? {} : { blob }),
      ...(path === undefined ? {} : { path: formatPointer(path) }),
      evidence: evidence.slice(0, EVIDENCE),
    });
}

async function readRecords(
  file: OpenFile,
  replay: LogReplay,
  writer: RecordWriter,
  options: ImportOptions,
  progress: { bytes: number },
  tell: Tell,
): Promise<Tail | "whole"> {
  const before = progress.bytes;
  let flushed = 0;
  const sink = {
    record: replay.record.bind(replay),
    damage: (offset: number, message: string) => tell("source/damaged", `At byte ${offset}: ${message}`),
    tooLong: (offset: number, most: number) =>
      tell("source/too-long", `The record at byte ${offset} has more than ${most} bytes`),
  };
  const step = async (bytes: number): Promise<boolean> => {
    options.signal?.throwIfAborted();
    progress.bytes = before + bytes;
    options.progress?.(progress.bytes);
    if (replay.written - flushed >= FLUSH_BYTES) {
      flushed = replay.written;
      await writer.flush();
    }
    return true;
  };
  const { tail } = await readLog(file, sink, step, options.maxText);
  return tail ?? "whole";
}

/** A cut after the exit record is a truncated file; a cut without one is what a running or killed run leaves. */
function reportTail(tail: Tail, ended: boolean, tell: Tell): void {
  if (ended && tail.why === "zeros to the end") return;
  const message = `The record at byte ${tail.offset} is not whole: ${tail.why}`;
  tell(ended ? "source/truncated" : "source/open-log", message);
}

/** Findings after which a log is not whole. */
const LOSSES = ["source/damaged", "source/truncated", "source/unreadable", "source/too-long"] as const;

function stateOf(findings: FindingBudget, ended: boolean): LogState {
  if (LOSSES.some((code) => findings.has(code))) return "damaged";
  return ended ? "complete" : "growing";
}

const BESIDE = { system_info: "wandb-metadata.json", summary: "wandb-summary.json" } as const;

async function fillFromFiles(
  blobs: RunBlobs,
  place: LogPlace,
  files: FolderFiles,
  findings: FindingBudget,
  most: number,
): Promise<RunBlobs> {
  const found: Partial<Record<keyof typeof BESIDE, Uint8Array>> = {};
  for (const blob of ["system_info", "summary"] as const) {
    const path = join(place.folder, "files", BESIDE[blob]);
    if (blobs[blob] !== undefined) continue;
    await unlessUnreadable(path, findings.add.bind(findings), async () => {
      if ((await files.kind(path)) !== "file") return;
      const bytes = await readWhole(files, path, most);
      if (bytes !== undefined) found[blob] = bytes;
      else findings.add(finding("source/too-long", `The file has more than ${most} bytes`, { where: { file: path } }));
    });
  }
  return { ...blobs, ...found };
}
