import { open, readdir, stat } from "node:fs/promises";
import { SourceError } from "../../errors.js";
import { type Finding, finding } from "../../finding.js";

export type EntryKind = "file" | "folder" | "link" | "other";

/** An open file. */
export interface OpenFile {
  /** Reads at `position` into the start of `buffer`; gives how many bytes came, 0 only at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Bytes it has now. */
  size(): Promise<number>;
  close(): Promise<void>;
}

/** What the source needs from a file system. Every call rejects with the system's own error. */
export interface FolderFiles {
  /** What is at a path, links followed; undefined when nothing is. */
  kind(path: string): Promise<EntryKind | undefined>;
  /** The entries of a folder, links not followed, in any order. */
  list(path: string): Promise<readonly { readonly name: string; readonly kind: EntryKind }[]>;
  open(path: string): Promise<OpenFile>;
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

function kindOf(entry: Kinds): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}

/** The real file system. */
export const nodeFiles: FolderFiles = {
  async kind(path) {
    try {
      return kindOf(await stat(path));
    } catch (error) {
      if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return;
      throw error;
    }
  },
  async list(path) {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  },
  async open(path) {
    const handle = await open(path, "r");
    return {
      read: async (buffer, position) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    };
  },
};

/** The same files; what the system throws becomes a SourceError `source/unreadable` that names the path. */
export function namingErrors(files: FolderFiles): FolderFiles {
  const named = async <T>(path: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SourceError("source/unreadable", why, { where: { file: path }, cause: error });
    }
  };
  return {
    kind: (path) => named(path, files.kind(path)),
    list: (path) => named(path, files.list(path)),
    async open(path) {
      const file = await named(path, files.open(path));
      return {
        read: (buffer, position) => named(path, file.read(buffer, position)),
        size: () => named(path, file.size()),
        close: () => named(path, file.close()),
      };
    },
  };
}

/** The whole file when it has at most `limit` bytes; undefined when it is longer. */
export async function readWhole(files: FolderFiles, path: string, limit: number): Promise<Uint8Array | undefined> {
  const file = await files.open(path);
  try {
    const parts: Uint8Array[] = [];
    let length = 0;
    const buffer = new Uint8Array(65_536);
    for (let read = await file.read(buffer, 0); read > 0; read = await file.read(buffer, length)) {
      parts.push(buffer.slice(0, read));
      length += read;
      if (length > limit) return undefined;
    }
    return Buffer.concat(parts);
  } finally {
    await file.close();
  }
}

/** The result of reading, or undefined and a finding when files that name their errors cannot be read. */
export async function unlessUnreadable<T>(
  path: string,
  report: (item: Finding) => void,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    report(finding("source/unreadable", error.message, { where: { file: path } }));
    return undefined;
  }
}
