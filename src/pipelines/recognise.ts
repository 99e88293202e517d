import { type Static, Type } from "@sinclair/typebox";
import { SourceError } from "../errors.js";
import { type Finding, finding } from "../finding.js";
import { describeLayout, recogniseDrWandb, recordFiles } from "../sources/dr-wandb/layout.js";
import { type ByteStream, openFile, streamOf } from "../sources/json-lines/byte-stream.js";
import { STDIN } from "../sources/json-lines/import.js";
import { recogniseJsonLines } from "../sources/json-lines/recognise.js";
import { recogniseWandbFolder } from "../sources/wandb-folder/discover.js";
import { nodeFiles } from "../sources/wandb-folder/files.js";
import { isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";
import { expandPaths, FieldOptions, RECORDS, type SourcePath } from "./source-paths.js";

/** A path to import, and what it is. */
export const RecognisedSourceSchema = Type.Object(
  {
    path: Type.String(),
    kind: Type.Union([Type.Literal("wandb-folder"), Type.Literal("dr-wandb"), Type.Literal("json-lines")]),
    description: Type.String({ description: "One line for people." }),
    bytes: Type.Integer({
      minimum: 0,
      description: "Size of the files that hold its records; 0 for standard input, whose size is not known.",
    }),
    records: Type.Optional(Type.Union([...RECORDS], { description: "What the records of json-lines are." })),
    ...FieldOptions,
  },
  { additionalProperties: false },
);
export type RecognisedSource = Static<typeof RecognisedSourceSchema>;

/** What each path is, and a finding for each that is nothing known. */
export interface Recognised {
  readonly sources: readonly RecognisedSource[];
  readonly findings: readonly Finding[];
}

/** Says what a path is, or what it looked for in vain. The path is there. */
type Recogniser = (source: SourcePath, env: Environment) => Promise<RecognisedSource | readonly string[]>;

async function sizeOf(files: readonly string[], env: Environment): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    try {
      bytes += (await env.files.stat(file)).size;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return bytes;
}

const asWandbFolder: Recogniser = async ({ path }, env) => {
  const folder = await recogniseWandbFolder(path, nodeFiles);
  if ("tried" in folder) return folder.tried;
  const files = [...folder.logs.map((log) => log.file), ...folder.runs.flatMap((run) => Object.values(run.places))];
  return { path, kind: "wandb-folder", description: folder.description, bytes: await sizeOf(files, env) };
};

const asDrWandb: Recogniser = async ({ path }, env) => {
  const { layout, reasons } = await recogniseDrWandb(path, env.files);
  if (layout === undefined) return reasons;
  const bytes = await sizeOf(recordFiles(layout), env);
  return { path, kind: "dr-wandb", description: describeLayout(layout), bytes };
};

const HEAD = 1 << 20;

async function recogniseRecords(
  { path, kind, ...fields }: SourcePath,
  stream: ByteStream,
  bytes: number,
): Promise<RecognisedSource | readonly string[]> {
  const found = await recogniseJsonLines(path, stream, kind);
  if ("reason" in found) return [found.reason];
  return { ...fields, path, kind: "json-lines", description: found.description, bytes, records: found.records };
}

const asJsonLines: Recogniser = async (source, env) => {
  const about = await env.files.stat(source.path);
  if (about.isDirectory()) return ["JSON Lines: it is a folder; give its files, as in 'folder/*.jsonl'"];
  return recogniseRecords(source, await openFile(env.files, source.path, about.size), about.size);
};

/** The first one that knows a path has it. */
const RECOGNISERS: readonly Recogniser[] = [asWandbFolder, asDrWandb, asJsonLines];

async function recognise(source: SourcePath, env: Environment): Promise<RecognisedSource | readonly string[]> {
  if (source.path === STDIN) return recogniseRecords(source, streamOf([await env.stdin.peek(HEAD)]), 0);
  if ((await nodeFiles.kind(source.path)) === undefined) return ["there is no such file or folder"];
  const tried = ["nothing that can be imported was found"];
  for (const recogniser of RECOGNISERS) {
    const found = await recogniser(source, env);
    if ("kind" in found) return found;
    tried.push(...found);
  }
  return tried;
}

const unreadable = (path: string, why: string): Finding =>
  finding("source/unreadable", `${path} was not imported: ${why}`, { where: { file: path } });

/**
 * Says what each path is; globs are expanded. A path that is nothing known or cannot be looked at becomes a finding.
 * @param paths texts, or paths with what is to be known of them.
 * @throws SourceError `source/unrecognised` when none is known, with what was looked for; `source/field` when a field
 * name is none.
 */
export async function recogniseSources(paths: readonly (string | SourcePath)[], env: Environment): Promise<Recognised> {
  const sources: RecognisedSource[] = [];
  const given = paths.map((path) => (typeof path === "string" ? { path } : path));
  const { expanded, unmatched } = await expandPaths(given, env);
  const findings = unmatched.map((path) => unreadable(path, "no file or folder matches"));
  for (const source of expanded) {
    const found = await recognise(source, env).catch((error: unknown) => {
      env.signal.throwIfAborted();
      return [error instanceof Error ? error.message : String(error)];
    });
    if ("kind" in found) sources.push(found);
    else findings.push(unreadable(source.path, found.join("; ")));
  }
  if (sources.length > 0) return { sources, findings };
  throw new SourceError("source/unrecognised", findings.map((item) => item.message).join("\n"), {
    next: "Give a wandb/ folder, a run folder, a .wandb file, the folder of a dr_wandb export, or files of JSON Lines.",
  });
}
