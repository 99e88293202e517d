import { basename, dirname, resolve, sep } from "node:path";

const ARCHIVE = /\.(?:gz|gzip|zst|zstd)$/i;
const EXTENSION = /(?<=.)\.[^.]*$/;

/** The last `count` parts of a path, joined by `/`. */
function tailOf(path: string, count: number): string {
  return path.split(sep).slice(-count).join("/");
}

/**
 * What the files of one import are called among the logs of their runs: the base name; where two have the same, as
 * many folders before it as tell them apart.
 */
export function logNames(paths: readonly string[]): string[] {
  const full = paths.map((path) => resolve(path));
  return full.map((path) => {
    const depth = path.split(sep).length;
    for (let count = 1; count < depth; count++) {
      const tail = tailOf(path, count);
      if (!full.some((other) => other !== path && tailOf(other, count) === tail)) return tail;
    }
    return path;
  });
}

/** The run that a file's name stands for: the name without its extensions `.jsonl`, `.gz` and the like. */
export function stemOf(name: string): string {
  const file = basename(name).replace(ARCHIVE, "").replace(EXTENSION, "");
  const folder = dirname(name);
  return folder === "." ? file : `${folder}/${file}`;
}
