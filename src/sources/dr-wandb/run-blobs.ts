import type { BlobName } from "../../blob.js";
import type { Finding } from "../../finding.js";
import { parseTimestamp } from "../../json/timestamp.js";
import type { LogState, RunBlobs } from "../../store/raw-record.js";
import { bytesText } from "./bytes-text.js";
import { isObject, type Located, locate, objectText, sameJson, textOf } from "./json-object.js";
import { takeRawConfig } from "./raw-config.js";
import { differs, encode, RunDraft, type RunPlace, type RunRow } from "./run-draft.js";

/** The columns of JSON text that are blobs, and the member of the GraphQL node that copies each. */
const BLOB_COLUMNS = [
  { column: "config", blob: "config", copy: "config" },
  { column: "summary", blob: "summary", copy: "summaryMetrics" },
  { column: "wandb_metadata", blob: "system_info", copy: undefined },
  { column: "system_metrics", blob: "system_metrics", copy: "systemMetrics" },
] as const satisfies readonly { column: string; blob: BlobName; copy: string | undefined }[];

/** The columns that name a member of the GraphQL node in other words. */
const NODE_COLUMNS = [
  { column: "display_name", member: "displayName" },
  { column: "run_name", member: "displayName" },
  { column: "state", member: "state" },
  { column: "created_at", member: "createdAt" },
  { column: "updated_at", member: "updatedAt" },
  { column: "heartbeat_at", member: "heartbeatAt" },
  { column: "storage_id", member: "id" },
  { column: "job_type", member: "jobType" },
  { column: "sweep_name", member: "sweepName" },
  { column: "read_only", member: "readOnly" },
  { column: "history_keys", member: "historyKeys" },
] as const;

/** The columns whose texts are blobs. */
export const BLOB_COLUMN_NAMES: ReadonlySet<string> = new Set(BLOB_COLUMNS.map((item) => item.column));

/** Columns that hold JSON text. */
export const JSON_COLUMNS: ReadonlySet<string> = new Set([...BLOB_COLUMN_NAMES, "system_attrs", "sweep_info"]);

const KEY_COLUMNS: ReadonlySet<string> = new Set(["run_id", "entity", "project"]);
const GROWING: ReadonlySet<string> = new Set(["running", "pending", "preempting"]);

export interface RunRecord {
  readonly blobs: RunBlobs;
  readonly state: LogState;
  /** W&B's own count of history rows. */
  readonly expectedRows: number | undefined;
  readonly findings: readonly Finding[];
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
  const known = draft.members.get(member);
  const twin = known === undefined ? undefined : locate(encode(known));
  if (twin === undefined || "problem" in twin) draft.members.set(member, textOf(value));
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
