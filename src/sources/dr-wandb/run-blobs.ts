import type { BlobName, RunKey } from "../../blob.js";
import { type Finding, type FindingCode, finding } from "../../finding.js";
import { hasDuplicateKey, type JsonObject } from "../../json/read.js";
import { parseTimestamp } from "../../json/timestamp.js";
import type { LogState, RunBlobs } from "../../store/raw-record.js";
import {
  isObject,
  type Located,
  locate,
  type MemberText,
  memberOf,
  membersOf,
  objectText,
  sameJson,
  textOf,
} from "./json-object.js";
import { textOf as bytesText } from "./parquet-cells.js";

/** The columns of JSON text that are blobs, and the member of the GraphQL node that copies each. */
const BLOB_COLUMNS = [
  { column: "config", blob: "config", copy: "config" },
  { column: "summary", blob: "summary", copy: "summaryMetrics" },
  { column: "wandb_metadata", blob: "system_info", copy: undefined },
  { column: "system_metrics", blob: "system_metrics", copy: "systemMetrics" },
] as const satisfies readonly { column: string; blob: BlobName; copy: string | undefined }[];

/** The columns that name a member of the GraphQL node in other words. */
const NODE_COLUMNS = [
  { column: "run_name", member: "displayName" },
  { column: "state", member: "state" },
  { column: "created_at", member: "createdAt" },
] as const;

/** Columns that hold JSON text. */
export const JSON_COLUMNS: ReadonlySet<string> = new Set([
  ...BLOB_COLUMNS.map((item) => item.column),
  "system_attrs",
  "sweep_info",
]);

const KEY_COLUMNS: ReadonlySet<string> = new Set(["run_id", "entity", "project"]);
const GROWING: ReadonlySet<string> = new Set(["running", "pending", "preempting"]);

/** A row of runs_metadata: for each column that is not NULL a JSON text. */
export type RunRow = ReadonlyMap<string, Uint8Array>;

export interface RunPlace {
  readonly key: RunKey;
  readonly file: string;
  /** 1-based. */
  readonly row: number;
}

export interface RunRecord {
  readonly blobs: RunBlobs;
  readonly state: LogState;
  /** W&B's own count of history rows. */
  readonly expectedRows: number | undefined;
  readonly findings: readonly Finding[];
}

/** What is being put together for one run. */
class RunDraft {
  readonly findings: Finding[] = [];
  readonly blobs: Partial<Record<BlobName, Uint8Array>> = {};
  /** Members of the run blob, by key, in order. */
  readonly members = new Map<string, string>();
  readonly node: Located<JsonObject> | undefined;
  readonly row: RunRow;
  readonly #place: RunPlace;

  constructor(row: RunRow, place: RunPlace) {
    this.row = row;
    this.#place = place;
    this.node = this.#readNode();
    if (this.node !== undefined) for (const { key, text } of membersOf(this.node)) this.members.set(key, text);
  }

  tell(code: FindingCode, message: string, more: Partial<Pick<Finding, "blob" | "path" | "evidence">> = {}): void {
    const { key, file, row } = this.#place;
    this.findings.push(finding(code, message, { run: key, where: { file, row, run: key.run_id }, ...more }));
  }

  /** Keeps a value that has no place of its own; a member that is there already is left alone. */
  keep(key: string, text: string): void {
    let free = key;
    while (this.members.has(free)) free = `dr_wandb_${free}`;
    this.members.set(free, text);
  }

  /** A value of the node, unless it was dropped as a copy. */
  member(key: string): Located | undefined {
    return this.node === undefined || !this.members.has(key) ? undefined : memberOf(this.node, key);
  }

  /** The parsed text of a column; undefined when the column is NULL. What cannot be read is told of. */
  read(column: string, blob: BlobName): Located | undefined {
    const bytes = this.row.get(column);
    if (bytes === undefined) return undefined;
    const read = locate(bytes);
    if (!("problem" in read)) return read;
    this.refuse(column, blob, read.problem, bytes);
    return undefined;
  }

  refuse(column: string, blob: BlobName, problem: string, bytes: Uint8Array): void {
    const evidence = Buffer.from(bytes.subarray(0, 800)).toString("utf8").slice(0, 200);
    const message = `Row ${this.#place.row} of column ${column} is not a JSON object: ${problem}`;
    this.tell("json/refused", message, { blob, evidence });
  }

