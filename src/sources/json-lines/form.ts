import { isBraced, MemberWalk, skipSpace, valueEnd } from "../../json/scan.js";
import { type Archive, otherArchive, unpack } from "./archive.js";
import { type ByteStream, readHead, streamOf } from "./byte-stream.js";
import { type Form, recordsOf } from "./records.js";

/** What the records of a file are. */
export type RecordKind = "history" | "runs";

/** What the first megabyte of a file shows; `form` is undefined when it is empty, `reason` says why it cannot be read. */
export type Inspection =
  | {
      readonly form: Form | undefined;
      readonly isList: boolean;
      readonly archive: Archive | undefined;
      readonly guess: KindGuess;
    }
  | { readonly reason: string };

/** What the first records look like, with the member that tells; undefined when they do not tell. */
export type KindGuess = { readonly kind: RecordKind; readonly by: string } | undefined;

const HEAD = 1 << 20;
const SAMPLE = 20;
const NEWLINE = 0x0a;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;

/** Members of history rows, and of runs, that tell them apart; a row wins, since code may log any other name. */
const ROW_MEMBERS = new Set(["_step", "_runtime", "_timestamp", "step", "global_step"]);
const RUN_MEMBERS = new Set([
  "config",
  "summary",
  "summaryMetrics",
  "summary_metrics",
  "system_metrics",
  "systemMetrics",
  "wandb_metadata",
  "system_info",
  "displayName",
  "display_name",
  "run_name",
  "created_at",
  "createdAt",
]);

/** Encodings that are no UTF-8, by what the first bytes are. */
function otherEncoding(head: Buffer): string | undefined {
  const [a, b, c, d] = head;
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff))
    return "UTF-32";
  const isMarked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  return isMarked || (head.length > 1 && (a === 0) !== (b === 0)) ? "UTF-16" : undefined;
}

/** Whether a text that starts with `[` is a list of objects, not a line of a log such as `[INFO] ready`. */
function isListOfObjects(head: Buffer, at: number): boolean {
  let i = at;
  while (i < head.length && (head[i] === OPEN_LIST || (head[i] as number) <= 0x20)) i++;
  return i === head.length || head[i] === OPEN_OBJECT || head[i] === 0x5d;
}

/** Whether an object that is not closed in its first line goes on in the next one, as printers write it. */
function goesOn(head: Buffer, at: number): boolean {
  const newline = head.indexOf(NEWLINE, at);
  if (newline < 0 || valueEnd(head, at, newline) > 0) return false;
  const next = skipSpace(head, newline, head.length);
  return head[next] === 0x22 || head[next] === 0x7d;
}

/** Where the first text starts, behind a byte order mark and white space. */
function textStart(head: Buffer): number {
  return skipSpace(head, head.toString("hex", 0, 3) === "efbbbf" ? 3 : 0, head.length);
}

function formOf(head: Buffer): { form: Form; isList: boolean } | undefined {
  const at = textStart(head);
  if (head[at] === OPEN_LIST && isListOfObjects(head, at)) return { form: "values", isList: true };
  if (head[at] === OPEN_OBJECT) return { form: goesOn(head, at) ? "values" : "lines", isList: false };
  const lines = head.toString("latin1").split("\n", SAMPLE);
  return lines.some((line) => /^\s*\{.*\}\s*$/.test(line)) ? { form: "lines", isList: false } : undefined;
}

/** What one record looks like, or as much of it as there is: the first record may be longer than what is looked at. */
function kindOf(record: Buffer): KindGuess {
  const walk = new MemberWalk();
  walk.begin(record, 0, record.length);
  const names: string[] = [];
  let isScalar = true;
  while (walk.next()) {
    names.push(record.toString("utf8", walk.keyFrom, walk.keyTo));
    const first = record[walk.valueFrom];
    if (first === OPEN_OBJECT || first === OPEN_LIST) isScalar = false;
  }
  if (walk.endsInValue) {
    names.push(record.toString("utf8", walk.keyFrom, walk.keyTo));
    isScalar = false;
  }
  const row = names.find((name) => ROW_MEMBERS.has(name));
  if (row !== undefined) return { kind: "history", by: row };
  const run = names.find((name) => RUN_MEMBERS.has(name));
  if (run !== undefined) return { kind: "runs", by: run };
  const id = names.find((name) => name === "run_id" || name === "run");
  return isScalar && id !== undefined && names.length > 1 ? { kind: "history", by: id } : undefined;
}

/** What the first records look like, when those that tell agree. */
async function guessKind(head: Buffer, form: Form): Promise<KindGuess> {
  const records = recordsOf(streamOf([head]), form);
  let guess: KindGuess;
  for (let seen = 0; await records.fill(); ) {
    while (records.next() && seen++ < SAMPLE) {
      if (!records.isCut && !isBraced(records.bytes, records.from, records.to)) continue;
      const found = kindOf(records.bytes.subarray(records.from, records.to));
      if (guess !== undefined && found !== undefined && found.kind !== guess.kind) return undefined;
      guess ??= found;
    }
  }
  return guess;
}

/** Looks at the start of a stream, and closes it. */
export async function inspect(raw: ByteStream): Promise<Inspection> {
  const { stream, archive } = await unpack(raw);
  try {
    const head = await readHead(stream, HEAD);
    if (head.length === 0 && stream.problem !== undefined) return { reason: stream.problem.message };
    if (textStart(head) === head.length) return { form: undefined, isList: false, archive, guess: undefined };
    const other = otherArchive(head);
    if (other !== undefined) return { reason: `it is ${other}; unpack it first` };
    const encoding = otherEncoding(head);
    if (encoding !== undefined) {
      return { reason: `it is ${encoding} text, and JSON is UTF-8; convert it: iconv -f ${encoding} -t UTF-8` };
    }
    const found = formOf(head);
    if (found === undefined) return { reason: "it has no JSON objects, neither one a line nor in a list" };
    return { ...found, archive, guess: await guessKind(head, found.form) };
  } finally {
    await stream.close();
  }
}
