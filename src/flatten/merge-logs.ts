import type { BlobName } from "../blob.js";
import type { JsonObject } from "../json/read.js";
import { readBlob } from "./walk.js";

/** Members of the run blob that belong to the start of a run: the first log that has them wins. */
const FIRST_WINS = new Set(["createdAt", "startingStep"]);
/** Members that are merged one level deeper: W&B's own bookkeeping inside config and summary. */
const DEEP = new Set(["_wandb"]);

type Texts = Map<string, { readonly key: string; readonly value: string }>;

function membersOf(node: JsonObject, text: string): Texts {
  return new Map(
    node.members.map((member) => [
      member.key,
      { key: text.slice(member.keyStart, member.keyEnd), value: text.slice(member.value.start, member.value.end) },
    ]),
  );
}

const print = (members: Texts): string =>
  `{${[...members.values()].map(({ key, value }) => `${key}:${value}`).join(",")}}`;

function mergeObjects(older: string, newer: string, deep: boolean): string | undefined {
  const a = readBlob(older);
  const b = readBlob(newer);
  if ("why" in a || "why" in b) return undefined;
  const merged = membersOf(a, older);
  for (const [key, member] of membersOf(b, newer)) {
    const known = merged.get(key);
    if (known !== undefined && FIRST_WINS.has(key)) continue;
    const inner =
      deep && DEEP.has(key) && known !== undefined ? mergeObjects(known.value, member.value, false) : undefined;
    merged.set(key, inner === undefined ? member : { key: member.key, value: inner });
  }
  return print(merged);
}

const BASE64 = "base64:";
const bytesOf = (text: string): Buffer =>
  text.startsWith(BASE64) ? Buffer.from(text.slice(BASE64.length), "base64") : Buffer.from(text);

/** Texts that cannot be merged, one after the other, a line each; as bytes when one of them is kept as bytes. */
function keepBoth(older: string, newer: string): string {
  if (!older.startsWith(BASE64) && !newer.startsWith(BASE64)) return `${older}\n${newer}`;
  return BASE64 + Buffer.concat([bytesOf(older), Buffer.from("\n"), bytesOf(newer)]).toString("base64");
}

/**
 * One text per blob from the logs of one run, oldest first, as W&B's server would have kept it: a later log's member
 * replaces an earlier one whole, `_wandb` member by member; when a run started is what the first log says. Texts of which
 * one is unusable cannot be merged: they are kept one after the other, a line each, which makes them one refused text.
 */
export function mergeLogs(logs: readonly Partial<Record<BlobName, string>>[]): Partial<Record<BlobName, string>> {
  const merged: Partial<Record<BlobName, string>> = {};
  for (const log of logs) {
    for (const [name, text] of Object.entries(log) as [BlobName, string][]) {
      const known = merged[name];
      merged[name] = known === undefined ? text : (mergeObjects(known, text, true) ?? keepBoth(known, text));
    }
  }
  return merged;
}
