import type { StoredTable } from "../plan/history-form.js";
import type { Column, LogicalType } from "../plan/plan.js";
import { quoteIdentifier, quoteLiteral } from "../sql-text.js";

/** DuckDB's settings of each compression of pages. zstd at its lowest level: higher ones take longer and save little. */
const COMPRESSION_SETTINGS = {
  zstd: ["COMPRESSION zstd", "COMPRESSION_LEVEL 1"],
  snappy: ["COMPRESSION snappy"],
  gzip: ["COMPRESSION gzip"],
  brotli: ["COMPRESSION brotli"],
  lz4: ["COMPRESSION lz4_raw"],
  none: ["COMPRESSION uncompressed"],
} as const;
export type Compression = keyof typeof COMPRESSION_SETTINGS;
export const COMPRESSIONS = Object.keys(COMPRESSION_SETTINGS) as readonly Compression[];

/** How Parquet files are written, whatever they hold. */
export interface ParquetLayout {
  readonly compression: Compression;
  /** Most rows of a row group, rounded up to a multiple of 2,048. Default: `rowGroupRows`. */
  readonly rowGroupRows?: number | undefined;
}

/** Options of one Parquet file. */
export interface ParquetOptions extends ParquetLayout {
  /** Turns dictionaries off, because DuckDB merges 0.0 and -0.0 in them. */
  readonly keepNegativeZero: boolean;
  /** How many rows there are at most, where that is known: a few rows need little memory. */
  readonly rows?: number | undefined;
  /** Columns that the query gives and the file does not have. Default: none. */
  readonly omit?: ReadonlySet<string> | undefined;
}

/** DuckDB's own default, and the fewest that it can write. */
const USUAL_ROWS = 122_880;
export const FEWEST_ROWS = 2048;
/** Cells of a row group that are worth their memory: each takes some 16 bytes until the group is written. */
const CELLS = 5_000_000;
/** A dictionary that grows beyond this is given up: nearly every value is new, and trying longer is a fifth of the time. */
const DICTIONARY_ENTRIES = 4096;
/** DuckDB sets room for the dictionary of every column aside at once, some 32 bytes an entry. */
const ALL_ENTRIES = 2_000_000;

function columnCount({ columns, residuals, struct }: StoredTable): number {
  return columns.length + residuals.length + (struct?.columns.length ?? 0);
}

function dictionaryEntries(table: StoredTable, { keepNegativeZero, rows }: ParquetOptions): number {
  if (keepNegativeZero) return 0;
  const share = Math.floor(ALL_ENTRIES / columnCount(table));
  return Math.max(1, Math.min(DICTIONARY_ENTRIES, share, rows ?? DICTIONARY_ENTRIES));
}

/** Rows of a row group of a table, so that wide tables do not need more memory. */
export function rowGroupRows(table: StoredTable): number {
  const rows = Math.floor(CELLS / columnCount(table));
  return Math.max(FEWEST_ROWS, Math.min(USUAL_ROWS, rows - (rows % FEWEST_ROWS)));
}

/** Pandas' name of a nullable type, so that its plain `read_parquet` neither rounds int64 nor turns booleans to objects. */
const PANDAS_TYPES: Partial<Record<LogicalType, { pandas_type: string; numpy_type: string }>> = {
  boolean: { pandas_type: "bool", numpy_type: "boolean" },
  int64: { pandas_type: "int64", numpy_type: "Int64" },
};

function pandasMetadata(table: StoredTable): string {
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

const described = (columns: readonly Column[]): [string, unknown][] =>
  columns.map((column) => [column.name, describe(column)]);

/** Value of the key `wandb_columns`: per column its id, type, description, unit and source path. */
function columnMetadata(table: StoredTable): string {
  const { struct } = table;
  const structs: [string, unknown][] =
    struct === undefined
      ? []
      : [
          [
            struct.name,
            {
              id: struct.id,
              type: "struct",
              description: struct.description,
              members: Object.fromEntries(described(struct.columns)),
            },
          ],
        ];
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
  const columns = [...described(table.columns), ...structs, ...residuals];
  return JSON.stringify({ ...body, columns: Object.fromEntries(columns) });
}

type Identified = Pick<Column, "id" | "name">;

const fieldId = ({ id, name }: Identified): string => `${quoteIdentifier(name)}: ${id}`;

/** The ids of the columns of a file, those of a struct's members inside of it. */
function fieldIds({ columns, struct, residuals }: StoredTable, omit: ReadonlySet<string>): string {
  const members = struct === undefined ? [] : [`__duckdb_field_id: ${struct.id}`, ...struct.columns.map(fieldId)];
  const ids = [
    ...columns.filter(({ name }) => !omit.has(name)).map(fieldId),
    ...(struct === undefined ? [] : [`${quoteIdentifier(struct.name)}: {${members.join(", ")}}`]),
    ...residuals.map(fieldId),
  ];
  return `{${ids.join(", ")}}`;
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * The statement that writes the rows of a query to a Parquet file: the plan's ids as field ids, and the metadata
 * keys `wandb_columns` and `pandas`. The query must give the table's columns, then its struct, then its residuals.
 */
export function copyToParquet(table: StoredTable, query: string, file: string, options: ParquetOptions): string {
  const omit = options.omit ?? NOTHING;
  const settings = [
    "FORMAT parquet",
    ...COMPRESSION_SETTINGS[options.compression],
    `ROW_GROUP_SIZE ${options.rowGroupRows ?? rowGroupRows(table)}`,
    `FIELD_IDS ${fieldIds(table, omit)}`,
    `KV_METADATA {wandb_columns: ${quoteLiteral(columnMetadata(table))}, pandas: ${quoteLiteral(pandasMetadata(table))}}`,
    `DICTIONARY_SIZE_LIMIT ${dictionaryEntries(table, options)}`,
  ];
  const left = [...omit].map(quoteIdentifier).join(", ");
  const rows = omit.size === 0 ? query : `SELECT * EXCLUDE (${left}) FROM (${query})`;
  return `COPY (${rows}) TO ${quoteLiteral(file)} (${settings.join(", ")})`;
}
