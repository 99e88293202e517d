import { SourceError } from "../errors.js";
import { type Finding, finding } from "../finding.js";
import { importDrWandb } from "../sources/dr-wandb/import.js";
import { identityFields } from "../sources/json-lines/fields.js";
import { importJsonLines, STDIN } from "../sources/json-lines/import.js";
import { nodeFiles } from "../sources/wandb-folder/files.js";
import { importWandbFolders } from "../sources/wandb-folder/import-folders.js";
import { hasChanged } from "../store/hold-store.js";
import { copiedVersion, runText, versionsByRun } from "../store/live.js";
import type { Version } from "../store/manifest.js";
import type { ImportOptions, RecordWriter } from "../store/raw-record.js";
import type { RawStore } from "../store/raw-store.js";
import type { ImportSummary } from "../store/raw-store-writer.js";
import { explainWriteError } from "../store/write-error.js";
import type { Environment, Limits, Progress } from "./environment.js";
import type { RecognisedSource } from "./recognise.js";
import { fieldNames } from "./source-paths.js";

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

type Kind = RecognisedSource["kind"];

/** What the importers are given. */
interface Importing {
  readonly writer: RecordWriter;
  readonly options: ImportOptions;
  readonly limits: Limits;
  readonly env: Environment;
}

/** The imports that the sources of a kind take; each fails on its own. */
type Importer = (sources: readonly RecognisedSource[], importing: Importing) => (() => Promise<void>)[];

const wandbLogs: Importer = (sources, { writer, options }) => {
  const paths = sources.map(({ path }) => path);
  return paths.length === 0 ? [] : [() => importWandbFolders(paths, writer, options, nodeFiles)];
};

/** Of the memory, what reading Parquet may take; the rest is for the store's engine and for texts between the two. */
const READER_SHARE = 0.4;
/** A thread may hold a column's page of 128 MB twice, packed and unpacked. */
const BYTES_PER_THREAD = 300e6;

function readerEngine({ threads, memory }: Limits, temporaryDirectory: string) {
  const share = memory * READER_SHARE;
  const most = Math.max(1, Math.floor(share / BYTES_PER_THREAD));
  return { threads: Math.min(threads, most), memory: `${Math.floor(share / 1e6)}MB`, temporaryDirectory };
}

const drWandb: Importer = (sources, { writer, options, limits, env }) => {
  const engine = readerEngine(limits, env.machine.temp);
  return sources.map(
    ({ path }) =>
      () =>
        importDrWandb(path, writer, options, { files: env.files, engine }),
  );
};

const jsonLines: Importer = (sources, { writer, options, env }) => {
  const inputs = sources.map((source) => ({
    path: source.path,
    records: source.records ?? "history",
    fields: identityFields(fieldNames(source)),
    runIdField: source.runIdField,
  }));
  const machine = { files: env.files, temp: env.machine.temp, stdin: () => env.stdin.read() };
  return inputs.length === 0 ? [] : [() => importJsonLines(inputs, writer, options, machine)];
};

const IMPORTERS: readonly (readonly [Kind, Importer])[] = [
  ["wandb-folder", wandbLogs],
  ["dr-wandb", drWandb],
  ["json-lines", jsonLines],
];

/** One import after the other; a source of which nothing can be read becomes a finding when others can. */
async function importAll(sources: readonly RecognisedSource[], importing: Importing): Promise<void> {
  const failures: SourceError[] = [];
  const works = IMPORTERS.flatMap(([kind, importer]) =>
    importer(
      sources.filter((source) => source.kind === kind),
      importing,
    ),
  );
  for (const work of works) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      failures.push(error);
    }
  }
  importing.env.signal.throwIfAborted();
  const [first] = failures;
  if (first !== undefined && failures.length === works.length) throw first;
  for (const { message, where } of failures) {
    importing.writer.finding(finding("source/unreadable", message, { where }));
  }
}

/**
 * Bytes that progress will count up to. Of an export it counts JSON text, whose size its compressed files do not tell;
 * that of standard input is not known.
 */
function totalBytes(sources: readonly RecognisedSource[]): number | undefined {
  if (sources.some(({ kind, path }) => kind === "dr-wandb" || path === STDIN)) return undefined;
  return sources.reduce((sum, source) => sum + source.bytes, 0);
}

/** A finding for each file of this import that repeats the records which another one has of a run: they count once. */
function copyFindings({ added, unchanged }: ImportSummary, versions: readonly Version[]): Finding[] {
  const byRun = versionsByRun(versions);
  const pairs = new Map<string, { runs: number; readonly example: string }>();
  for (const version of [...added, ...unchanged]) {
    const first = copiedVersion(version, byRun.get(runText(version.log)) ?? []);
    if (first === undefined) continue;
    const pair = `${version.log.start} has the same records as ${first.log.start}`;
    const known = pairs.get(pair);
    if (known === undefined) pairs.set(pair, { runs: 1, example: version.log.run_id });
    else known.runs += 1;
  }
  return [...pairs].map(([pair, { runs, example }]) => {
    const of = runs === 1 ? `of run ${example}` : `of ${runs} runs, such as ${example}`;
    return finding("source/same-content", `${pair} ${of}; they count once`, { count: runs });
  });
}

/**
 * source -> raw store. All of it becomes visible at once, at the end; an error or Ctrl-C leaves the store as it was.
 * @throws SourceError when nothing can be read of any source; StoreError when the store is locked or the disk fails.
 */
export async function importSources(store: RawStore, request: ImportRequest, env: Environment): Promise<ImportSummary> {
  const total = totalBytes(request.sources);
  const writer = await store.writer();
  const options: ImportOptions = {
    unit: ({ name, files }, read) => writer.unit({ name: [env.version, ...name], files }, read),
    entity: request.entity,
    project: request.wandbProject,
    progress: (bytes) => request.progress("import", "bytes", bytes, total),
    signal: env.signal,
    maxText: Math.floor(request.limits.memory / TEXTS_IN_MEMORY),
  };
  const before = store.manifest;
  try {
    await importAll(request.sources, { writer, options, limits: request.limits, env }).catch(async (error: unknown) => {
      await writer.abort();
      throw error;
    });
    const summary = await writer.commit();
    return { ...summary, findings: [...summary.findings, ...copyFindings(summary, store.manifest.versions)] };
  } catch (error) {
    throw explainWriteError(error, store.directory, await hasChanged(env.files, store.directory, before));
  }
}
