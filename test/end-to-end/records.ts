import { BLOBS, type BlobName, RECORD_BLOBS } from "../../src/blob.js";
import { type JsonNode, type JsonObject, readJson } from "../../src/json/read.js";
import {
  type LogKey,
  type LogState,
  type RecordWriter,
  type RunBlobs,
  SOURCES,
  type SourceName,
} from "../../src/store/raw-record.js";

/**
 * Records as JSON lines, in the words of `rebuild`, so that what it prints can be imported again:
 * `{"kind":"run","entity","project","run_id","run":{…},"config":{…},…}`, `{"kind":"history",…,"step"?,"row":{…}}` and
 * `{"kind":"system_event",…,"row":{…}}`. Payloads are spliced out of the line unchanged; one that is `{"raw":"…"}` or
 * `{"raw_base64":"…"}` stands for that text or those bytes. Beside the run key a line may name the `source` and `start` of
 * its log; a run line may say its `state` and `expected_rows`. What is absent has the values of DEFAULTS.
 */
export interface LogLines {
  readonly key: LogKey;
  readonly state: LogState;
  readonly expectedRows: number | undefined;
  readonly blobs: RunBlobs;
  readonly history: readonly { readonly step: bigint | undefined; readonly bytes: Uint8Array }[];
  readonly events: readonly Uint8Array[];
}

export const DEFAULTS = { entity: "acme", project: "vision", run_id: "r1", source: "wandb-log", start: "" } as const;

const STATES: readonly LogState[] = ["complete", "growing", "damaged"];

/** A line taken apart: members with their nodes, and the text that these point into. */
export interface RecordLine {
  readonly text: string;
  readonly members: ReadonlyMap<string, JsonNode>;
}

export function readLine(text: string): RecordLine {
  const root = readJson(text);
  if (root.kind !== "object") throw new TypeError(`A record line is an object, found ${root.kind}`);
  return { text, members: new Map(root.members.map((member) => [member.key, member.value])) };
}

export function stringOf(line: RecordLine, name: string): string | undefined {
  const node = line.members.get(name);
  if (node === undefined) return undefined;
  if (node.kind !== "string") throw new TypeError(`${name} is a string: ${line.text.slice(0, 120)}`);
  return node.value;
}

export function textOf(line: RecordLine, name: string): string | undefined {
  const node = line.members.get(name);
  return node === undefined ? undefined : line.text.slice(node.start, node.end);
}

function onlyMember(node: JsonObject, name: string): string | undefined {
  const [member] = node.members;
  if (node.members.length !== 1 || member?.key !== name || member.value.kind !== "string") return undefined;
  return member.value.value;
}

/** The bytes of a payload. */
function payload(line: RecordLine, name: string): Uint8Array | undefined {
  const node = line.members.get(name);
  if (node === undefined) return undefined;
  const raw = node.kind === "object" ? onlyMember(node, "raw") : undefined;
  const base64 = node.kind === "object" ? onlyMember(node, "raw_base64") : undefined;
  if (base64 !== undefined) return Buffer.from(base64, "base64");
  return Buffer.from(raw ?? line.text.slice(node.start, node.end), "utf8");
}

function sourceOf(line: RecordLine): SourceName {
  const name = stringOf(line, "source") ?? DEFAULTS.source;
  const found = SOURCES.find((source) => source === name);
  if (found === undefined) throw new TypeError(`No source is called ${name}`);
  return found;
}

function keyOf(line: RecordLine): LogKey {
  const member = (name: "entity" | "project" | "run_id" | "start"): string => stringOf(line, name) ?? DEFAULTS[name];
  return {
    entity: member("entity"),
    project: member("project"),
    run_id: member("run_id"),
    source: sourceOf(line),
    start: member("start"),
  };
}

function stateOf(line: RecordLine | undefined): LogState {
  const name = (line && stringOf(line, "state")) ?? "complete";
  const found = STATES.find((state) => state === name);
  if (found === undefined) throw new TypeError(`No state is called ${name}`);
  return found;
}

const KNOWN = new Set<string>([
  ...["kind", "entity", "project", "run_id", "source", "start", "state", "expected_rows", "step", "ordinal", "row"],
  ...RECORD_BLOBS.run,
]);

function checkNames(line: RecordLine): void {
  for (const name of line.members.keys()) {
    if (!KNOWN.has(name)) throw new TypeError(`A record line has no member ${name}; blobs are ${BLOBS.join(", ")}`);
  }
}

function runBlobs(line: RecordLine | undefined): RunBlobs {
  const blob = (name: BlobName) => (line === undefined ? undefined : payload(line, name));
  return {
    run: blob("run") ?? Buffer.from("{}"),
    config: blob("config"),
    summary: blob("summary"),
    system_info: blob("system_info"),
    system_metrics: blob("system_metrics"),
  };
}

function need<T>(value: T | undefined, line: RecordLine): T {
  if (value === undefined) throw new TypeError(`The line has no row: ${line.text.slice(0, 120)}`);
  return value;
}

function logOf(key: LogKey, lines: readonly RecordLine[]): LogLines {
  const of = (kind: string) => lines.filter((line) => stringOf(line, "kind") === kind);
  const runs = of("run");
  const history = of("history").map((line) => {
    const step = textOf(line, "step");
    return { step: step === undefined ? undefined : BigInt(step), bytes: need(payload(line, "row"), line) };
  });
  const events = of("system_event").map((line) => need(payload(line, "row"), line));
  if (runs.length > 1 || runs.length + history.length + events.length !== lines.length) {
    throw new TypeError(`Run ${key.run_id} has two run lines or a line of another kind`);
  }
  const [run] = runs;
  const expected = run && textOf(run, "expected_rows");
  const expectedRows = expected === undefined ? undefined : Number(expected);
  return { key, state: stateOf(run), expectedRows, blobs: runBlobs(run), history, events };
}

/** The logs of a text of record lines, in order of first appearance. @throws TypeError, JsonSyntaxError */
export function readRecords(text: string): LogLines[] {
  const logs = new Map<string, { readonly key: LogKey; readonly lines: RecordLine[] }>();
  for (const each of text.split("\n").filter((part) => part.trim() !== "")) {
    const line = readLine(each);
    checkNames(line);
    const key = keyOf(line);
    const id = JSON.stringify(key);
    const log = logs.get(id) ?? { key, lines: [] };
    log.lines.push(line);
    logs.set(id, log);
  }
  return [...logs.values()].map(({ key, lines }) => logOf(key, lines));
}

/** Hands one log to a writer, as a source does. */
export async function writeLogLines(writer: RecordWriter, log: LogLines): Promise<void> {
  writer.begin(log.key);
  for (const { step, bytes } of log.history) writer.history(step, bytes, 0, bytes.length);
  for (const bytes of log.events) writer.systemEvent(bytes, 0, bytes.length);
  await writer.end(log.blobs, log.state, log.expectedRows);
}
