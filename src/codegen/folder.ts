import type { Dirent } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { StoreError } from "../errors.js";
import { hasHeader } from "./header.js";

/** What is needed of a file system; `node:fs/promises` is one. */
export interface FolderFs {
  readdir(path: string, options: { recursive: true; withFileTypes: true }): Promise<Dirent[]>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  writeFile(path: string, text: string): Promise<void>;
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  rm(path: string): Promise<void>;
}

/** How a folder differs from what would be generated; paths inside the folder, ascending. */
export interface GeneratedCheck {
  /** Files with other text. */
  readonly stale: readonly string[];
  readonly missing: readonly string[];
  /** Files that nothing generates. Those whose name starts with a dot do not count. */
  readonly orphaned: readonly string[];
}

/** What `writeGenerated` did; paths inside the folder, ascending. */
export interface GeneratedWrite {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** Files that nothing generates and that do not look generated; they were left alone. */
  readonly foreign: readonly string[];
}

/** The places that belong to generated files alone. */
const OWN_PLACE = /^(?:types\/[^/]+\.d\.ts|validators\/[^/]+\.(?:js|d\.ts)|ddl\/[^/]+\.sql|dbt\/[^/]+\.yml)$/;

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

function unusable(path: string, verb: string, cause: unknown): never {
  throw new StoreError("generated/io", `${path} cannot be ${verb}: ${(cause as Error).message}`, {
    where: { file: path },
    next: "Check that it is a file or folder that you may change.",
    cause,
  });
}

async function present(dir: string, fs: FolderFs): Promise<string[]> {
  const entries = await fs.readdir(dir, { recursive: true, withFileTypes: true }).catch((error: unknown): Dirent[] => {
    if (isMissing(error)) return [];
    return unusable(dir, "listed", error);
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.split("/").some((part) => part.startsWith(".")))
    .sort();
}

async function textOf(path: string, fs: FolderFs): Promise<string | undefined> {
  return fs.readFile(path, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    return unusable(path, "read", error);
  });
}

/** Line ends as they are generated, so that a checkout with CRLF is not stale. */
const plainLines = (text: string): string => text.replaceAll("\r\n", "\n");

/**
 * Compares a folder with what would be generated, and changes nothing. A folder that does not exist has everything
 * missing.
 * @throws StoreError `generated/io` when the folder or a file in it cannot be read.
 */
export async function checkGenerated(
  dir: string,
  files: ReadonlyMap<string, string>,
  fs: FolderFs,
): Promise<GeneratedCheck> {
  const stale: string[] = [];
  const missing: string[] = [];
  for (const [path, text] of files) {
    const found = await textOf(join(dir, path), fs);
    if (found === undefined) missing.push(path);
    else if (plainLines(found) !== plainLines(text)) stale.push(path);
  }
  const orphaned = (await present(dir, fs)).filter((path) => !files.has(path));
  return { stale: stale.sort(), missing: missing.sort(), orphaned };
}

async function write(dir: string, path: string, text: string, fs: FolderFs): Promise<void> {
  const file = join(dir, path);
  try {
    await fs.mkdir(dirname(file), { recursive: true });
    await fs.writeFile(file, text);
  } catch (error) {
    unusable(file, "written", error);
  }
}

/**
 * Makes a folder what would be generated: writes the files that differ and removes those that were once generated.
 * Anything else is left alone and listed, so that a folder of someone else's is not emptied.
 * @throws StoreError `generated/io` when something cannot be read, written or removed; what was done until then stays,
 * and a second call completes it.
 */
export async function writeGenerated(
  dir: string,
  files: ReadonlyMap<string, string>,
  fs: FolderFs,
): Promise<GeneratedWrite> {
  const { stale, missing, orphaned } = await checkGenerated(dir, files, fs);
  const written = [...stale, ...missing].sort();
  for (const path of written) await write(dir, path, files.get(path) ?? "", fs);
  const removed: string[] = [];
  const foreign: string[] = [];
  for (const path of orphaned) {
    const file = join(dir, path);
    const own = OWN_PLACE.test(path) || hasHeader((await textOf(file, fs)) ?? "");
    (own ? removed : foreign).push(path);
    if (own) await fs.rm(file).catch((error: unknown) => unusable(file, "removed", error));
  }
  return { written, removed, foreign };
}
