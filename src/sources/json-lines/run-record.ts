import type { BlobName } from "../../blob.js";
import { isBraced, MemberWalk, skipSpace, unescaped, valueEnd } from "../../json/scan.js";
import type { LogState, RunBlobs } from "../../store/raw-record.js";
import { BLOB_MEMBERS, GROWING, HISTORY_MEMBER, RUN_MEMBERS } from "./run-members.js";
import { unwrapConfig } from "./wrapped-config.js";

const QUOTE = 0x22;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** One run, ready to be handed over. Parts may point into the bytes that it was read from. */
export interface RunRecord {
  readonly blobs: RunBlobs;
  readonly state: LogState;
  /** W&B's own count of history rows, where the record has the rows too. */
  readonly expectedRows: number | undefined;
  /** The history that the record holds: a row between each pair of offsets of `bytes`. */
  readonly rows: { readonly bytes: Uint8Array; readonly spans: readonly number[] } | undefined;
}

interface Member {
  /** The key as it stands, in quotes. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The object that a value is: itself, or the content of a string that holds one. */
function objectOf(value: Uint8Array): Uint8Array | undefined {
  if (value[0] !== QUOTE) return isBraced(value, 0, value.length) ? value : undefined;
  const text = unescaped(value, 0, value.length)?.trim();
  if (text === undefined || !text.isWellFormed()) return undefined;
  const bytes = Buffer.from(text, "utf8");
  return isBraced(bytes, 0, bytes.length) && valueEnd(bytes, 0, bytes.length) === bytes.length ? bytes : undefined;
}

/** Start and end of each element of a list of objects; undefined when it is none. */
function objectSpans(list: Uint8Array): number[] | undefined {
  if (list[0] !== OPEN_LIST) return undefined;
  const spans: number[] = [];
  const end = list.length - 1;
  for (let at = skipSpace(list, 1, end); at < end; ) {
    const to = valueEnd(list, at, end);
    if (to < 0 || !isBraced(list, at, to)) return undefined;
    spans.push(at, to);
    at = skipSpace(list, to, end);
    if (at < end && list[at++] !== COMMA) return undefined;
    at = skipSpace(list, at, end);
  }
  return list[end] === CLOSE_LIST ? spans : undefined;
}

/** Joins members to an object, value bytes unchanged. */
function objectBytes(members: readonly Member[]): Buffer {
  const length = members.reduce((sum, { key, value }) => sum + key.length + value.length + 2, 2);
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { key, value } of members) {
    out[at] = at === 0 ? OPEN_OBJECT : COMMA;
    out.set(key, at + 1);
    at += key.length + 1;
    out[at] = COLON;
    out.set(value, at + 1);
    at += value.length + 1;
  }
  if (at === 0) out[at++] = OPEN_OBJECT;
  out[at] = CLOSE_OBJECT;
  return out.subarray(0, at + 1);
}

const quoted = (key: string): Buffer => Buffer.from(JSON.stringify(key), "utf8");

/** A run record on its way to blobs. */
class RunDraft {
  readonly members = new Map<string, Member>();
  readonly blobs: Partial<Record<BlobName, Uint8Array>> = {};
  rows: RunRecord["rows"];

  /** Reads the members of a record; false when it is no object or has a key twice. */
  read(record: Buffer): boolean {
    const walk = new MemberWalk();
    walk.begin(record, 0, record.length);
    while (walk.next()) {
      const key = record.subarray(walk.keyFrom - 1, walk.keyTo + 1);
      const name = key.includes(0x5c) ? unescaped(key, 0, key.length) : key.toString("utf8", 1, key.length - 1);
      if (name === undefined || this.members.has(name)) return false;
      this.members.set(name, { key, value: record.subarray(walk.valueFrom, walk.valueTo) });
    }
    return walk.closed && walk.at === record.length;
  }

