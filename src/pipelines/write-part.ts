import { join } from "node:path";
import { writeRows } from "../engines/duckdb/care.js";
import {
  dropTemporary,
  emptyQuery,
  type Facts,
  type FlattenResult,
  flattenWithDuckdb,
  NO_FACTS,
  prepareFacts,
  segmentRelation,
} from "../engines/duckdb/flatten.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier } from "../engines/duckdb/types.js";
import { type Finding, FindingCounts } from "../finding.js";
import type { Row } from "../flatten/flatten.js";
import { type RecordShape, shapeRecord } from "../flatten/shape.js";
import type { Value } from "../flatten/value.js";
import { dictionaryRows } from "../plan/dictionary.js";
import { partFile } from "../plan/part-files.js";
import { type Plan, type Table, tableOf } from "../plan/plan.js";
import { joinParquet } from "../sinks/join-parquet.js";
import { copyToParquet } from "../sinks/parquet.js";
import type { RawStore } from "../store/raw-store.js";
import type { Environment } from "./environment.js";
import { inLanes } from "./lanes.js";
import { type PartDraft, partRuns } from "./parts.js";
import { partInput, type WindowInput } from "./raw-input.js";
import { runFacts } from "./run-facts.js";
import type { Staging } from "./staging.js";
import type { Part } from "./tables-manifest.js";
import type { WindowLimits } from "./windows.js";

/** What writing a part needs beside the part. */
export interface PartWork {
  /** One a lane: windows are flattened side by side. */
  readonly lanes: readonly Session[];
  readonly store: RawStore;
  readonly plan: Plan;
  readonly staging: Staging;
  /** An existing folder for the pieces of files. */
  readonly temp: string;
  readonly limits: WindowLimits;
  readonly files: Environment["files"];
  readonly signal?: AbortSignal | undefined;
}

/** What one window gave: the file of its rows for each table it has rows in. */
interface WrittenWindow {
  readonly pieces: ReadonlyMap<string, Piece>;
  readonly careRecords: number;
  readonly findings: readonly Finding[];
}

interface Piece {
  readonly path: string;
  readonly rows: number;
}

interface PartContext {
  readonly draft: PartDraft;
  /** Where a window puts its rows of a table: the place of the file itself when there is one window only. */
  readonly placeOf: (table: Table, window: number) => Promise<string>;
  readonly shape: RecordShape;
  readonly facts: Facts;
}

async function writePieces(
  session: Session,
  { plan }: PartWork,
  result: FlattenResult,
  { placeOf, shape }: PartContext,
  { rows: most }: WindowInput,
  index: number,
): Promise<WrittenWindow["pieces"]> {
  const pieces = new Map<string, Piece>();
  for (const [name, query] of result.queries) {
    if (!result.filled.has(name)) continue;
    const table = tableOf(plan, name);
    const path = await placeOf(table, index);
    const own = table === shape.table ? most : undefined;
    const copy = copyToParquet(table, query, path, { keepNegativeZero: result.negativeZero, rows: own });
    const [[rows] = []] = await session.rows(copy);
    pieces.set(name, { path, rows: Number(rows) });
  }
  return pieces;
}

async function writeWindow(
  session: Session,
  work: PartWork,
  context: PartContext,
  window: WindowInput,
  index: number,
): Promise<WrittenWindow> {
  work.signal?.throwIfAborted();
  const { draft, shape, facts } = context;
  const name = `part_${draft.id}_${index}_`;
  const result = await flattenWithDuckdb(session, {
    shape,
    misfits: tableOf(work.plan, "misfits"),
    facts,
    name,
    ordered: window.ordered,
    profile: await window.profile(),
    extra: window.extra(session),
    source: segmentRelation(draft.kind, window.files, window.joined, window),
  });
  const pieces = await writePieces(session, work, result, context, window, index);
  await dropTemporary(session, name);
  return { pieces, careRecords: result.careRecords, findings: result.findings };
}

