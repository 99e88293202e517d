import { SchemaError } from "../errors.js";

/** An entry of a folder. */
export interface FolderEntry {
  readonly name: string;
  isDirectory(): boolean;
  isFile(): boolean;
}

/** What reading a folder of schemas needs of a file system; `node:fs/promises` has it. */
export interface FolderReader {
  readdir(path: string, options: { withFileTypes: true }): Promise<readonly FolderEntry[]>;
  readFile(path: string): Promise<Uint8Array>;
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new SchemaError("schema/encoding", "The schema file is not UTF-8.", {
      where: { file },
      next: "Save it as UTF-8.",
      cause: error,
    });
  }
}

async function collect(fs: FolderReader, path: string, label: string, into: Map<string, string>): Promise<void> {
  const entries = await fs.readdir(path, { withFileTypes: true });
  for (const entry of entries) {
    const inside = `${path}/${entry.name}`;
    const file = `${label}/${entry.name}`;
    if (entry.isDirectory()) await collect(fs, inside, file, into);
    else if (entry.isFile() && entry.name.endsWith(".schema.json"))
      into.set(file, decode(await fs.readFile(inside), file));
  }
}

/**
 * Texts of all `*.schema.json` files below a folder, by `label`, `/` and their path inside it, in ascending order; a
 * byte order mark is dropped. Errors of the file system pass through, a missing folder among them.
 * @throws SchemaError `schema/encoding` when a file is not UTF-8.
 */
export async function readSchemaFolder(fs: FolderReader, folder: string, label: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  await collect(fs, folder, label, files);
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
