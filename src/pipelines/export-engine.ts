import { Session } from "../engines/duckdb/session.js";
import type { StoredTable } from "../plan/history-form.js";
import type { Plan } from "../plan/plan.js";
import type { RawStore } from "../store/raw-store.js";
import type { Environment } from "./environment.js";
import type { WindowLimits } from "./windows.js";

/** What an export to any sink is given. */
export interface ExportRequest {
  readonly store: RawStore;
  readonly plan: Plan;
  /** Bytes for DuckDB and our buffers together. */
  readonly memory: number;
  readonly threads: number;
  /** How much of a part is flattened at once. Default: 64 MB of text, less when memory is scarce, more of wide tables. */
  readonly window?: WindowLimits | undefined;
  /** The file system, and who and when, for the lock. */
  readonly env: Pick<Environment, "files" | "machine" | "now" | "wait">;
  /** Called after each part, with parts done and parts in all. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  /** Called, maybe often, when JavaScript has done its share of some rows, and the engine is at work. */
  readonly onEngine?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What an export may use of the machine. */
export interface EngineRequest {
  /** Bytes for DuckDB and our buffers together. */
  readonly memory: number;
  readonly threads: number;
  /** An existing folder for temporary files. */
  readonly temp: string;
  /** What is going to be written. */
  readonly tables: readonly StoredTable[];
  /** Interrupts what runs. */
  readonly signal?: AbortSignal | undefined;
}

/** What DuckDB is told it may use; its own peak is above that, and JavaScript needs the rest. */
export const ENGINE_SHARE = 0.5;
/** A window may take this share of the memory as text; its rows and the row groups being written take several times that. */
const WINDOW_SHARE = 1 / 32;
const LARGEST_WINDOW = 64e6;
const SMALLEST_WINDOW = 8e6;
const WINDOW_ROWS = 122_880;
/** Windows that are flattened at once: while one waits for JavaScript the other has the engine. */
const LANES = 2;
/** Of tables this wide one window alone by one thread: every column takes hundreds of kilobytes a thread and query. */
const WIDE = 1000;

const isWide = (tables: readonly StoredTable[]): boolean => tables.some(({ of }) => of.columns.length > WIDE);

const lanesFor = (tables: readonly StoredTable[]): number => (isWide(tables) ? 1 : LANES);

/** Rows that DuckDB works on at once. */
const VECTOR_ROWS = 2048;
/** A thread that makes the long history holds the cells of so many rows several times over. */
const LONG_CELL_BYTES = 100;
const LONG_SHARE = 1 / 8;

/** Threads of the engine, of which each lane brings one. One for a wide table: a tenth slower than two, in a third less memory. */
function engineThreads(threads: number, tables: readonly StoredTable[]): number {
  return isWide(tables) ? 1 : Math.max(1, threads - lanesFor(tables) + 1);
}

/** Threads of the engine: fewer for a long history of many metrics, which one thread makes as fast as two. */
export function threadsFor({
  memory,
  threads: most,
  tables,
}: Pick<EngineRequest, "memory" | "threads" | "tables">): number {
  const threads = engineThreads(most, tables);
  const widths = tables.filter(({ form }) => form === "long").map(({ of }) => of.columns.length);
  const bytes = Math.max(0, ...widths) * VECTOR_ROWS * LONG_CELL_BYTES;
  return bytes === 0 ? threads : Math.max(1, Math.min(threads, Math.floor((memory * LONG_SHARE) / bytes)));
}

/** How much of a part is flattened at once: no row group is larger. Each window of a wide table costs a second by itself. */
export function windowLimits(memory: number, tables: readonly StoredTable[], rowGroupRows = 0): WindowLimits {
  const largest = isWide(tables) ? 2 * LARGEST_WINDOW : LARGEST_WINDOW;
  return {
    bytes: Math.max(SMALLEST_WINDOW, Math.min(largest, memory * WINDOW_SHARE)),
    rows: Math.max(WINDOW_ROWS, rowGroupRows),
  };
}

/** Opens an engine with its lanes for as long as `act` takes. */
export async function withLanes<T>(
  request: EngineRequest,
  act: (session: Session, lanes: readonly Session[]) => Promise<T>,
): Promise<T> {
  const { memory, temp, tables, signal } = request;
  const session = await Session.open({ memory: memory * ENGINE_SHARE, threads: threadsFor(request), temp, signal });
  const lanes: Session[] = [];
  try {
    while (lanes.length < lanesFor(tables)) lanes.push(await session.lane());
    return await act(session, lanes);
  } finally {
    for (const lane of lanes) lane.close();
    session.close();
  }
}
