import type { RunKey } from "../../blob.js";
import type { Finding } from "../../finding.js";
import type { RawRecord } from "../../flatten/flatten.js";
import type { RecordShape } from "../../flatten/shape.js";
import type { Value } from "../../flatten/value.js";
import { literalPath } from "../../parquet-path.js";
import type { Table } from "../../plan/plan.js";
import type { Profile } from "../../profile/profile.js";
import { type CareResult, fieldsOf, flattenCarefully, writeRows } from "./care.js";
import { fromDriver } from "./cells.js";
import { compileKind } from "./compile.js";
import type { Session } from "./session.js";
import { CELL_TYPES, quoteIdentifier, quoteLiteral } from "./types.js";

/** Computed cells of runs, for the engine and for records that are flattened one by one. */
export interface Facts {
  /** The relation of the cells by run key; undefined when the kind has none. */
  readonly relation: { readonly name: string; readonly columns: ReadonlySet<string> } | undefined;
  /** By the key of the run as JSON text. */
  readonly cells: ReadonlyMap<string, ReadonlyMap<string, Value>>;
}

export const NO_FACTS: Facts = { relation: undefined, cells: new Map() };

/** Raw rows to flatten, all of one kind. */
export interface FlattenJob {
  readonly shape: RecordShape;
  readonly misfits: Table;
  /** Relation of raw rows: a table, a view or a query in parentheses; undefined when there are none. */
  readonly source: string | undefined;
  /** Whether the rows of `source` come in key order. */
  readonly ordered: boolean;
  /** Profile of at least those rows. */
  readonly profile: Profile;
  readonly facts: Facts;
  /** Records that are not in `source` and go the careful way, such as runs merged from several logs. */
  readonly extra: AsyncIterable<RawRecord> | Iterable<RawRecord>;
  /** Prefix of the names of temporary tables; unique within the session. */
  readonly name: string;
}

/** Queries of the rows of each table, in key order, to be run in the same session. */
export interface FlattenResult {
  readonly queries: ReadonlyMap<string, string>;
  /** Tables that may have rows. */
  readonly filled: ReadonlySet<string>;
  readonly careRecords: number;
  readonly findings: readonly Finding[];
  readonly negativeZero: boolean;
}

const KEY_COLUMNS = ["entity", "project", "run_id"] as const;

function rawColumns(shape: RecordShape): string[] {
  const text = (name: string): string => `'.' || ${quoteIdentifier(name)}`;
  const step = shape.kind === "history" ? "step" : "-1::BIGINT";
  const ordinal = shape.kind === "history" || shape.kind === "system_event" ? "ordinal" : "-1::BIGINT";
  return [...KEY_COLUMNS.map(text), step, ordinal, ...shape.blobs.map((blob) => text(blob.blob))];
}

const runId = (key: RunKey): string => JSON.stringify([key.entity, key.project, key.run_id]);

async function* careRecords(session: Session, job: FlattenJob, care: string): AsyncGenerator<RawRecord> {
  if (care !== "false") yield* doubtfulRecords(session, job, care);
  yield* job.extra;
}

async function* doubtfulRecords(session: Session, job: FlattenJob, care: string): AsyncGenerator<RawRecord> {
  const query = `SELECT ${rawColumns(job.shape).join(", ")} FROM ${job.source} WHERE ${care}`;
  for await (const rows of session.stream(query)) {
    for (const row of rows) {
      const [entity, project, run_id, step, ordinal, ...texts] = row.map(fromDriver);
      const key = { entity: String(entity), project: String(project), run_id: String(run_id) };
      const blobs = Object.fromEntries(
        job.shape.blobs.flatMap(({ blob }, i) => (typeof texts[i] === "string" ? [[blob, texts[i]]] : [])),
      );
      const computed = job.facts.cells.get(runId(key)) ?? new Map<string, Value>();
      yield { kind: job.shape.kind, key, step: step as bigint, ordinal: ordinal as bigint, blobs, computed };
    }
  }
}

/**
 * Puts computed cells of runs where the queries of any number of jobs find them.
 * @param name of the temporary table, unique within the session.
 */
