import { RECORD_BLOBS, type RecordKind } from "../blob.js";
import { literalPath } from "../parquet-path.js";
import { quoteLiteral } from "../sql-text.js";

/** Texts and numbers that all rows of a log share, in the order in which they are handed to the engine. */
export const LOG_TEXTS = ["entity", "project", "run_id", "source", "log", "state"] as const;
export const LOG_NUMBERS = ["version", "fetched_at", "expected_rows", "history_rows"] as const;

type LogText = (typeof LOG_TEXTS)[number];
type LogNumber = (typeof LOG_NUMBERS)[number];
export type RowNumber = "step" | "ordinal" | "position";

interface KindColumns {
  /** BIGINT columns of each row, in this order. */
  readonly rowNumbers: readonly RowNumber[];
  readonly texts: readonly LogText[];
  readonly numbers: readonly LogNumber[];
}

const KEY = ["entity", "project", "run_id", "source", "log"] as const;
const LIFE = ["version", "fetched_at"] as const;

/** What the segments of a kind hold beside the text and hazards of each blob. */
export const KIND_COLUMNS: Record<RecordKind, KindColumns> = {
  run: { rowNumbers: [], texts: [...KEY, "state"], numbers: [...LIFE, "expected_rows", "history_rows"] },
  history: { rowNumbers: ["step", "ordinal", "position"], texts: KEY, numbers: LIFE },
  system_event: { rowNumbers: ["ordinal"], texts: KEY, numbers: LIFE },
  sweep: { rowNumbers: [], texts: KEY, numbers: LIFE },
};

function logText(name: LogText): string {
  const place = LOG_TEXTS.indexOf(name) + 1;
  return `list_extract(getvariable('log_texts'), log_index * ${LOG_TEXTS.length} + ${place}) AS ${name}`;
}

function logNumber(name: LogNumber): string {
  const place = LOG_NUMBERS.indexOf(name) + 1;
  const value = `list_extract(getvariable('log_numbers'), log_index * ${LOG_NUMBERS.length} + ${place})`;
  return `${name === "fetched_at" ? `make_timestamptz(${value})` : value} AS ${name}`;
}

/** The name of the table function that gives the rows of the draft being written. */
export function rowsFunction(kind: RecordKind): string {
  return `draft_${kind}_rows`;
}

/** The statement that writes the draft of a kind to the file named by the variable `segment_file`. */
export function copyStatement(kind: RecordKind): string {
  const { texts, numbers, rowNumbers } = KIND_COLUMNS[kind];
  const blobs = RECORD_BLOBS[kind].flatMap((blob) => [blob, `${blob}_hazards`]);
  const columns = [...texts.map(logText), ...numbers.map(logNumber), ...rowNumbers, ...blobs];
  return `COPY (SELECT ${columns.join(", ")} FROM ${rowsFunction(kind)}())
    TO (getvariable('segment_file')) (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`;
}

/**
 * The statement that reads the run keys, and the text and hazards of each blob, of some versions of a segment.
 * Parameters: the file, the list of versions. Texts are read as bytes: the driver strips U+FEFF from strings.
 */
export function readStatement(kind: RecordKind): string {
  const blobs = RECORD_BLOBS[kind].flatMap((blob) => [`encode(${blob})`, `${blob}_hazards`]);
  return `SELECT encode(entity), encode(project), encode(run_id), ${blobs.join(", ")}
    FROM read_parquet($1, hive_partitioning = false) WHERE list_contains($2, version)`;
}

/** The columns of a segment of a kind, in their order. */
function columnNames(kind: RecordKind): string[] {
  const { texts, numbers, rowNumbers } = KIND_COLUMNS[kind];
  return [...texts, ...numbers, ...rowNumbers, ...RECORD_BLOBS[kind].flatMap((blob) => [blob, `${blob}_hazards`])];
}

const fileList = (files: readonly string[]): string =>
  `[${files.map((file) => quoteLiteral(literalPath(file))).join(", ")}]`;

/** The statement that writes the rows of some versions of some segments to one file, sorted by key. */
export function mergeStatement(
  kind: RecordKind,
  files: readonly string[],
  versions: readonly number[],
  into: string,
): string {
  const order = ["entity", "project", "run_id", "log", "version", ...KIND_COLUMNS[kind].rowNumbers];
  return `COPY (SELECT ${columnNames(kind).join(", ")}
    FROM read_parquet(${fileList(files)}, hive_partitioning = false)
    WHERE version IN (${versions.join(", ")}) ORDER BY ${order.join(", ")})
    TO ${quoteLiteral(into)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`;
}

/** A query of the rows and the bytes of text of each version of a segment, by version. */
export function versionsQuery(kind: RecordKind, file: string): string {
  const text = RECORD_BLOBS[kind].map((blob) => `coalesce(strlen(${blob}), 0)`).join(" + ");
  return `SELECT version, count(*), sum(${text})::BIGINT
    FROM read_parquet(${fileList([file])}, hive_partitioning = false) GROUP BY version ORDER BY version`;
}

/** A query of the keys of the first and the last row of a segment. Texts come as bytes: the driver strips U+FEFF. */
export function endsQuery(kind: RecordKind, file: string, rows: number): string {
  const key = ["entity", "project", "run_id", "log"].map((name) => `encode(${name})`);
  const numbers = KIND_COLUMNS[kind].rowNumbers.filter((name) => name !== "position");
  return `SELECT ${[...key, ...numbers].join(", ")}
    FROM read_parquet(${fileList([file])}, hive_partitioning = false, file_row_number = true)
    WHERE file_row_number IN (0, ${rows - 1}) ORDER BY file_row_number`;
}
