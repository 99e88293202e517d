import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StoreError } from "../errors.js";

/** Files written under temporary names, to be renamed when all of them are there. */
export class Staging {
  readonly #dir: string;
  readonly #staged: { readonly temporary: string; readonly file: string }[] = [];

  constructor(dir: string) {
    this.#dir = dir;
  }

  async place(file: string): Promise<string> {
    const path = join(this.#dir, file);
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.writing`;
    this.#staged.push({ temporary, file: path });
    return temporary;
  }

  async publish(): Promise<void> {
    for (const { temporary } of this.#staged) await sync(temporary);
    for (const { temporary, file } of this.#staged) await rename(temporary, file);
    this.#staged.length = 0;
  }

  async discard(): Promise<void> {
    for (const { temporary } of this.#staged) await rm(temporary, { force: true });
  }
}

/** Waits until a file or folder is on the disk. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const DISK_ERRORS: Record<string, string> = {
  EACCES: "no permission to write there",
  EPERM: "no permission to write there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
};

/** A disk error below the tables folder as a sentence with its next step; any other error as it is. */
export function explainDiskError(error: unknown, dir: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const text = error instanceof Error ? error.message : "";
  const why =
    DISK_ERRORS[code] ??
    (/No space left/i.test(text)
      ? DISK_ERRORS["ENOSPC"]
      : /Permission denied|Read-only file system/i.test(text)
        ? DISK_ERRORS["EACCES"]
        : undefined);
  if (why === undefined) return error;
  return new StoreError(
    "tables/write",
    `The tables could not be written to ${dir}: ${why}. The tables that were there are unchanged.`,
    {
      where: { file: dir },
      next: "Free space or choose another folder, then run the same command again.",
      cause: error,
    },
  );
}
