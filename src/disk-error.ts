const REASONS: Readonly<Record<string, string>> = {
  EACCES: "no permission to write there",
  EPERM: "no permission to write there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file system or a limit of the process allows no larger file",
  ENOTDIR: "a file stands where a folder has to be",
  EEXIST: "a file stands where a folder has to be",
  EISDIR: "a folder stands where a file has to be",
};

/** What DuckDB's errors, which have no codes, say. */
const DUCKDB: readonly (readonly [RegExp, string | undefined])[] = [
  [/No space left on device/i, REASONS["ENOSPC"]],
  [/Disk quota exceeded/i, REASONS["EDQUOT"]],
  [/File too large/i, REASONS["EFBIG"]],
  [/Permission denied/i, REASONS["EACCES"]],
  [/Read-only file system/i, REASONS["EROFS"]],
];

/** Why something cannot be written, as a clause; undefined when an error is not about that. */
export function diskReason(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const known = "code" in error && typeof error.code === "string" ? REASONS[error.code] : undefined;
  if (known !== undefined) return "path" in error ? `${known} (${error.path})` : known;
  return DUCKDB.find(([pattern]) => pattern.test(error.message))?.[1];
}
