import { join } from "node:path";
import { isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";

/** Files below a folder and their bytes. */
export interface FolderSize {
  readonly files: number;
  readonly bytes: number;
}

const isNoFolder = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOTDIR";

async function sizeOf(files: Environment["files"], path: string): Promise<number | undefined> {
  try {
    return (await files.stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function filesBelow(files: Environment["files"], folder: string): Promise<string[]> {
  try {
    const entries = await files.readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (isMissing(error)) return [];
    if (isNoFolder(error)) return [folder];
    throw error;
  }
}

/** How large a folder, or a file, is; nothing when it is not there. A file that goes away meanwhile does not count. */
export async function folderSize(files: Environment["files"], folder: string): Promise<FolderSize> {
  const sizes: number[] = [];
  for (const path of await filesBelow(files, folder)) {
    const size = await sizeOf(files, path);
    if (size !== undefined) sizes.push(size);
  }
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
