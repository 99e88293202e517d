/**
 * A file's path as DuckDB's `read_parquet` must be given it: the function reads `*`, `?` and `[…]` as wildcards, and
 * with `[ab].parquet` in a folder name or run id it would silently read another file.
 */
export function literalPath(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}