/** Puts the pieces of a table together. */
async function joinPieces(work: PartWork, place: string, pieces: readonly Piece[]): Promise<void> {
  await joinParquet(
    work.files,
    pieces.map(({ path }) => path),
    place,
  );
  for (const { path } of pieces) await work.files.rm(path);
}

/** A file of no rows, so that every table has at least one. */
async function placeEmpty(session: Session, work: PartWork, table: Table, draft: PartDraft) {
  const file = partFile(table, draft.id);
  const copy = copyToParquet(table, emptyQuery(table), await work.staging.place(file), {
    keepNegativeZero: false,
    rows: 0,
  });
  await session.run(copy);
  return { table: table.name, file, rows: 0 };
}

/** A window of more than so many times its limit, such as one large record, has the memory for itself. */
const LIGHT = 2;

/** Flattens one part into staged files, one for each table it has rows in; part 0 writes every table. */
export async function writePart(session: Session, work: PartWork, draft: PartDraft): Promise<Part> {
  const { plan, store, files } = work;
  const shape = shapeRecord(plan, draft.kind);
  const { windows: inputs } = partInput(store, draft, work.limits, files);
  const isRun = draft.kind === "run";
  const factsTable = `part_${draft.id}_facts`;
  const facts = isRun ? await prepareFacts(session, shape, store.runs().map(runFacts), factsTable) : NO_FACTS;
  const alone = inputs.length === 1;
  const placeOf = (table: Table, window: number): Promise<string> =>
    alone
      ? work.staging.place(partFile(table, draft.id))
      : Promise.resolve(join(work.temp, `${draft.id}-${window}-${plan.tables.indexOf(table)}.piece`));
  const context = { draft, shape, facts, placeOf };
  const isHeavy = inputs.some(({ bytes }) => bytes > LIGHT * work.limits.bytes);
  const windows = await inLanes(isHeavy ? work.lanes.slice(0, 1) : work.lanes, inputs, (lane, window, index) =>
    writeWindow(lane, work, context, window, index),
  );
  const written: Part["files"] = [];
  for (const table of plan.tables.filter((item) => item.kind !== "columns")) {
    const pieces = windows.flatMap((window) => window.pieces.get(table.name) ?? []);
    const file = partFile(table, draft.id);
    if (pieces.length > 0) {
      if (!alone) await joinPieces(work, await work.staging.place(file), pieces);
      written.push({ table: table.name, file, rows: pieces.reduce((sum, { rows }) => sum + rows, 0) });
    } else if (isRun) written.push(await placeEmpty(session, work, table, draft));
  }
  await dropTemporary(session, factsTable);
  const findings = new FindingCounts();
  for (const item of windows.flatMap((window) => window.findings)) findings.add(item);
  return {
    id: draft.id,
    kind: draft.kind,
    runs: partRuns(draft),
    files: written,
    careRecords: windows.reduce((sum, window) => sum + window.careRecords, 0),
    findings: findings.list(),
  };
}

/** Stages the data dictionary; gives its number of rows. */
export async function writeDictionary(session: Session, plan: Plan, staging: Staging): Promise<number> {
  const table = plan.tables.find((item) => item.kind === "columns");
  if (table === undefined) return 0;
  const fields = table.columns.map((column) => ({ name: column.name, type: column.type }));
  const rows = dictionaryRows(plan).map((entry): Row => {
    const cells = Object.entries(entry).map(([key, value]): [string, Value] => [
      key,
      typeof value === "number" ? BigInt(value) : (value ?? null),
    ]);
    return new Map(cells);
  });
  await writeRows(session, "dictionary", fields, rows);
  const names = fields.map((field) => quoteIdentifier(field.name)).join(", ");
  const place = await staging.place(partFile(table, 0));
  await session.run(copyToParquet(table, `SELECT ${names} FROM dictionary`, place, { keepNegativeZero: false }));
  return rows.length;
}
