import { basename } from "node:path";
import { SourceError } from "../../../errors.js";
import { type Finding, finding } from "../../../finding.js";
import { type DrWandbEnv, type ReadableExport, unreadable } from "../export-source.js";
import type { DrWandbFiles } from "../files.js";
import { JsonLinesHistory } from "./history.js";
import type { JsonLinesLayout } from "./layout.js";
import { countFindings, type Manifest, NO_MANIFEST, readManifest } from "./manifest.js";
import { RunLines, unreadableFile } from "./runs.js";

type Report = (item: Finding) => void;

async function manifestOf(path: string | undefined, files: DrWandbFiles, report: Report): Promise<Manifest> {
  if (path === undefined) return NO_MANIFEST;
  try {
    const manifest = await readManifest(path, files);
    if (manifest !== undefined) return manifest;
    report(
      finding("source/wrong-shape", `${path} is no manifest of dr_wandb; it was not used`, { where: { file: path } }),
    );
  } catch (error) {
    report(unreadableFile(path, error));
  }
  return NO_MANIFEST;
}

/** The result of opening a file and its findings; undefined when there is none or it cannot be read. */
async function open<T>(
  path: string | undefined,
  report: Report,
  signal: AbortSignal | undefined,
  read: (path: string) => Promise<[T, Finding[]]>,
): Promise<T | undefined> {
  if (path === undefined) return undefined;
  try {
    const [opened, findings] = await read(path);
    for (const item of findings) report(item);
    return opened;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SourceError) throw error;
    report(unreadableFile(path, error));
    return undefined;
  }
}

/**
 * Opens the files of a v3 export: reads each once to see what stands where.
 * @throws SourceError when none can be read; the signal's reason.
 */
export async function openJsonLinesExport(
  layout: JsonLinesLayout,
  env: DrWandbEnv,
  tell: Report,
  signal: AbortSignal | undefined,
): Promise<ReadableExport> {
  const { files, engine } = env;
  const problems: Finding[] = [];
  const report = (item: Finding): void => {
    problems.push(item);
    tell(item);
  };
  const manifest = await manifestOf(layout.manifest, files, report);
  for (const item of manifest.findings) report(item);
  const runs = await open(layout.runs, report, signal, (path) => RunLines.open(path, files, signal));
  const entries = runs?.entries ?? [];
  let history: JsonLinesHistory | undefined;
  try {
    history = await open(layout.history, report, signal, (path) =>
      JsonLinesHistory.open(path, entries, { files, temporaryDirectory: engine.temporaryDirectory, signal }),
    );
  } catch (error) {
    await runs?.close();
    throw error;
  }
  if (runs === undefined && history === undefined) throw unreadable(layout.path, problems);
  for (const item of countFindings(manifest, { runs: runs?.count, rows: history?.count }, layout.path)) report(item);
  return {
    entries,
    place: manifest,
    runsName: layout.runs === undefined ? undefined : basename(layout.runs),
    history,
    historyFailed: layout.history !== undefined && history === undefined,
    cells: async (entry) =>
      (await runs?.cells(entry).catch((error: unknown) => unreadableFile(runs.path, error))) ?? [],
    repeats: async (entry) => (await runs?.repeats(entry)) ?? [],
    leftOut: () => [],
    async close() {
      await runs?.close();
      await history?.close();
    },
  };
}
