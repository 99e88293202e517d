import { fromBinary } from "@bufbuild/protobuf";
import type { LogPlace } from "./discover.js";
import type { FolderFiles } from "./files.js";
import type { FrameSink } from "./framing.js";
import { readHeader, readLog } from "./read-log.js";
import { type RunRecord, RunRecordSchema } from "./record_pb.js";
import { RecordBody } from "./record-kinds.js";
import { formatTime } from "./run-blob.js";
import { decodeText } from "./text.js";
import { Wire } from "./wire.js";

/** What the head of a log says, before any row is read. */
export interface LogHead {
  readonly place: LogPlace;
  /** Undefined when the file does not start with W&B's header. */
  readonly formatVersion: number | undefined;
  /** Whether any record could be read. */
  readonly hasRecords: boolean;
  /** Whether it has nothing at all but, at most, the start of a header: the writer has not flushed yet. */
  readonly isBlank: boolean;
  readonly hasRun: boolean;
  /** The run record's id, else the one in the file name. */
  readonly runId: string;
  /** Empty when the log does not say. */
  readonly entity: string;
  readonly project: string;
  /** Canonical timestamp of the run record; empty when the log does not say. */
  readonly start: string;
  readonly startingStep: bigint;
  /** Bytes of the file. */
  readonly size: number;
}

/**
 * Reads a log up to its first run record, which in every log seen comes second, after the header.
 * @throws the file system's error when the file cannot be read.
 */
export async function peekLog(place: LogPlace, files: FolderFiles, maxRecord?: number): Promise<LogHead> {
  const file = await files.open(place.file);
  try {
    const header = await readHeader(file);
    const sink = new RunFinder();
    await readLog(file, sink, () => sink.run === undefined, maxRecord);
    const { run } = sink;
    return {
      place,
      formatVersion: header.version,
      hasRecords: sink.records > 0,
      isBlank: header.isPrefix && sink.records === 0 && !sink.damaged,
      hasRun: run !== undefined,
      runId: (run && decodeText(run.runId)) || place.nameId,
      entity: run ? decodeText(run.entity) : "",
      project: run ? decodeText(run.project) : "",
      start: formatTime(run?.startTime) ?? "",
      startingStep: run?.startingStep ?? 0n,
      size: await file.size(),
    };
  } finally {
    await file.close();
  }
}

/** Keeps the first run record; damage is the import's business. */
class RunFinder implements FrameSink {
  run: RunRecord | undefined;
  records = 0;
  damaged = false;

  record(bytes: Uint8Array, from: number, to: number): void {
    this.records += 1;
    if (this.run === undefined) this.run = readRun(bytes.slice(from, to));
  }

  damage(): void {
    this.damaged = true;
  }

  tooLong(): void {
    this.records += 1;
  }
}

/** A record that cannot be decoded is no run record here; the import reports it. */
function readRun(record: Uint8Array): RunRecord | undefined {
  try {
    const [wire, body] = [new Wire(), new RecordBody()];
    wire.begin(record, 0, record.length);
    body.read(wire);
    return body.kind === "run" ? fromBinary(RunRecordSchema, record.subarray(body.from, body.to)) : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}
