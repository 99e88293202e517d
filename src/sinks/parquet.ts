import type { Column, LogicalType, Table } from "../plan/plan.js";
import { quoteIdentifier, quoteLiteral } from "../sql-text.js";

/** Options of a Parquet file. */
export interface ParquetOptions {
  /** Turns dictionaries off, because DuckDB merges 0.0 and -0.0 in them. */
  readonly keepNegativeZero: boolean;
  /** Most rows of a row group. Default: `rowGroupRows`. */
  readonly rowGroupRows?: number | undefined;
  /** How many rows there are at most, where that is known: a few rows need little memory. */
  readonly rows?: number | undefined;
}

/** DuckDB's own default, and the fewest that it can write. */
const USUAL_ROWS = 122_880;
const FEWEST_ROWS = 2048;
/** Cells of a row group that are worth their memory: each takes some 16 bytes until the group is written. */
const CELLS = 5_000_000;
/** A dictionary that grows beyond this is given up: nearly every value is new, and trying longer is a fifth of the time. */
const DICTIONARY_ENTRIES = 4096;
/** DuckDB sets room for the dictionary of every column aside at once, some 32 bytes an entry. */
const ALL_ENTRIES = 2_000_000;

function dictionaryEntries(table: Table, { keepNegativeZero, rows }: ParquetOptions): number {
  if (keepNegativeZero) return 0;
  const share = Math.floor(ALL_ENTRIES / (table.columns.length + table.residuals.length));
  return Math.max(1, Math.min(DICTIONARY_ENTRIES, share, rows ?? DICTIONARY_ENTRIES));
}

/** Rows of a row group of a table, so that wide tables do not need more memory. */
export function rowGroupRows(table: Table): number {
  const rows = Math.floor(CELLS / (table.columns.length + table.residuals.length));
  return Math.max(FEWEST_ROWS, Math.min(USUAL_ROWS, rows - (rows % FEWEST_ROWS)));
}

/** Pandas' name of a nullable type, so that its plain `read_parquet` neither rounds int64 nor turns booleans to objects. */
const PANDAS_TYPES: Partial<Record<LogicalType, { pandas_type: string; numpy_type: string }>> = {
  boolean: { pandas_type: "bool", numpy_type: "boolean" },
  int64: { pandas_type: "int64", numpy_type: "Int64" },
};

function pandasMetadata(table: Table): string {
  const columns = table.columns.flatMap((column) => {
    const type = PANDAS_TYPES[column.type];
    return type === undefined ? [] : [{ name: column.name, field_name: column.name, ...type, metadata: null }];
  });
  const creator = { library: "wandb-columns", version: "1" };
  return JSON.stringify({ index_columns: [], column_indexes: [], columns, creator, pandas_version: "2.0.0" });
}

function describe(column: Column): Record<string, unknown> {
  const { id, type, description, unit, blob, path } = column;
  return {
    id,
    type,
    description,
    ...(unit === undefined ? {} : { unit }),
    ...(blob === undefined ? {} : { blob, path }),
  };
}

/** Value of the key `wandb_columns`: per column its id, type, description, unit and source path. */
function columnMetadata(table: Table): string {
  const columns = table.columns.map((column): [string, unknown] => [column.name, describe(column)]);
  const residuals = table.residuals.map((item): [string, unknown] => [
    item.name,
    {
      id: item.id,
      type: "string",
      description: `What no column holds of the blob ${item.blob}, as JSON.`,
      blob: item.blob,
    },
  ]);
  const body = { format: 1, table: table.name, description: table.description, key: table.key };
  return JSON.stringify({ ...body, columns: Object.fromEntries([...columns, ...residuals]) });
}

/**
 * The statement that writes the rows of a query to a Parquet file: zstd, the plan's ids as field ids, and the metadata
 * keys `wandb_columns` and `pandas`. The query must give the table's columns, then its residuals.
 */
export function copyToParquet(table: Table, query: string, file: string, options: ParquetOptions): string {
  const ids = [...table.columns, ...table.residuals].map((item) => `${quoteIdentifier(item.name)}: ${item.id}`);
  const settings = [
    "FORMAT parquet",
    "COMPRESSION zstd",
    "COMPRESSION_LEVEL 1",
    `ROW_GROUP_SIZE ${options.rowGroupRows ?? rowGroupRows(table)}`,
    `FIELD_IDS {${ids.join(", ")}}`,
    `KV_METADATA {wandb_columns: ${quoteLiteral(columnMetadata(table))}, pandas: ${quoteLiteral(pandasMetadata(table))}}`,
    `DICTIONARY_SIZE_LIMIT ${dictionaryEntries(table, options)}`,
  ];
  return `COPY (${query}) TO ${quoteLiteral(file)} (${settings.join(", ")})`;
}
