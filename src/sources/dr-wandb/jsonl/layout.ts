import { basename, join } from "node:path";
import { isText, MemberWalk } from "../../../json/scan.js";
import type { DrWandbFiles } from "../files.js";
import { readManifest } from "./manifest.js";
import { forEachLine } from "./read-lines.js";

/** The files of one dr_wandb v3 export. */
export interface JsonLinesLayout {
  readonly kind: "json-lines";
  /** The path that was given. */
  readonly path: string;
  /** `runs.jsonl`: a snapshot of a run each line. */
  readonly runs: string | undefined;
  /** `history.jsonl`: a history row each line. */
  readonly history: string | undefined;
  /** `manifest.json`, which names entity and project and counts the records. */
  readonly manifest: string | undefined;
}

export interface NotJsonLines {
  readonly reasons: readonly string[];
}

const MANIFEST = "manifest.json";
const MOST_BYTES = 64 * 1024 * 1024;

/** What each file is called, and the members by which its first line is known. */
const KINDS = [
  { role: "runs", name: "runs.jsonl", members: ["exported_at", "run"] },
  { role: "history", name: "history.jsonl", members: ["run_id", "metrics"] },
] as const;
type Role = (typeof KINDS)[number]["role"];

/** Names of the members of the first line; undefined when there is no line. */
async function firstMembers(path: string, files: DrWandbFiles): Promise<ReadonlySet<string> | undefined> {
  const walk = new MemberWalk();
  let names: Set<string> | undefined;
  await forEachLine(
    path,
    files,
    { to: MOST_BYTES },
    {
      line(bytes, from, to) {
        names = new Set();
        walk.begin(bytes, from, to);
        while (walk.next()) {
          const known = KINDS.flatMap((kind) => kind.members);
          const name = known.find((member) => isText(bytes, walk.keyFrom, walk.keyTo, member));
          if (name !== undefined) names.add(name);
        }
      },
      tooLong: () => undefined,
      more: async () => names === undefined,
    },
  );
  return names;
}

/** One file by itself, whatever its name, by its first line. */
async function recogniseFile(
  path: string,
  folder: string,
  files: DrWandbFiles,
): Promise<JsonLinesLayout | NotJsonLines> {
  const known = KINDS.find((kind) => kind.name === basename(path));
  const found = path.endsWith(".jsonl") ? await firstMembers(path, files) : undefined;
  const kind = KINDS.find(({ members }) => found !== undefined && members.every((member) => found.has(member)));
  if (kind === undefined) {
    const names = KINDS.map(({ name, members }) => `${name} (members ${members.join(", ")})`).join(" or ");
    const what = known === undefined ? "another file" : "other members in its first line";
    return { reasons: [`dr_wandb v3 export: expected ${names}, found ${what}`] };
  }
  const beside = await files.readdir(folder);
  const manifest = known !== undefined && beside.includes(MANIFEST) ? join(folder, MANIFEST) : undefined;
  return { kind: "json-lines", path, runs: undefined, history: undefined, manifest, [kind.role]: path };
}

/** Recognises a folder that holds runs.jsonl or history.jsonl by their first lines or by dr_wandb's manifest. */
async function recogniseFolder(
  path: string,
  names: readonly string[],
  files: DrWandbFiles,
): Promise<JsonLinesLayout | NotJsonLines> {
  const here = KINDS.filter(({ name }) => names.includes(name));
  if (here.length === 0) {
    const expected = KINDS.map(({ name }) => name).join(" or ");
    return { reasons: [`dr_wandb v3 export: expected ${expected}, found other files`] };
  }
  const manifest = names.includes(MANIFEST) ? join(path, MANIFEST) : undefined;
  const isOwn = manifest !== undefined && (await readManifest(manifest, files)) !== undefined;
  const reasons: string[] = [];
  for (const { name, members } of isOwn ? [] : here) {
    const found = await firstMembers(join(path, name), files);
    if (found !== undefined && members.every((member) => found.has(member))) continue;
    reasons.push(`dr_wandb v3 export: the first line of ${name} does not have the members ${members.join(" and ")}`);
  }
  if (reasons.length === here.length) return { reasons };
  const file = (role: Role) => here.flatMap((kind) => (kind.role === role ? join(path, kind.name) : []))[0];
  return { kind: "json-lines", path, runs: file("runs"), history: file("history"), manifest };
}

/** Recognises a folder, or one file, of a dr_wandb v3 export. */
export async function recogniseJsonLines(
  path: string,
  folder: string,
  names: readonly string[],
  files: DrWandbFiles,
): Promise<JsonLinesLayout | NotJsonLines> {
  return path === folder ? recogniseFolder(path, names, files) : recogniseFile(path, folder, files);
}
