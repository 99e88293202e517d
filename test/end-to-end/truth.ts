import { RECORD_BLOBS, type RunKey } from "../../src/blob.js";
import { hasDuplicateKey } from "../../src/json/duplicate-key.js";
import { integerOf } from "../../src/json/number.js";
import { type JsonObject, JsonSyntaxError, readJson } from "../../src/json/read.js";
import { compareText } from "../../src/store/segment-key.js";
import { type PayloadRecord, printed, recordDifferences } from "./differ.js";
import type { LogLines } from "./records.js";

function usable(text: string): JsonObject | undefined {
  try {
    const root = readJson(text);
    return root.kind === "object" && !hasDuplicateKey(root) ? root : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

interface TrueRow {
  readonly step: bigint;
  readonly text: string;
}

/** A history row as it must come back: with the record's own step as `_step` when it has none. */
function trueRow(given: bigint | undefined, bytes: Uint8Array): TrueRow {
  const text = printed(bytes);
  const root = usable(Buffer.from(bytes).toString("utf8"));
  const member = root?.members.find(({ key }) => key === "_step");
  if (root !== undefined && member === undefined && given !== undefined) {
    const comma = root.members.length === 0 ? "" : ",";
    return { step: given, text: `{"_step":${given}${comma}${text.slice(text.indexOf("{") + 1)}` };
  }
  const token = member === undefined ? "" : text.slice(member.value.start, member.value.end);
  const logged = integerOf(token);
  const isInt64 = logged !== undefined && BigInt.asIntN(64, logged) === logged;
  return { step: given ?? (isInt64 ? logged : -1n), text };
}

const runName = ({ entity, project, run_id }: RunKey): string => `${entity}/${project}/${run_id}`;

function runRecord(log: LogLines, run: string): PayloadRecord {
  const payloads = RECORD_BLOBS.run.flatMap((blob): [string, string][] => {
    const bytes = log.blobs[blob];
    return bytes === undefined ? [] : [[blob, printed(bytes)]];
  });
  return { kind: "run", run, payloads: new Map(payloads) };
}

/**
 * What rebuild must print for these logs, history in order of step, then of log and position. The run record of a run with
 * several logs is left out, and so is all of a run with several sources: how they merge is a rule of its own.
 */
export function trueRecords(logs: readonly LogLines[]): PayloadRecord[] {
  const runs = new Map<string, LogLines[]>();
  for (const log of logs) {
    const run = runName(log.key);
    runs.set(run, [...(runs.get(run) ?? []), log]);
  }
  return [...runs].flatMap(([run, all]) => {
    if (new Set(all.map((log) => log.key.source)).size > 1) return [];
    const ordered = [...all].sort((a, b) => compareText(a.key.start, b.key.start));
    const rows = ordered.flatMap((log) => log.history.map(({ step, bytes }) => trueRow(step, bytes)));
    const sorted = rows.sort((a, b) => (a.step < b.step ? -1 : a.step > b.step ? 1 : 0));
    const [only] = ordered.length === 1 ? ordered : [];
    return [
      ...(only === undefined ? [] : [runRecord(only, run)]),
      ...sorted.map((row) => ({ kind: "history", run, payloads: new Map([["row", row.text]]) })),
      ...ordered.flatMap((log) =>
        log.events.map((bytes) => ({ kind: "system_event", run, payloads: new Map([["row", printed(bytes)]]) })),
      ),
    ];
  });
}

/** How rebuilt records differ from what these logs say, as far as `trueRecords` speaks of them. */
export function lostRecords(logs: readonly LogLines[], rebuilt: readonly PayloadRecord[]): string[] {
  const want = trueRecords(logs);
  const sources = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  for (const { key } of logs) {
    const run = runName(key);
    sources.set(run, (sources.get(run) ?? new Set()).add(key.source));
    counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  const compared = rebuilt.filter(({ run, kind }) => {
    const alone = (sources.get(run)?.size ?? 0) === 1;
    return kind === "run" ? counts.get(run) === 1 : alone;
  });
  return recordDifferences(want, compared);
}
