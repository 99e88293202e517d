/**
 * Words that no column of the `snake` style is called, since they need quotes in SQL: reserved in DuckDB 1.5
 * (`duckdb_keywords()`) or in PostgreSQL 18 (`pg_get_keywords()`, categories R and T).
 */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
  concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc describe distinct do else end except false fetch for foreign
  freeze from full grant group having ilike in initially inner intersect into is isnull join lambda lateral leading left
  like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps pivot pivot_longer
  pivot_wider placing primary qualify references returning right select session_user show similar some summarize
  symmetric system_user table tablesample then to trailing true union unique unpivot user using variadic verbose when
  where window with`.split(/\s+/),
);

/** Names that PostgreSQL or DuckDB keep for columns of their own; quotes do not help. */
export const SYSTEM_COLUMNS: ReadonlySet<string> = new Set([
  "tableoid",
  "xmin",
  "cmin",
  "xmax",
  "cmax",
  "ctid",
  "rowid",
]);
