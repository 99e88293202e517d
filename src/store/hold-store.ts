import { createHash } from "node:crypto";
import { join } from "node:path";
import { RECORD_KINDS } from "../blob.js";
import { StoreError } from "../errors.js";
import { MANIFEST_FILE, removeLeftovers } from "./commit.js";
import { takeLock } from "./lock.js";
import { emptyManifest, type Manifest, manifestText, readManifest } from "./manifest.js";
import { isMissing, type StoreEnv, type StoreFiles, writeDurably } from "./store-env.js";
import { explainWriteError } from "./write-error.js";

/** A manifest with the SHA-256 of the text that it was read from. */
export interface LoadedManifest {
  readonly hash: string;
  readonly manifest: Manifest;
}

/**
 * Reads the manifest of a store; undefined when it has none.
 * @param known what was read before: with the same text it need not be taken apart again.
 * @throws StoreError when it is damaged or of a newer format.
 */
export async function readStored(
  files: StoreFiles,
  directory: string,
  known?: LoadedManifest,
): Promise<LoadedManifest | undefined> {
  const path = join(directory, MANIFEST_FILE);
  try {
    const text = await files.readFile(path, "utf8");
    const hash = createHash("sha256").update(text).digest("hex");
    return hash === known?.hash ? known : { hash, manifest: readManifest(text, path) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The manifest of a store; undefined when it has none. @throws StoreError when it is damaged or of a newer format. */
export async function loadManifest(files: StoreFiles, directory: string): Promise<Manifest | undefined> {
  return (await readStored(files, directory))?.manifest;
}

/** Without a manifest there must be no segments either: they would be taken for leftovers and removed. @throws StoreError */
export async function refuseOrphans(files: StoreFiles, directory: string): Promise<void> {
  for (const kind of RECORD_KINDS) {
    const names = await files.readdir(join(directory, kind)).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    if (!names.some((name) => name.endsWith(".parquet"))) continue;
    throw new StoreError("store/manifest", `${directory} has segments and no ${MANIFEST_FILE}`, {
      where: { file: join(directory, MANIFEST_FILE) },
      next: "Restore the manifest, or move the folder away and import the sources again.",
    });
  }
}

/** Written before the first segment, so that segments without a manifest are always a loss. */
async function createManifest(files: StoreFiles, directory: string): Promise<Manifest> {
  await refuseOrphans(files, directory);
  const manifest = emptyManifest();
  await writeDurably(files, join(directory, MANIFEST_FILE), manifestText(manifest));
  return manifest;
}

/** A store that nobody else writes until `unlock` is called. */
export interface Held {
  readonly manifest: Manifest;
  unlock(): Promise<void>;
}

/**
 * Does something with a store that is held, and gives it back.
 * @throws StoreError `store/write` when the disk refuses, which says whether the store has changed; see `holdStore`.
 */
export async function withStore<T>(
  env: StoreEnv,
  directory: string,
  act: (manifest: Manifest) => Promise<T>,
): Promise<T> {
  const { manifest, unlock } = await holdStore(env, directory);
  try {
    return await act(manifest);
  } catch (error) {
    throw explainWriteError(error, directory, await hasChanged(env.files, directory, manifest));
  } finally {
    await unlock();
  }
}

/** Whether the manifest of a store is another than this one. */
export async function hasChanged(files: StoreFiles, directory: string, before: Manifest): Promise<boolean> {
  return (await loadManifest(files, directory))?.revision !== before.revision;
}

/**
 * Takes the lock of a store whose folder is there, makes its manifest when it has none, and removes what a crashed writer
 * left.
 * @param known the manifest as it was read before.
 * @throws StoreError `store/locked` when another writer is at work; `store/write` when the disk refuses; when the manifest
 * is damaged or of a newer format.
 */
export async function holdStore(env: StoreEnv, directory: string, known?: LoadedManifest): Promise<Held> {
  const { files } = env;
  const unlock = await takeLock(env, join(directory, "lock")).catch((error: unknown) => {
    throw explainWriteError(error, directory, false);
  });
  try {
    const manifest = (await readStored(files, directory, known))?.manifest ?? (await createManifest(files, directory));
    await removeLeftovers(files, directory, manifest);
    return { manifest, unlock };
  } catch (error) {
    await unlock();
    throw explainWriteError(error, directory, false);
  }
}
