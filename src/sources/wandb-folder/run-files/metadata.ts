import { isUtf8 } from "node:buffer";
import { type JsonNode, JsonSyntaxError, readJson } from "../../../json/read.js";
import { formatTimestamp, parseTimestamp } from "../../../json/timestamp.js";

/** The members of a JSON object as they are spelled, by key; of a key that is there twice the first. */
export type Members = ReadonlyMap<string, { readonly text: string; readonly node: JsonNode }>;

const NOTHING: Members = new Map();

/** The members of a text's root object, or of an object inside it; none when it is no such text. */
export function membersOf(bytes: Uint8Array | undefined, inside?: string): Members {
  if (bytes === undefined || !isUtf8(bytes)) return NOTHING;
  const text = Buffer.from(bytes).toString("utf8");
  let node: JsonNode | undefined;
  try {
    node = readJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return NOTHING;
    throw error;
  }
  if (inside !== undefined && node.kind === "object") node = node.members.find(({ key }) => key === inside)?.value;
  if (node?.kind !== "object") return NOTHING;
  const members = new Map<string, { text: string; node: JsonNode }>();
  for (const { key, value } of node.members) {
    if (!members.has(key)) members.set(key, { text: text.slice(value.start, value.end), node: value });
  }
  return members;
}

/** A member that is a string; "" when it is none. */
export function stringMember(members: Members, key: string): string {
  const node = members.get(key)?.node;
  return node?.kind === "string" ? node.value : "";
}

const ENDED: ReadonlySet<string> = new Set(["finished", "failed", "crashed", "killed"]);

/** What wandb-metadata.json, which clients before 0.10 kept up to date, and the summary say of a run as a whole. */
export interface RunFacts {
  readonly metadata: Members;
  /** Whether a file says that the run ended. */
  readonly hasEnded: boolean;
  /** Canonical timestamp of the start; "" when the metadata has none. */
  readonly start: string;
}

/**
 * A run ended when its metadata has an exit code or a state that is final (clients before 0.10), or its summary has
 * `_wandb.runtime`, which later clients write when the run ends.
 */
export function runFacts(metadataFile: Uint8Array | undefined, summaryFile: Uint8Array | undefined): RunFacts {
  const metadata = membersOf(metadataFile);
  const exit = metadata.get("exitcode")?.node.kind === "number";
  const runtime = membersOf(summaryFile, "_wandb").get("runtime")?.node.kind === "number";
  const started = parseTimestamp(stringMember(metadata, "startedAt"));
  return {
    metadata,
    hasEnded: exit || runtime || ENDED.has(stringMember(metadata, "state")),
    start: started === undefined ? "" : formatTimestamp(started.micros),
  };
}

/** Members of the run blob, by W&B's names, and the members of the metadata that they are. */
const RUN_MEMBERS = [
  ["displayName", "name"],
  ["state", "state"],
  ["createdAt", "startedAt"],
  ["heartbeatAt", "heartbeatAt"],
  ["jobType", "jobType"],
  ["notes", "notes"],
  ["host", "host"],
  ["exitCode", "exitcode"],
] as const;

/**
 * The `run` blob: members of the metadata under the names of W&B's GraphQL type Run, as they are spelled, and what else is
 * known of the run. The metadata of 0.10 and later says `running` for ever: that is left out of a run that ended.
 */
export function runBlob({ metadata, hasEnded }: RunFacts, more: ReadonlyMap<string, string>): Uint8Array {
  const members: [string, string][] = [];
  for (const [name, key] of RUN_MEMBERS) {
    const member = metadata.get(key);
    if (member === undefined || member.node.kind === "null") continue;
    if (key === "state" && hasEnded && !ENDED.has(stringMember(metadata, key))) continue;
    members.push([name, member.text]);
  }
  const git = membersOf(Buffer.from(metadata.get("git")?.text ?? ""));
  const [commit, remote] = [git.get("commit"), git.get("remote")];
  if (commit !== undefined) members.push(["commit", commit.text]);
  if (remote !== undefined) members.push(["git", `{"remote":${remote.text}}`]);
  const text = [...members, ...more].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",");
  return Buffer.from(`{${text}}`, "utf8");
}
