import { join } from "node:path";
import {
  dropTemporary,
  type Facts,
  type FlattenResult,
  flattenWithDuckdb,
  NO_FACTS,
  prepareFacts,
  segmentRelation,
} from "../engines/duckdb/flatten.js";
import type { Session } from "../engines/duckdb/session.js";
import { type Finding, FindingCounts } from "../finding.js";
import { type RecordShape, shapeRecord } from "../flatten/shape.js";
import type { StoredTable } from "../plan/history-form.js";
import { type Plan, tableOf } from "../plan/plan.js";
import { copyToParquet, type ParquetLayout } from "../sinks/parquet.js";
import { storedQuery } from "../sinks/stored-query.js";
import type { RawStore } from "../store/raw-store.js";
import type { Environment } from "./environment.js";
import { inLanes } from "./lanes.js";
import type { PartDraft } from "./parts.js";
import { partInput, type WindowInput } from "./raw-input.js";
import { factsOf } from "./run-facts.js";
import type { WindowLimits } from "./windows.js";

/** What flattening a part needs beside the part. */
export interface PartWork {
  /** One a lane: windows are flattened side by side. */
  readonly lanes: readonly Session[];
  readonly store: RawStore;
  readonly plan: Plan;
  /** The tables of the plan as they are kept. */
  readonly tables: readonly StoredTable[];
  readonly parquet: ParquetLayout;
  /** An existing folder for the pieces of files. */
  readonly temp: string;
  readonly limits: WindowLimits;
  readonly files: Environment["files"];
  readonly signal?: AbortSignal | undefined;
  /** Called when JavaScript has done its share of a window, and the engine is at work. */
  readonly onEngine?: (() => void) | undefined;
}

/** A Parquet file with rows of one table and window, in key order. */
export interface Piece {
  readonly path: string;
  readonly rows: number;
}

/** Where a piece is written, by default in the folder of temporary files, and the columns that it leaves out. */
export interface PiecePlace {
  readonly path?: string | undefined;
  readonly omit?: ReadonlySet<string> | undefined;
}

/** Where the pieces of a table go. `alone` when there is one window only. */
export type ChoosePlace = (table: StoredTable, alone: boolean) => Promise<PiecePlace>;

/** What flattening a part gave. */
export interface FlattenedPart {
  /** By the name of the table as it is kept; one after the other they are in key order. */
  readonly pieces: ReadonlyMap<string, readonly Piece[]>;
  readonly careRecords: number;
  readonly findings: readonly Finding[];
  /** Whether there may be zeros with a minus. */
  readonly negativeZero: boolean;
}

interface WrittenWindow {
  readonly pieces: ReadonlyMap<string, Piece>;
  readonly result: Pick<FlattenResult, "careRecords" | "findings" | "negativeZero">;
}

interface PartContext {
  readonly draft: PartDraft;
  readonly shape: RecordShape;
  readonly facts: Facts;
  readonly placeOf: (table: StoredTable, window: number) => Promise<Required<PiecePlace> & { readonly path: string }>;
}

async function writePieces(
  session: Session,
  work: PartWork,
  result: FlattenResult,
  { placeOf, shape }: PartContext,
  { rows: most }: WindowInput,
  window: number,
): Promise<WrittenWindow["pieces"]> {
  const pieces = new Map<string, Piece>();
  for (const table of work.tables) {
    const query = result.filled.has(table.of.name) ? result.queries.get(table.of.name) : undefined;
    if (query === undefined) continue;
    const { path, omit } = await placeOf(table, window);
    const rows = table.of === shape.table && table.form !== "long" ? most : undefined;
    const options = { ...work.parquet, keepNegativeZero: result.negativeZero, omit, rows };
    const [[written] = []] = await session.rows(copyToParquet(table, storedQuery(table, query), path, options));
    pieces.set(table.name, { path, rows: Number(written) });
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
  work.onEngine?.();
  const pieces = await writePieces(session, work, result, context, window, index);
  await dropTemporary(session, name);
  return { pieces, result };
}

function gathered(tables: readonly StoredTable[], windows: readonly WrittenWindow[]): FlattenedPart {
  const findings = new FindingCounts();
  for (const item of windows.flatMap(({ result }) => result.findings)) findings.add(item);
  const pieces = tables.flatMap(({ name }): [string, Piece[]][] => {
    const own = windows.flatMap((window) => window.pieces.get(name) ?? []);
    return own.length === 0 ? [] : [[name, own]];
  });
  return {
    pieces: new Map(pieces),
    careRecords: windows.reduce((sum, { result }) => sum + result.careRecords, 0),
    findings: findings.list(),
    negativeZero: windows.some(({ result }) => result.negativeZero),
  };
}

/** A window of more than so many times its limit, such as one large record, has the memory for itself. */
const LIGHT = 2;

/**
 * Flattens a part, window by window, into Parquet files: one a window and table that it may have rows in.
 * @param choose where the pieces of a table go.
 */
export async function flattenPart(
  session: Session,
  work: PartWork,
  draft: PartDraft,
  choose: ChoosePlace,
): Promise<FlattenedPart> {
  const { plan, store, tables, temp, files } = work;
  const shape = shapeRecord(plan, draft.kind);
  const { windows: inputs } = partInput(store, draft, work.limits, files);
  const factsTable = `part_${draft.id}_facts`;
  const isRun = draft.kind === "run";
  const facts = isRun ? await prepareFacts(session, shape, factsOf(store.runs()), factsTable) : NO_FACTS;
  const placeOf: PartContext["placeOf"] = async (table, window) => {
    const { path, omit } = await choose(table, inputs.length === 1);
    return { path: path ?? join(temp, `${draft.id}-${window}-${tables.indexOf(table)}.piece`), omit };
  };
  const context = { draft, shape, facts, placeOf };
  const isHeavy = inputs.some(({ bytes }) => bytes > LIGHT * work.limits.bytes);
  const windows = await inLanes(isHeavy ? work.lanes.slice(0, 1) : work.lanes, inputs, (lane, window, index) =>
    writeWindow(lane, work, context, window, index),
  );
  await dropTemporary(session, factsTable);
  return gathered(tables, windows);
}