export async function prepareFacts(
  session: Session,
  shape: RecordShape,
  facts: readonly { readonly key: RunKey; readonly cells: ReadonlyMap<string, Value> }[],
  name: string,
): Promise<Facts> {
  const names = new Set(facts.flatMap((item) => [...item.cells.keys()]));
  if (names.size === 0) return NO_FACTS;
  const columns = shape.table.columns.filter((column) => names.has(column.name));
  const rows = facts.map(({ key, cells }) => new Map<string, Value>([...Object.entries(key), ...cells]));
  const keys = KEY_COLUMNS.map((key) => ({ name: key, type: "string" as const }));
  const fields = [...keys, ...columns.map((column) => ({ name: column.name, type: column.type }))];
  await writeRows(session, name, fields, rows);
  return {
    relation: { name: quoteIdentifier(name), columns: new Set(columns.map((column) => column.name)) },
    cells: new Map(facts.map((item) => [runId(item.key), item.cells])),
  };
}

/** Rows of a table in key order: clean ones from their query, careful ones from their DuckDB table. */
function tableQuery(table: Table, clean: string | undefined, care: string | undefined, ordered: boolean): string {
  const inOrder = (query: string): string => `${query} ORDER BY ${table.key.map(quoteIdentifier).join(", ")}`;
  // Clean rows have the columns of the table in their order and types.
  if (clean !== undefined && care === undefined) return ordered ? clean : inOrder(`SELECT * FROM (${clean})`);
  if (care === undefined) return emptyQuery(table);
  const columns = fieldsOf(table).map(
    (field) => `CAST(${quoteIdentifier(field.name)} AS ${CELL_TYPES[field.type]}) AS ${quoteIdentifier(field.name)}`,
  );
  const parts = [...(clean === undefined ? [] : [clean]), `SELECT * FROM ${quoteIdentifier(care)}`];
  return inOrder(`SELECT ${columns.join(", ")} FROM (${parts.join("\nUNION ALL BY NAME\n")})`);
}

/**
 * Whether a row is no care row. Where all are, as when one has names that are not listed, the queries of clean rows give
 * nothing, and those of a wide table would take several times the memory that the care rows do.
 */
async function hasClean(session: Session, { source }: FlattenJob, care: string): Promise<boolean> {
  if (source === undefined || care === "false") return source !== undefined;
  return (await session.rows(`SELECT 1 FROM ${source} WHERE NOT (${care}) LIMIT 1`)).length > 0;
}

/**
 * Flattens raw rows with DuckDB: care rows now, one by one, into temporary tables; the rest by the queries returned.
 * The rows are those that `flattenRecord` gives, whatever their way.
 */
export async function flattenWithDuckdb(session: Session, job: FlattenJob): Promise<FlattenResult> {
  const nothing = { care: "false", clean: new Map<string, string>(), negativeZero: false };
  const relations = { source: job.source ?? "", facts: job.facts.relation };
  const proven = job.source === undefined ? nothing : compileKind(job.shape, job.profile, relations);
  const compiled = (await hasClean(session, job, proven.care)) ? proven : { ...proven, clean: nothing.clean };
  const records = careRecords(session, job, compiled.care);
  const care: CareResult = await flattenCarefully(session, job.shape, job.misfits, records, job.name);
  const tables = new Map([job.shape.table, ...job.shape.familyTables, job.misfits].map((table) => [table.name, table]));
  // A row of a record's own table is one row; those of other tables come in no order of their own.
  const inOrder = (table: Table): boolean =>
    job.ordered && table === job.shape.table && job.shape.kind !== "system_event" && job.facts.relation === undefined;
  const queries = [...tables].map(([name, table]): [string, string] => [
    name,
    tableQuery(table, compiled.clean.get(name), care.tables.get(name), inOrder(table)),
  ]);
  return {
    queries: new Map(queries),
    filled: new Set([...compiled.clean.keys(), ...care.tables.keys()]),
    careRecords: care.records,
    findings: care.findings,
    negativeZero: compiled.negativeZero || care.negativeZero,
  };
}

