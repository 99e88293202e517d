import { basename } from "node:path";
import { type Finding, finding } from "../../../finding.js";
import type { DrWandbFiles } from "../files.js";
import { isObject, locate, memberOf, textOf } from "../json-object.js";
import { readBytes } from "./read-lines.js";

const MOST_BYTES = 16 * 1024 * 1024;
const KNOWN_VERSION = "1";

/** What dr_wandb's manifest.json says of an export. */
export interface Manifest {
  readonly entity: string;
  readonly project: string;
  readonly runs: number | undefined;
  readonly rows: number | undefined;
  readonly findings: readonly Finding[];
}

/** What an export without a manifest says. */
export const NO_MANIFEST: Manifest = { entity: "", project: "", runs: undefined, rows: undefined, findings: [] };

/** What a narrowed export leaves out: the members that say so when they are not null. */
const SELECTIONS = [
  { member: "selected_history_keys", says: "only the history keys" },
  { member: "history_window", says: "only the history rows of the window" },
] as const;

async function bytesOf(path: string, files: DrWandbFiles): Promise<Uint8Array> {
  const handle = await files.open(path, "r");
  try {
    return await readBytes(handle, 0, Math.min(MOST_BYTES, (await handle.stat()).size));
  } finally {
    await handle.close();
  }
}

/** Reads a manifest.json; undefined when it is not dr_wandb's. @throws the file system's error. */
export async function readManifest(path: string, files: DrWandbFiles): Promise<Manifest | undefined> {
  const root = locate(await bytesOf(path, files));
  if ("problem" in root || !isObject(root)) return undefined;
  const member = (key: string) => memberOf(root, key);
  const version = member("schema_version");
  if (version === undefined || member("runs_path") === undefined) return undefined;
  const text = (key: string): string => {
    const value = member(key)?.node;
    return value?.kind === "string" ? value.value : "";
  };
  const count = (key: string): number | undefined => {
    const value = member(key);
    return value !== undefined && /^\d{1,15}$/.test(textOf(value)) ? Number(textOf(value)) : undefined;
  };
  const where = { file: path };
  const findings: Finding[] = [];
  if (textOf(version) !== KNOWN_VERSION) {
    const message = `${basename(path)} has schema_version ${textOf(version)}, known is ${KNOWN_VERSION}; it was read as that`;
    findings.push(finding("source/wrong-shape", message, { where }));
  }
  for (const { member: key, says } of SELECTIONS) {
    const value = member(key);
    if (value === undefined || value.node.kind === "null") continue;
    findings.push(finding("source/partial", `The export holds ${says} ${textOf(value).slice(0, 200)}`, { where }));
  }
  const hasHistory = member("history_path")?.node.kind === "string";
  return {
    entity: text("entity"),
    project: text("project"),
    runs: count("run_count"),
    rows: hasHistory ? count("history_count") : undefined,
    findings,
  };
}

/** Tells of files that have fewer records than the manifest counts. */
export function countFindings(
  manifest: Manifest,
  found: { readonly runs: number | undefined; readonly rows: number | undefined },
  path: string,
): Finding[] {
  const counts = [
    ["runs", manifest.runs, found.runs],
    ["history rows", manifest.rows, found.rows],
  ] as const;
  return counts.flatMap(([what, wanted, have]) => {
    if (wanted === undefined || have === undefined || have >= wanted) return [];
    const message = `The export has ${have} ${what}; its manifest.json counts ${wanted}`;
    return [finding("source/truncated", message, { where: { file: path } })];
  });
}