  /** The GraphQL node; a text that cannot be one is kept as a string of the run blob. */
  #readNode(): Located<JsonObject> | undefined {
    const bytes = this.row.get("system_attrs");
    const read = this.read("system_attrs", "run");
    if (read !== undefined && isObject(read) && !hasDuplicateKey(read.node)) return read;
    if (bytes === undefined) return undefined;
    if (read !== undefined && read.node.kind !== "null") {
      const problem = isObject(read) ? "it has a key twice" : `it is ${read.node.kind}`;
      this.refuse("system_attrs", "run", problem, bytes);
    }
    const kept = read !== undefined && !isObject(read) ? textOf(read) : JSON.stringify(bytesText(bytes));
    this.members.set("system_attrs", kept);
    return undefined;
  }
}

function encode(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

/** A blob from its column; from the node's copy when the column is NULL. A copy that is equal is dropped. */
function takeBlob(draft: RunDraft, { column, blob, copy }: (typeof BLOB_COLUMNS)[number]): void {
  const bytes = draft.row.get(column);
  const read = draft.read(column, blob);
  if (read?.node.kind === "null") draft.keep(column, "null");
  else if (bytes !== undefined) draft.blobs[blob] = bytes;
  if (read !== undefined && read.node.kind !== "null" && !isObject(read) && bytes !== undefined) {
    draft.refuse(column, blob, `it is a ${read.node.kind}`, bytes);
  }
  if (copy !== undefined) takeCopy(draft, { column, blob, copy }, read);
}

function takeCopy(
  draft: RunDraft,
  { column, blob, copy }: { column: string; blob: BlobName; copy: string },
  read: Located | undefined,
): void {
  const twin = draft.member(copy);
  if (twin === undefined) return;
  const isMissing = draft.blobs[blob] === undefined;
  if (isMissing && isObject(twin)) draft.blobs[blob] = encode(textOf(twin));
  const isSame = isMissing ? isObject(twin) : read !== undefined && sameJson(read, twin);
  if (isSame) draft.members.delete(copy);
  else if (!(isMissing && twin.node.kind === "null")) differs(draft, copy, column);
}

function differs(draft: RunDraft, member: string, column: string): void {
  const message = `Member ${member} of system_attrs is not what column ${column} has; both were kept`;
  draft.tell("source/copy-differs", message, { blob: "run", path: `/${member}` });
}

/** The members of a config in the form of W&B's API, where each value is wrapped in an object {value, desc}. */
function unwrap(config: Located<JsonObject>): { values: Map<string, Located>; descriptions: MemberText[] } {
  const members = membersOf(config);
  const wrapped = members.map(({ value }) => (isObject(value) ? wrappedValue(value) : undefined));
  if (members.length === 0 || wrapped.some((item) => item === undefined)) {
    return { values: new Map(members.map((item) => [item.key, item.value])), descriptions: [] };
  }
  const values = new Map<string, Located>();
  const descriptions: MemberText[] = [];
  for (const [i, { key }] of members.entries()) {
    const item = wrapped[i];
    if (item === undefined) continue;
    values.set(key, item.value);
    if (item.description !== undefined) descriptions.push({ key, text: textOf(item.description) });
  }
  return { values, descriptions };
}

function wrappedValue(item: Located<JsonObject>): { value: Located; description: Located | undefined } | undefined {
  const value = memberOf(item, "value");
  const description = memberOf(item, "desc");
  const others = item.node.members.length - (value === undefined ? 0 : 1) - (description === undefined ? 0 : 1);
  if (value === undefined || others !== 0) return undefined;
  return { value, description: description?.node.kind === "null" ? undefined : description };
}

/**
 * The node's `rawconfig` is the config once more, with W&B's own `_wandb`, which the config column lacks: that member
 * moves to the config blob, descriptions to the run blob's `config_desc`, and the rest is dropped when it is the same.
 */
function takeRawConfig(draft: RunDraft): void {
  const raw = draft.member("rawconfig");
  if (raw === undefined || !isObject(raw)) return;
  const { values, descriptions } = unwrap(raw);
  if (!coversConfig(draft, values)) {
    differs(draft, "rawconfig", "config");
    return;
  }
  if (descriptions.length > 0) draft.keep("config_desc", objectText(descriptions));
  draft.members.delete("rawconfig");
}

/** Whether the config blob says all that the raw config says, once `_wandb` was taken from it. */
function coversConfig(draft: RunDraft, values: ReadonlyMap<string, Located>): boolean {
  const bytes = draft.blobs.config;
  if (bytes === undefined) {
    draft.blobs.config = encode(objectText([...values].map(([key, value]) => ({ key, text: textOf(value) }))));
    return true;
  }
  const config = locate(bytes);
  if ("problem" in config || !isObject(config) || hasDuplicateKey(config.node)) return false;
  mergeWandb(draft, config, values);
  return sameConfig(config, values);
}

function mergeWandb(draft: RunDraft, config: Located<JsonObject>, values: ReadonlyMap<string, Located>): void {
  const own = values.get("_wandb");
  if (own === undefined || memberOf(config, "_wandb") !== undefined) return;
  draft.blobs.config = encode(objectText([...membersOf(config), { key: "_wandb", text: textOf(own) }]));
}

/** Whether the config says the same as the raw one; `_wandb` may be missing in it. */
function sameConfig(config: Located<JsonObject>, values: ReadonlyMap<string, Located>): boolean {
  const keys = new Set([...values.keys(), ...config.node.members.map((member) => member.key)]);
  return [...keys].every((key) => {
    const [own, raw] = [memberOf(config, key), values.get(key)];
    if (own === undefined) return key === "_wandb";
    return raw !== undefined && sameJson(own, raw);
  });
}

function sameInstant(a: Located, b: Located): boolean {
  if (a.node.kind !== "string" || b.node.kind !== "string") return false;
  const [x, y] = [parseTimestamp(a.node.value), parseTimestamp(b.node.value)];
  return x !== undefined && y !== undefined && x.micros === y.micros;
}

/** A column that the node has in other words: dropped when it is the same, else kept beside it. */
function takeNodeColumn(draft: RunDraft, { column, member }: (typeof NODE_COLUMNS)[number]): void {
  const bytes = draft.row.get(column);
  const value = bytes === undefined ? undefined : locate(bytes);
  if (value === undefined || "problem" in value) return;
  const twin = draft.member(member);
  if (twin === undefined) draft.members.set(member, textOf(value));
  else if (!sameJson(value, twin) && !sameInstant(value, twin)) {
    draft.keep(column, textOf(value));
    differs(draft, member, column);
  }
}

function takeName(draft: RunDraft, runId: string): void {
  const name = draft.member("name");
  if (name === undefined) return;
  if (name.node.kind === "string" && name.node.value === runId) draft.members.delete("name");
  else differs(draft, "name", "run_id");
}

/** Old versions always write {"sweep_id": null, "sweep_url": null}, which says nothing. */
function takeSweepInfo(draft: RunDraft): void {
  const bytes = draft.row.get("sweep_info");
  const read = draft.read("sweep_info", "run");
  if (bytes === undefined) return;
  if (read === undefined) draft.keep("sweep_info", JSON.stringify(bytesText(bytes)));
  else if (!isObject(read) || read.node.members.some((member) => member.value.kind !== "null")) {
    draft.keep("sweep_info", textOf(read));
  }
}

function takeOtherColumns(draft: RunDraft): void {
  const known = new Set([...JSON_COLUMNS, ...KEY_COLUMNS, ...NODE_COLUMNS.map((item) => item.column)]);
  for (const [column, bytes] of draft.row) {
    if (!known.has(column)) draft.keep(column, Buffer.from(bytes).toString("utf8"));
  }
}

function stateOf(draft: RunDraft): LogState {
  const state = draft.members.get("state");
  return state !== undefined && GROWING.has(state.slice(1, -1)) ? "growing" : "complete";
}

function expectedRowsOf(draft: RunDraft): number | undefined {
  const count = draft.members.get("historyLineCount");
  return count !== undefined && /^\d{1,15}$/.test(count) ? Number(count) : undefined;
}

/** The canonical blobs of one row of runs_metadata. Value bytes are those of the source; nothing is left out but equal copies. */
export function runRecord(row: RunRow, place: RunPlace): RunRecord {
  const draft = new RunDraft(row, place);
  for (const item of BLOB_COLUMNS) takeBlob(draft, item);
  takeRawConfig(draft);
  takeName(draft, place.key.run_id);
  for (const item of NODE_COLUMNS) takeNodeColumn(draft, item);
  takeSweepInfo(draft);
  takeOtherColumns(draft);
  const members = [...draft.members].map(([key, text]) => ({ key, text }));
  return {
    blobs: { ...draft.blobs, run: encode(objectText(members)) },
    state: stateOf(draft),
    expectedRows: expectedRowsOf(draft),
    findings: draft.findings,
  };
}
