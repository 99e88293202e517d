import { basename } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { SourceError } from "../errors.js";
import { type Finding, finding } from "../finding.js";
import { importDrWandb } from "../sources/dr-wandb/import.js";
import { describeLayout, recogniseDrWandb, recordFiles } from "../sources/dr-wandb/layout.js";
import { identityFields } from "../sources/json-lines/fields.js";
import { importJsonLines } from "../sources/json-lines/import.js";
import { type RecordKind, recogniseJsonLines } from "../sources/json-lines/recognise.js";
import { recogniseWandbFolder } from "../sources/wandb-folder/discover.js";
import { nodeFiles } from "../sources/wandb-folder/files.js";
import { importWandbFolders } from "../sources/wandb-folder/import-folders.js";
import type { ImportOptions, RecordWriter } from "../store/raw-record.js";
import type { RawStore } from "../store/raw-store.js";
import type { ImportSummary } from "../store/raw-store-writer.js";
import { isMissing } from "../store/store-env.js";
import type { Environment, Limits, Progress } from "./environment.js";

/** A path to import, and what it is. */
export const RecognisedSourceSchema = Type.Object(
  {
    path: Type.String(),
    kind: Type.Union([Type.Literal("wandb-folder"), Type.Literal("dr-wandb"), Type.Literal("json-lines")]),
    description: Type.String({ description: "One line for people." }),
    bytes: Type.Integer({ minimum: 0, description: "Size of the files that hold its records." }),
    records: Type.Optional(
      Type.Union([Type.Literal("history"), Type.Literal("runs")], {
        description: "What the records of json-lines are.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type RecognisedSource = Static<typeof RecognisedSourceSchema>;

/** What each path is, and a finding for each that is nothing known. */
export interface Recognised {
  readonly sources: readonly RecognisedSource[];
  readonly findings: readonly Finding[];
}

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

/** What a path is, or what was looked for in vain. */
async function recognise(
  path: string,
  given: RecordKind | undefined,
  env: Environment,
): Promise<RecognisedSource | readonly string[]> {
  if ((await nodeFiles.kind(path)) === undefined) return ["there is no such file or folder"];
  const folder = await recogniseWandbFolder(path, nodeFiles);
  if (!("tried" in folder)) {
    const runFiles = folder.runs.flatMap((run) => Object.values(run.places));
    const bytes = await sizeOf([...folder.logs.map((log) => log.file), ...runFiles], env);
    return { path, kind: "wandb-folder", description: folder.description, bytes };
  }
  const { layout, reasons } = await recogniseDrWandb(path, env.files);
  if (layout === undefined && (await nodeFiles.kind(path)) === "file") {
    const file = await recogniseJsonLines(path, given, env.files);
    if ("reason" in file) return [...folder.tried, ...reasons, file.reason];
    const guess = file.isGuess ? " (a guess; --kind says otherwise)" : "";
    const what = file.records === "runs" ? "runs" : "history rows";
    const description = `JSON Lines of ${what}${guess}`;
    return { path, kind: "json-lines", description, bytes: file.bytes, records: file.records };
  }
  if (layout === undefined) return ["nothing that can be imported was found", ...folder.tried, ...reasons];
  const bytes = await sizeOf(recordFiles(layout), env);
  return { path, kind: "dr-wandb", description: describeLayout(layout), bytes };
}

const unreadable = (path: string, why: string): Finding =>
  finding("source/unreadable", `${path} was not imported: ${why}`, { where: { file: path } });

/**
 * Says what each path is. A path that is nothing known or cannot be looked at becomes a finding.
 * @throws SourceError `source/unrecognised` when none is known, with what was looked for.
 */
export async function recogniseSources(
  paths: readonly string[],
  env: Environment,
  given?: RecordKind,
): Promise<Recognised> {
  const sources: RecognisedSource[] = [];
  const findings: Finding[] = [];
  for (const path of new Set(paths)) {
    const found = await recognise(path, given, env).catch((error: unknown) => [
      error instanceof Error ? error.message : String(error),
    ]);
    if ("kind" in found) sources.push(found);
    else findings.push(unreadable(path, found.join("; ")));
  }
  if (sources.length > 0) return { sources, findings };
  throw new SourceError("source/unrecognised", findings.map((item) => item.message).join("\n"), {
    next: "Give a wandb/ folder, a run folder, a .wandb file or the folder of a dr_wandb export.",
  });
}

/** A record is copied from reader to writer to engine: so many times the longest one must fit into the memory. */
const TEXTS_IN_MEMORY = 8;

export interface ImportRequest {
  readonly sources: readonly RecognisedSource[];
  /** Where the source does not say. */
  readonly entity: string | undefined;
  readonly wandbProject: string | undefined;
  readonly limits: Limits;
  readonly progress: Progress;
}

/** One import after the other; a source of which nothing can be read becomes a finding when others can. */
async function importAll(
  request: ImportRequest,
  writer: RecordWriter,
  options: ImportOptions,
  env: Environment,
): Promise<void> {
  const failures: SourceError[] = [];
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      failures.push(error);
    }
  };
  const of = (kind: RecognisedSource["kind"]) => request.sources.filter((source) => source.kind === kind);
  const { threads, memory } = request.limits;
  const engine = { threads, memory: `${Math.floor(memory / 4e6)}MB`, temporaryDirectory: env.machine.temp };
  const logs = of("wandb-folder").map((source) => source.path);
  const works = of("dr-wandb").map(
    ({ path }) =>
      () =>
        importDrWandb(path, writer, options, { files: env.files, engine }),
  );
  const inputs = of("json-lines").map(({ path, records = "history" }) => ({
    path,
    kind: records,
    fields: identityFields({}),
    name: basename(path),
    stem: basename(path).replace(/\..*/, ""),
  }));
  if (inputs.length > 0) {
    works.push(async () => {
      await importJsonLines(inputs, writer, options, { files: env.files });
    });
  }
  if (logs.length > 0) works.unshift(() => importWandbFolders(logs, writer, options, nodeFiles));
  for (const work of works) await attempt(work);
  const [first] = failures;
  if (first !== undefined && failures.length === works.length) throw first;
  for (const { message, where } of failures) writer.finding(finding("source/unreadable", message, { where }));
}

/** Bytes that progress will count up to. Of an export it counts JSON text, whose size its compressed files do not tell. */
function totalBytes(sources: readonly RecognisedSource[]): number | undefined {
  if (sources.some((source) => source.kind === "dr-wandb")) return undefined;
  return sources.reduce((sum, source) => sum + source.bytes, 0);
}

/**
 * source -> raw store. All of it becomes visible at once, at the end; an error or Ctrl-C leaves the store as it was.
 * @throws SourceError when nothing can be read of any source; StoreError when the store is locked or the disk fails.
 */
export async function importSources(store: RawStore, request: ImportRequest, env: Environment): Promise<ImportSummary> {
  const total = totalBytes(request.sources);
  const options: ImportOptions = {
    entity: request.entity,
    project: request.wandbProject,
    progress: (bytes) => request.progress("import", "bytes", bytes, total),
    signal: env.signal,
    maxText: Math.floor(request.limits.memory / TEXTS_IN_MEMORY),
  };
  const writer = await store.writer();
  try {
    await importAll(request, writer, options, env);
    env.signal.throwIfAborted();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer.commit();
}
