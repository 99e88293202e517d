import type { ByteStream } from "./byte-stream.js";
import { type Inspection, inspect, type RecordKind } from "./form.js";

/** What a file was found to be; `reason` says why it is none of this source. */
export type FileRecognition =
  | { readonly records: RecordKind; readonly description: string }
  | { readonly reason: string };

const NAME = /\.(?:jsonl|ndjson|jsonlines|json)(?:\.(?:gz|gzip|zst|zstd))?$/i;
const KINDS: Readonly<Record<RecordKind, string>> = { history: "history rows", runs: "runs" };

function formText({ form, isList, archive }: Exclude<Inspection, { reason: string }>): string {
  const what = form === "lines" ? "JSON Lines" : isList ? "a JSON list" : "JSON objects";
  return archive === undefined ? what : `${what} (${archive})`;
}

/**
 * Says what a file is, by its first megabyte; closes the stream.
 * @param given what its records are; undefined to tell it from the first ones.
 */
export async function recogniseJsonLines(
  path: string,
  stream: ByteStream,
  given: RecordKind | undefined,
): Promise<FileRecognition> {
  const seen = await inspect(stream);
  if ("reason" in seen) return { reason: `JSON Lines: ${seen.reason}` };
  if (seen.form === undefined) {
    if (given === undefined && !NAME.test(path)) return { reason: "JSON Lines: it is empty" };
    return { records: given ?? "history", description: "JSON Lines without a record" };
  }
  const { guess } = seen;
  const records = given ?? guess?.kind;
  if (records === undefined) {
    return { reason: "JSON Lines: its records may be history rows or runs; say which with --kind history|runs" };
  }
  const why = given === undefined ? `, guessed from ${guess?.by} (--kind overrides)` : "";
  return { records, description: `${formText(seen)} of ${KINDS[records]}${why}` };
}
