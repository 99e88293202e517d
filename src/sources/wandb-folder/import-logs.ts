import { join } from "node:path";
import type { RunKey } from "../../blob.js";
import { type Finding, type FindingCode, finding } from "../../finding.js";
import { formatPointer } from "../../json/pointer.js";
import type { ImportOptions, LogState, RecordWriter, RunBlobs } from "../../store/raw-record.js";
import type { LogPlace } from "./discover.js";
import { type FolderFiles, type OpenFile, readWhole, unlessUnreadable } from "./files.js";
import { FindingBudget } from "./finding-budget.js";
import type { Tail } from "./framing.js";
import type { LogHead } from "./peek.js";
import { readLog } from "./read-log.js";
import { LogReplay, type ReplayProblem } from "./replay.js";

const KNOWN_VERSIONS: ReadonlySet<number> = new Set([0, 1]);
const FLUSH_BYTES = 4 * 1024 * 1024;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const EVIDENCE = 200;

/** A log with its place in the project settled. */
export interface LogToImport {
  readonly head: LogHead;
  readonly key: RunKey;
}

/** Why a log is not imported, if it is not. */
export function refusalOf({ formatVersion, hasRecords, isBlank, place }: LogHead): Finding | undefined {
  const where = { file: place.file };
  if (isBlank) return finding("source/open-log", "The log has no record yet", { where });
  if (formatVersion === undefined && !hasRecords) {
    return finding("source/wrong-shape", "The file is no W&B log: neither its header nor any record is", { where });
  }
  if (formatVersion === undefined || KNOWN_VERSIONS.has(formatVersion)) return undefined;
  const known = [...KNOWN_VERSIONS].join(" and ");
  return finding("source/wrong-shape", `The log has format version ${formatVersion}, known are ${known}`, { where });
}

/**
 * Imports one log. What is damaged or cut is reported and the rest imported; a log without an exit record is `growing`.
 * SDKs before 0.21 log no environment, and none logs a summary when the server derives it: then
 * `files/wandb-metadata.json` and `files/wandb-summary.json` beside the log are taken as they are.
 * @throws the signal's reason when the import is aborted, after the log under way was left without its end.
 */
export async function importLog(
  log: LogToImport,
  writer: RecordWriter,
  options: ImportOptions,
  files: FolderFiles,
  progress: { bytes: number },
): Promise<void> {
  options.signal?.throwIfAborted();
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

function reportHead({ head, key }: LogToImport, tell: Tell): void {
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

const BLOBS_BESIDE = ["system_info", "summary"] as const;

const besidePath = ({ folder }: LogPlace, blob: keyof typeof BESIDE): string => join(folder, "files", BESIDE[blob]);

/** The files that may be read beside a log. */
export function filesBesideLog(place: LogPlace): string[] {
  return BLOBS_BESIDE.map((blob) => besidePath(place, blob));
}

async function fillFromFiles(
  blobs: RunBlobs,
  place: LogPlace,
  files: FolderFiles,
  findings: FindingBudget,
  most: number,
): Promise<RunBlobs> {
  const found: Partial<Record<keyof typeof BESIDE, Uint8Array>> = {};
  for (const blob of BLOBS_BESIDE) {
    const path = besidePath(place, blob);
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
