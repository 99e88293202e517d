import { dirname, join } from "node:path";
import { diskReason } from "../disk-error.js";
import { StoreError } from "../errors.js";
import { isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";

type Files = Environment["files"];

/** Ending of files that are being written; no reader takes them for Parquet. */
export const TEMPORARY = ".writing";

/** Files written under temporary names, to be renamed when all of them are there. */
export class Staging {
  readonly #files: Files;
  readonly #dir: string;
  readonly #staged = new Set<string>();
  /** Folders as they are called here, by what they are on the disk. */
  readonly #folders = new Map<string, string>();
  /** Folders that were made for files, each with those above it that were. */
  readonly #made: (readonly string[])[] = [];
  #published = false;

  constructor(files: Files, dir: string) {
    this.#files = files;
    this.#dir = dir;
  }

  /** The files that wait, relative to the folder. */
  get names(): string[] {
    return [...this.#staged];
  }

  /** Whether a file may have been given its name: until then the folder is as it was. */
  get published(): boolean {
    return this.#published;
  }

  /**
   * Where to write a file, given relative to the folder.
   * @throws StoreError `tables/partition` when the file system does not tell its folder from one of another name.
   */
  async place(file: string): Promise<string> {
    const path = join(this.#dir, file);
    await this.#make(dirname(path));
    await this.#distinct(dirname(path));
    this.#staged.add(file);
    return path + TEMPORARY;
  }

  async #make(folder: string): Promise<void> {
    const first = await this.#files.mkdir(folder, { recursive: true });
    if (first === undefined) return;
    const made = [];
    for (let at = folder; at.length >= first.length; at = dirname(at)) made.push(at);
    this.#made.push(made);
  }

  /** Whether this is where `place` puts a file. */
  isPlaceOf(file: string, path: string): boolean {
    return path === join(this.#dir, file) + TEMPORARY;
  }

  /** Where `project=A` and `project=a` are one folder, files of one would replace those of the other. */
  async #distinct(folder: string): Promise<void> {
    const { dev, ino } = await this.#files.stat(folder, { bigint: true });
    const known = this.#folders.get(`${dev} ${ino}`);
    this.#folders.set(`${dev} ${ino}`, folder);
    if (known === undefined || known === folder) return;
    throw new StoreError("tables/partition", `The file system takes ${known} and ${folder} for one folder.`, {
      where: { file: folder },
      next: "Export without --partition-by project, or to a file system that tells upper from lower case.",
    });
  }

  /** Waits until every file is on the disk. */
  async sync(): Promise<void> {
    await Promise.all(this.names.map((file) => sync(this.#files, join(this.#dir, file) + TEMPORARY)));
  }

  /** Gives every file its name, and waits until the names are on the disk. */
  async publish(): Promise<void> {
    const folders = new Set([this.#dir]);
    for (const file of this.names) {
      const path = join(this.#dir, file);
      this.#published = true;
      await this.#files.rename(path + TEMPORARY, path);
      this.#staged.delete(file);
      folders.add(dirname(path));
    }
    for (const folder of folders) await sync(this.#files, folder);
  }

  /** Gives one file another place than its own; it waits no longer. */
  async moveTo(file: string, path: string): Promise<void> {
    await this.#files.rename(join(this.#dir, file) + TEMPORARY, path);
    this.#staged.delete(file);
  }

  /** Removes the files that wait, and the folders that were made for nothing. */
  async discard(): Promise<void> {
    for (const file of this.#staged) await this.#files.rm(join(this.#dir, file) + TEMPORARY, { force: true });
    for (const made of this.#made.toReversed()) {
      for (const folder of made) if (!(await removeEmpty(this.#files, folder))) break;
    }
  }
}

/** Removes a folder when it is empty; whether it is gone. */
export async function removeEmpty(files: Files, path: string): Promise<boolean> {
  try {
    if ((await files.readdir(path)).length > 0) return false;
    await files.rmdir(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return true;
}

/** Waits until a file or folder is on the disk. */
export async function sync(files: Files, path: string): Promise<void> {
  const handle = await files.open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A disk error below the tables folder as a sentence with its next step; any other error as it is.
 * @param published whether files may have been replaced already.
 */
export function explainDiskError(error: unknown, dir: string, published: boolean): unknown {
  const why = diskReason(error);
  if (why === undefined) return error;
  const state = published
    ? "Some files there are new and others are not; the next export writes all of them again."
    : "The tables that were there are unchanged.";
  return new StoreError("tables/write", `The tables could not be written to ${dir}: ${why}. ${state}`, {
    where: { file: dir },
    next: "Make room there, see to its rights, or choose another place; then run the same command again.",
    cause: error,
  });
}
