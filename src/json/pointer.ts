/**
 * JSON Pointer (RFC 6901). Inside the program a path is an array of unescaped keys; the string form exists only at the
 * edges: plan.json, reports, messages.
 */
export type Path = readonly string[];

/** `["a/b", "c"]` to `/a~1b/c`; the empty path to the empty string. */
export function formatPointer(path: Path): string {
  return path.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/**
 * `/a~1b/c` to `["a/b", "c"]`; the empty string to the empty path.
 * @throws RangeError when the text is neither empty nor starts with `/`, or has a `~` that is not `~0` or `~1`.
 */
export function parsePointer(text: string): string[] {
  if (text === "") return [];
  if (!text.startsWith("/")) throw new RangeError(`A JSON Pointer starts with "/", found ${JSON.stringify(text)}`);
  if (/~(?![01])/.test(text)) throw new RangeError(`A JSON Pointer has only ~0 and ~1, found ${JSON.stringify(text)}`);
  return text
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Order of paths, segment by segment in UTF-16 code units; a prefix comes first. */
export function comparePaths(a: Path, b: Path): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a[i] as string;
    const y = b[i] as string;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

/** Whether `prefix` is `path` or one of its ancestors. */
export function isPrefix(prefix: Path, path: Path): boolean {
  return prefix.length <= path.length && prefix.every((segment, i) => segment === path[i]);
}
