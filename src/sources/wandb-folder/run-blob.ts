import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { formatTimestamp } from "../../json/timestamp.js";
import { JsonBytes } from "./json-bytes.js";
import type { HeaderRecord, RunExitRecord, RunRecord, TelemetryRecord } from "./record_pb.js";
import { decodeText } from "./text.js";

/** What a log says of its run as a whole. */
export interface RunFacts {
  readonly runId: string;
  readonly run: RunRecord;
  readonly telemetry: TelemetryRecord;
  readonly header: HeaderRecord | undefined;
  /** Undefined when the log has no exit record. */
  readonly exit: RunExitRecord | undefined;
  readonly preempting: boolean;
  readonly formatVersion: number;
  /** How many records of each kind the log has, those that are not imported too. */
  readonly records: ReadonlyMap<string, number>;
  /** The run's settings as one JSON object, when the log has any. */
  readonly settings: Uint8Array | undefined;
}

/**
 * RFC 3339 in UTC, canonical up to microseconds; nine fraction digits when there are nanoseconds. Undefined when the
 * record has no time or one outside the years 0001 to 9999.
 */
export function formatTime(time: Timestamp | undefined): string | undefined {
  if (time === undefined) return undefined;
  const { seconds, nanos } = time;
  if (seconds < -62_135_596_800n || seconds > 253_402_300_799n || nanos < 0 || nanos > 999_999_999) return undefined;
  if (nanos % 1000 === 0) return formatTimestamp(seconds * 1_000_000n + BigInt(nanos / 1000));
  return `${formatTimestamp(seconds * 1_000_000n).slice(0, -1)}.${String(nanos).padStart(9, "0")}Z`;
}

/**
 * The `run` blob: names of W&B's GraphQL type Run where it has the fact, else those of the log's RunRecord in camel case.
 * proto3 does not tell an empty text, 0 or false from none: they are left out, but for `exitCode` and `runtime`, which
 * are there whenever the log has an exit record.
 */
export function writeRunBlob(facts: RunFacts): Uint8Array {
  const out = new JsonBytes();
  out.byte(0x7b);
  for (const [name, value] of members(facts)) {
    if (value === undefined || value === "" || value === 0 || value === 0n || value === false) continue;
    out.name(name);
    if (value instanceof Uint8Array) out.copy(value, 0, value.length);
    else out.text(typeof value === "string" ? JSON.stringify(value) : String(value));
    out.comma();
  }
  out.close("}");
  return out.take();
}

/** A value: a text, a number or flag, or JSON bytes. */
type Value = string | number | bigint | boolean | Uint8Array | undefined;

function members(facts: RunFacts): [string, Value][] {
  const { run, exit, telemetry, header } = facts;
  const tags = run.tags.map((tag) => decodeText(tag));
  return [
    ["name", facts.runId],
    ["displayName", decodeText(run.displayName)],
    ["state", stateOf(exit)],
    ["createdAt", formatTime(run.startTime)],
    ["group", decodeText(run.runGroup)],
    ["jobType", decodeText(run.jobType)],
    ["notes", decodeText(run.notes)],
    ["tags", tags.length === 0 ? undefined : json(tags)],
    ["sweepName", decodeText(run.sweepId)],
    ["host", decodeText(run.host)],
    ["commit", run.git?.commit],
    ["git", run.git?.remoteUrl ? json({ remote: run.git.remoteUrl }) : undefined],
    ["id", decodeText(run.storageId)],
    ["resume", run.resume],
    ["resumed", run.resumed],
    ["forked", run.forked],
    ["branchPoint", branchPoint(run)],
    ["startingStep", run.startingStep],
    ["startingRuntime", run.runtime],
    ["exitCode", exit && json(exit.exitCode)],
    ["runtime", exit && json(exit.runtime)],
    ["notComplete", exit?.notComplete],
    ["preempting", facts.preempting],
    ["cliVersion", telemetry.cliVersion],
    ["pythonVersion", telemetry.pythonVersion],
    ["producer", header?.versionInfo?.producer],
    ["minConsumer", header?.versionInfo?.minConsumer],
    ["settings", facts.settings],
    ["logFormatVersion", json(facts.formatVersion)],
    ["logRecords", json(Object.fromEntries([...facts.records].sort()))],
  ];
}

/** A log without an exit record belongs to a run that still runs or was killed: W&B itself cannot tell from the log. */
function stateOf(exit: RunExitRecord | undefined): string {
  if (exit === undefined) return "running";
  return exit.exitCode === 0 ? "finished" : "failed";
}

function branchPoint({ branchPoint: point }: RunRecord): Uint8Array | undefined {
  if (point === undefined) return undefined;
  const { run, metric } = point;
  return Buffer.from(
    `{"run":${JSON.stringify(decodeText(run))},"metric":${JSON.stringify(decodeText(metric))},"value":${point.value}}`,
  );
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