  takeBlobs(): void {
    for (const [name, blob] of BLOB_MEMBERS) {
      const member = this.members.get(name);
      if (member === undefined || this.blobs[blob] !== undefined) continue;
      const object = objectOf(member.value);
      if (object === undefined) continue;
      this.blobs[blob] = object;
      this.members.delete(name);
    }
  }

  takeConfig(): void {
    const { config } = this.blobs;
    const unwrapped = config === undefined ? undefined : unwrapConfig(config);
    if (unwrapped === undefined || (unwrapped.descriptions !== undefined && this.members.has("config_desc"))) return;
    this.blobs.config = unwrapped.config;
    if (unwrapped.descriptions === undefined) return;
    this.members.set("config_desc", { key: quoted("config_desc"), value: unwrapped.descriptions });
  }

  takeRows(): void {
    const member = this.members.get(HISTORY_MEMBER);
    const spans = member === undefined ? undefined : objectSpans(member.value);
    if (member === undefined || spans === undefined) return;
    this.rows = { bytes: member.value, spans };
    this.members.delete(HISTORY_MEMBER);
  }

  /** Gives members the names of W&B's type Run, unless it has one of that name already. */
  rename(runId: string): void {
    if (this.members.has("name") && this.text("name") === runId && this.#hasOtherName()) this.members.delete("name");
    for (const [name, target] of RUN_MEMBERS) {
      const member = this.members.get(name);
      if (member === undefined || this.members.has(target)) continue;
      this.members.delete(name);
      this.members.set(target, { key: quoted(target), value: member.value });
    }
  }

  /** The text of a member that is a string. */
  text(name: string): string | undefined {
    const value = this.members.get(name)?.value;
    return value?.[0] === QUOTE ? unescaped(value, 0, value.length) : undefined;
  }

  count(name: string): number | undefined {
    const value = this.members.get(name)?.value;
    const text = value === undefined ? "" : Buffer.from(value).toString("latin1");
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  }

  #hasOtherName(): boolean {
    const others = ["displayName", "display_name", "run_name"];
    return others.some((name) => this.members.has(name));
  }
}

/**
 * Takes a record of a run apart: blobs, history rows, and the run blob with all other members, value bytes unchanged. A
 * text that is no object, or has a key twice, is the run blob as it came.
 * @param earlier other records of the same run, kept whole as a list `repeated_rows` of the run blob.
 */
export function readRun(record: Buffer, runId: string, earlier: readonly Buffer[]): RunRecord {
  const draft = new RunDraft();
  const nothing = { state: "complete", expectedRows: undefined, rows: undefined } as const;
  if (!draft.read(record)) return { ...nothing, blobs: { run: Buffer.concat([record, ...withNewlines(earlier)]) } };
  draft.takeBlobs();
  draft.takeConfig();
  draft.takeRows();
  draft.rename(runId);
  const members = [...draft.members.values()];
  if (earlier.length > 0) members.push({ key: quoted("repeated_rows"), value: listOf(earlier) });
  const state = GROWING.has(draft.text("state") ?? "") ? "growing" : "complete";
  const expectedRows = draft.rows === undefined ? undefined : draft.count("historyLineCount");
  return { blobs: { ...draft.blobs, run: objectBytes(members) }, state, expectedRows, rows: draft.rows };
}

function withNewlines(records: readonly Buffer[]): Buffer[] {
  return records.flatMap((record) => [Buffer.from("\n"), record]);
}

/** Records as a JSON list; one that is no object as a string. */
function listOf(records: readonly Buffer[]): Buffer {
  const items = records.map((record) => {
    const isWhole = isBraced(record, 0, record.length) && valueEnd(record, 0, record.length) === record.length;
    return isWhole ? record : quoted(record.toString("utf8"));
  });
  const parts = items.flatMap((item, i) => (i === 0 ? [item] : [Buffer.from(","), item]));
  return Buffer.concat([Buffer.from("["), ...parts, Buffer.from("]")]);
}
