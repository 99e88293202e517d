import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeFiles } from "../../src/sources/wandb-folder/files.js";
import { importWandbFolders } from "../../src/sources/wandb-folder/import-folders.js";
import { Recorder } from "../sources/wandb-folder/recorder.js";

/** The folder of real fixtures; the tests run in the repository's root. */
export const DATA = join(process.cwd(), "test/data");

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Real `.wandb` logs, small ones first. */
export function realLogs(): Buffer[] {
  const logs = filesBelow(DATA, ".wandb").map((file) => readFileSync(file));
  return logs.sort((a, b) => a.length - b.length);
}

/** Texts of real payloads: config, summary, run blobs, history rows, system events. */
export async function realTexts(): Promise<string[]> {
  const recorder = new Recorder();
  await importWandbFolders([DATA], recorder, {}, nodeFiles);
  const blobs = recorder.logs.flatMap(({ blobs: found }) => Object.values(found ?? {}));
  const rows = recorder.logs.flatMap(({ history, events }) => [
    ...history.slice(0, 20).map((row) => row.text),
    ...events.slice(0, 5),
  ]);
  return [
    ...new Set([...blobs.flatMap((bytes) => (bytes === undefined ? [] : [Buffer.from(bytes).toString()])), ...rows]),
  ];
}
