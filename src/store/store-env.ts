import { dirname } from "node:path";
import type { EngineSettings } from "./segment-engine.js";

/** The file operations of the store: those of `node:fs/promises`. */
export type StoreFiles = Pick<
  typeof import("node:fs/promises"),
  "link" | "mkdir" | "open" | "readdir" | "readFile" | "rename" | "rm" | "stat" | "writeFile"
>;

/** The process that may hold the lock. */
export interface StoreProcess {
  readonly pid: number;
  /** Name of the machine: a lock of another one is never taken over. */
  readonly host: string;
  /** Whether a process of this machine is running. */
  isAlive(pid: number): boolean;
  /** When a process of this machine started, as a text that no other process of its pid has; undefined when unknown. */
  startOf(pid: number): string | undefined;
}

/** How long to wait for another holder, and how. */
export interface LockWait {
  readonly seconds: number;
  /** Told once, when waiting begins: who holds the lock. One line. */
  tell(text: string): Promise<void>;
  /** Rejects when the user gives up. */
  sleep(milliseconds: number): Promise<void>;
}

/** What the store needs from outside. */
export interface StoreEnv {
  now(): Date;
  readonly files: StoreFiles;
  readonly process: StoreProcess;
  /** What to do while another process holds the lock. Default: do not wait. */
  readonly wait?: LockWait | undefined;
  readonly engine: EngineSettings;
  /** Memory of the engine while segments are merged, when nothing else is under way. Default: that of `engine`. */
  readonly mergeMemory?: string;
}

async function sync(files: StoreFiles, path: string): Promise<void> {
  const handle = await files.open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Files that are waited for at once: a disk has a queue, and a process has a limit of open files. */
const AT_ONCE = 32;

/** Waits until files, and their names in their folders, are on the disk. */
export async function syncAll(files: StoreFiles, paths: readonly string[]): Promise<void> {
  const all = [...paths, ...new Set(paths.map((path) => dirname(path)))];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    await Promise.all(all.slice(at, at + AT_ONCE).map((path) => sync(files, path)));
  }
}

/** Gives a finished file its final name: its bytes reach the disk first, then the name. */
export async function publish(files: StoreFiles, temporary: string, final: string): Promise<void> {
  await sync(files, temporary);
  await files.rename(temporary, final);
  await sync(files, dirname(final));
}

/** Writes a file so that a crash leaves either the old content or the new one. */
export async function writeDurably(files: StoreFiles, path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const handle = await files.open(temporary, "w");
  try {
    await handle.writeFile(text);
  } catch (error) {
    // What is written through a handle fails without the name of its file.
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  } finally {
    await handle.close();
  }
  await publish(files, temporary, path);
}

/** Whether an error is that of a file that is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** What `link` fails with on file systems without hard links. */
const NO_LINKS: ReadonlySet<unknown> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

/** Whether an error says that there are no hard links here. */
export function cannotLink(error: unknown): boolean {
  return error instanceof Error && "code" in error && NO_LINKS.has(error.code);
}
