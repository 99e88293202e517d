import { literalPath } from "../parquet-path.js";
import type { StoredTable } from "../plan/history-form.js";
import type { Column } from "../plan/plan.js";
import { quoteIdentifier, quoteLiteral } from "../sql-text.js";

/** What the file that is written is called in the engine. */
export const SINK = "sink$";

/** Sizes of a database file, fixed when it is made. */
interface FileLayout {
  /** Bytes of a block. */
  readonly block: number;
  readonly rowGroupRows: number;
}

const LARGEST_BLOCK = 262_144;
const SMALLEST_BLOCK = 16_384;
const USUAL_ROWS = 122_880;
const FEWEST_ROWS = 2048;
/** Bytes that a cell takes until its row group is written. */
const CELL_BYTES = 16;

/**
 * While rows are written each column holds a block, and the cells of a row group, for each thread. DuckDB's usual sizes
 * unless the widest table would need more than half of the memory.
 */
function fileLayout(columns: number, memory: number, threads: number): FileLayout {
  const share = memory / 2 / threads / Math.max(1, columns);
  let block = LARGEST_BLOCK;
  while (block > SMALLEST_BLOCK && block > share) block /= 2;
  const rows = Math.floor(share / CELL_BYTES);
  return { block, rowGroupRows: Math.max(FEWEST_ROWS, Math.min(USUAL_ROWS, rows - (rows % FEWEST_ROWS))) };
}

const widthOf = ({ columns, struct, residuals }: StoredTable): number =>
  columns.length + (struct?.columns.length ?? 0) + residuals.length;

/** The statement that makes a database file. @param memory bytes that the engine may use. */
export function attachSink(
  file: string,
  tables: readonly StoredTable[],
  { memory, threads }: { readonly memory: number; readonly threads: number },
): string {
  const { block, rowGroupRows } = fileLayout(Math.max(...tables.map(widthOf)), memory, threads);
  const name = quoteIdentifier(SINK);
  return `ATTACH ${quoteLiteral(file)} AS ${name} (BLOCK_SIZE ${block}, ROW_GROUP_SIZE ${rowGroupRows})`;
}

/** The rows of some Parquet files, in the order of the list. At least one. */
export function filesRelation(paths: readonly string[]): string {
  return `read_parquet([${paths.map((path) => quoteLiteral(literalPath(path))).join(", ")}], hive_partitioning = false)`;
}

/** The statement that adds the rows of a relation to a table of the database that is in use. */
export function insertRows(table: StoredTable, relation: string, sorted: boolean): string {
  const order = sorted ? "" : ` ORDER BY ${table.key.map(quoteIdentifier).join(", ")}`;
  return `INSERT INTO ${quoteIdentifier(table.name)} SELECT * FROM ${relation}${order}`;
}

/**
 * RLE merges 0.0 and -0.0. What is left then is a block of a column with nothing but zeros: DuckDB keeps the first and
 * says that all are equal, and that cannot be switched off.
 */
export const KEEP_NEGATIVE_ZERO = "SET disabled_compression_methods = 'rle'";

const isNegativeZero = (cell: string): string => `${cell} = 0 AND signbit(${cell})`;

function negativeZeros({ type }: Column, cell: string): string[] {
  if (type === "float64") return [`count(*) FILTER (${isNegativeZero(cell)})`];
  if (type !== "list<float64>") return [];
  return [`coalesce(sum(len(list_filter(${cell}, lambda x: ${isNegativeZero("x")}))), 0)`];
}

/** A query of one row: for each column that may hold them, as named beside it, how many zeros with a minus there are. */
export function countNegativeZeros(
  { columns, struct }: StoredTable,
  relation: string,
): { readonly names: readonly string[]; readonly sql: string } | undefined {
  const own = columns.map((column) => ({ column, cell: quoteIdentifier(column.name) }));
  const name = quoteIdentifier(struct?.name ?? "metrics");
  const members = (struct?.columns ?? []).map((column) => ({
    column,
    cell: `${name}.${quoteIdentifier(column.name)}`,
  }));
  const counts = [...own, ...members].flatMap(({ column, cell }) =>
    negativeZeros(column, cell).map((sql) => ({ name: column.name, sql: `CAST(${sql} AS BIGINT)` })),
  );
  if (counts.length === 0) return undefined;
  return {
    names: counts.map((item) => item.name),
    sql: `SELECT ${counts.map(({ sql }) => sql).join(", ")} FROM ${relation}`,
  };
}