/** A raw segment file, and which of its versions count; all of them when `versions` is absent. */
export interface SegmentFile {
  readonly path: string;
  readonly versions?: readonly number[] | undefined;
}

const paths = (files: readonly SegmentFile[]): string =>
  `[${files.map((file) => quoteLiteral(literalPath(file.path))).join(", ")}]`;

/** Bounds of rows by run: from `from` on, before `to`. */
export interface RunBounds {
  readonly from?: RunKey | undefined;
  readonly to?: RunKey | undefined;
}

/** Spelled out: DuckDB makes BETWEEN of two comparisons of tuples, and then refuses it. */
function beyond(run: RunKey, strict: ">" | "<", last: ">=" | "<"): string {
  const [entity, project, run_id] = KEY_COLUMNS.map((name) => quoteLiteral(run[name]));
  const inProject = `project ${strict} ${project} OR (project = ${project} AND run_id ${last} ${run_id})`;
  return `(entity ${strict} ${entity} OR (entity = ${entity} AND (${inProject})))`;
}

function boundConditions({ from, to }: RunBounds): string[] {
  return [
    ...(from === undefined ? [] : [beyond(from, ">", ">=")]),
    ...(to === undefined ? [] : [beyond(to, "<", "<")]),
  ];
}

function readSegments(files: readonly SegmentFile[], conditions: readonly string[]): string {
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  return `SELECT * FROM read_parquet(${paths(files)}, hive_partitioning = false)${where}`;
}

/** The rows of files in the order of the list; neighbours that count as a whole are read at once. */
function readInOrder(files: readonly SegmentFile[], bounds: RunBounds): string {
  const conditions = boundConditions(bounds);
  const parts: string[] = [];
  let whole: SegmentFile[] = [];
  const flush = (): void => {
    if (whole.length > 0) parts.push(readSegments(whole, conditions));
    whole = [];
  };
  for (const file of files) {
    if (file.versions === undefined) whole.push(file);
    else {
      flush();
      parts.push(readSegments([file], [`version IN (${file.versions.join(", ")})`, ...conditions]));
    }
  }
  flush();
  return `(${parts.join(" UNION ALL ")})`;
}

/**
 * A relation of raw rows: these files, one after the other, and of each only the versions that count. `joined` are the
 * versions of runs that have several logs, those of a run in the order of its logs: their ordinals count on from log to
 * log. Bounds leave runs whole.
 */
export function segmentRelation(
  kind: RecordShape["kind"],
  files: readonly SegmentFile[],
  joined: readonly number[],
  bounds: RunBounds = {},
): string | undefined {
  if (files.length === 0) return undefined;
  const all = readInOrder(files, bounds);
  if (joined.length === 0 || kind === "run" || kind === "sweep") return all;
  const group = kind === "history" ? "entity, project, run_id, step" : "entity, project, run_id";
  const count = `row_number() OVER (PARTITION BY ${group} ORDER BY rank$, ordinal) - 1 AS ordinal`;
  const counted = `SELECT * EXCLUDE (rank$) REPLACE (${count}) FROM ${all} JOIN ${rankRelation(joined)} USING (version)`;
  return `(SELECT * FROM ${all} WHERE version NOT IN (${joined.join(", ")}) UNION ALL BY NAME ${counted})`;
}

/** A relation of `version` and `rank$`, its place in the list. */
export function rankRelation(versions: readonly number[]): string {
  return `(SELECT unnest([${versions.join(", ")}]) AS version, unnest(range(${versions.length})) AS rank$)`;
}

/** Drops the temporary tables of a job. */
export async function dropTemporary(session: Session, name: string): Promise<void> {
  const found = await session.rows(
    `SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, ${quoteLiteral(name)})`,
  );
  for (const [table] of found) await session.run(`DROP TABLE ${quoteIdentifier(String(table))}`);
}

/** A query of no rows with the columns of a table. */
export function emptyQuery(table: Table): string {
  const cells = fieldsOf(table).map((field) => `NULL::${CELL_TYPES[field.type]} AS ${quoteIdentifier(field.name)}`);
  return `SELECT ${cells.join(", ")} WHERE false`;
}
