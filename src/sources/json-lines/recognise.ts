import type { JsonLinesFiles } from "./byte-stream.js";
import { MemberWalk, skipSpace } from "./json-scan.js";

/** What the records of a file are. */
export type RecordKind = "history" | "runs";

/** What a file was found to be; `reason` says why it is none. */
export type FileRecognition =
  | { readonly bytes: number; readonly records: RecordKind; readonly isGuess: boolean }
  | { readonly reason: string };

const HEAD = 1 << 20;
const RUN_MEMBERS = new Set(["config", "summary", "summaryMetrics", "summary_metrics"]);

/** What a record is, by its members; undefined when they do not tell. */
function kindOf(record: Buffer): RecordKind | undefined {
  const walk = new MemberWalk();
  walk.begin(record, 0, record.length);
  let isScalar = true;
  while (walk.next()) {
    const name = record.toString("utf8", walk.keyFrom, walk.keyTo);
    if (RUN_MEMBERS.has(name)) return "runs";
    if (name === "_step") return "history";
    const first = record[walk.valueFrom];
    if (first === 0x7b || first === 0x5b) isScalar = false;
  }
  return isScalar ? "history" : undefined;
}

/** Says what a file is, by its first record. */
export async function recogniseJsonLines(
  path: string,
  given: RecordKind | undefined,
  files: JsonLinesFiles,
): Promise<FileRecognition> {
  const handle = await files.open(path, "r");
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(HEAD, size));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    const from = skipSpace(buffer, 0, bytesRead);
    if (buffer[from] !== 0x7b) return { reason: "JSON Lines: the first line is no JSON object" };
    const newline = buffer.indexOf(0x0a, from);
    const records = given ?? kindOf(buffer.subarray(from, newline < 0 ? bytesRead : newline));
    if (records === undefined) return { reason: "JSON Lines: its records may be history rows or runs; give --kind" };
    return { bytes: size, records, isGuess: given === undefined };
  } finally {
    await handle.close();
  }
}
