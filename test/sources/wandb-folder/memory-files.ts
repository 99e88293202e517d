import type { FolderFiles } from "../../../src/sources/wandb-folder/files.js";

/** Files in memory by path, `/`-separated, with a cap on how much one read gives; counts the bytes of the largest buffer. */
export function memoryFiles(
  contents: Readonly<Record<string, Uint8Array>>,
  perRead = Number.POSITIVE_INFINITY,
): FolderFiles & { largestBuffer: number } {
  const names = Object.keys(contents);
  const notFound = (path: string) => Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
  const files = {
    largestBuffer: 0,
    async kind(path: string) {
      if (path in contents) return "file" as const;
      return names.some((name) => name.startsWith(`${path}/`)) ? ("folder" as const) : undefined;
    },
    async list(path: string) {
      const below = names.filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
      const firsts = [...new Set(below.map((name) => name.split("/")[0] ?? ""))];
      return firsts.map((name) => ({
        name,
        kind: `${path}/${name}` in contents ? ("file" as const) : ("folder" as const),
      }));
    },
    async open(path: string) {
      const bytes = contents[path];
      if (bytes === undefined) throw notFound(path);
      return {
        async read(buffer: Uint8Array, position: number) {
          files.largestBuffer = Math.max(files.largestBuffer, buffer.length);
          const part = bytes.subarray(position, position + Math.min(buffer.length, perRead));
          buffer.set(part);
          return part.length;
        },
        async size() {
          return bytes.length;
        },
        async close() {},
      };
    },
  };
  return files;
}
