import type { LogicalType } from "../../plan/plan.js";

export { quoteIdentifier, quoteLiteral } from "../../sql-text.js";

/**
 * DuckDB's type of each logical type, spelled as DuckDB's documentation does and as it may stand in DDL and casts.
 * `decimal` is DECIMAL(38,0), not HUGEINT: DuckDB writes HUGEINT to Parquet as DOUBLE.
 * https://duckdb.org/docs/stable/sql/data_types/overview
 */
export const DUCKDB_TYPES: Readonly<Record<LogicalType, string>> = {
  boolean: "BOOLEAN",
  int64: "BIGINT",
  decimal: "DECIMAL(38,0)",
  float64: "DOUBLE",
  string: "VARCHAR",
  timestamp: "TIMESTAMP WITH TIME ZONE",
  json: "JSON",
  "list<boolean>": "BOOLEAN[]",
  "list<int64>": "BIGINT[]",
  "list<decimal>": "DECIMAL(38,0)[]",
  "list<float64>": "DOUBLE[]",
  "list<string>": "VARCHAR[]",
  "list<timestamp>": "TIMESTAMP WITH TIME ZONE[]",
};

/**
 * The types that cells have in queries and files. json is text there: DuckDB's JSON type refuses texts that it cannot
 * parse, such as an escaped lone surrogate.
 */
export const CELL_TYPES: Readonly<Record<LogicalType, string>> = { ...DUCKDB_TYPES, json: "VARCHAR" };
