import { join } from "node:path";
import { RECORD_KINDS } from "../blob.js";
import { StoreError, WandbColumnsError } from "../errors.js";
import { MANIFEST_FILE } from "../store/commit.js";
import { readManifest } from "../store/manifest.js";
import type { RawStore } from "../store/raw-store.js";
import { isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";

type Files = Environment["files"];

async function isGone(files: Files, path: string): Promise<boolean> {
  try {
    await files.stat(path);
    return false;
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

async function firstGone(store: RawStore, files: Files): Promise<string | undefined> {
  for (const segment of RECORD_KINDS.flatMap((kind) => store.liveSegments(kind))) {
    for (const path of [segment.path, segment.profile]) if (await isGone(files, path)) return path;
  }
  return undefined;
}

async function revisionNow(store: RawStore, files: Files): Promise<number | undefined> {
  const path = join(store.directory, MANIFEST_FILE);
  try {
    return readManifest(await files.readFile(path, "utf8"), path).revision;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The error of a reader of the raw store as what it means when a segment is no longer there: an import that ran beside
 * it has replaced the segment, or somebody has removed it. Any other error as it is.
 */
export async function explainStoreError(error: unknown, store: RawStore, files: Files): Promise<unknown> {
  const told = error instanceof WandbColumnsError && !error.code.startsWith("engine/");
  const file = told ? undefined : await firstGone(store, files);
  if (file === undefined) return error;
  if ((await revisionNow(store, files)) !== store.manifest.revision) {
    return new StoreError("store/changed", `The raw store ${store.directory} has changed while it was read`, {
      where: { file },
      next: "Run the same command again.",
      cause: error,
    });
  }
  return new StoreError("store/segment", `The raw store ${store.directory} has lost a file`, {
    where: { file },
    next: "Restore it from a backup, or move the raw folder away and import the sources again.",
    cause: error,
  });
}
