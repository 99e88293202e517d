import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { RECORD_BLOBS, type RecordKind } from "../blob.js";
import { fieldsOf } from "../engines/duckdb/care.js";
import { fromDriver, readable } from "../engines/duckdb/cells.js";
import { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import { StoreError } from "../errors.js";
import type { Row } from "../flatten/flatten.js";
import { prepareRebuild, type Rebuilder, rebuildRecord } from "../flatten/rebuild.js";
import { shapeRecord } from "../flatten/shape.js";
import type { Value } from "../flatten/value.js";
import { literalPath } from "../parquet-path.js";
import type { Plan, Table } from "../plan/plan.js";
import { compareText } from "../store/segment-key.js";
import { isFolder } from "./part-files.js";

export interface RebuildOptions {
  readonly plan: Plan;
  /** The tables folder. */
  readonly dir: string;
  /** Takes one line without its newline; may wait. */
  readonly write: (line: string) => Promise<void>;
  readonly memory: number;
  readonly threads: number;
  /** A folder for temporary files; made and removed. */
  readonly temp: string;
  readonly signal?: AbortSignal | undefined;
}

type Key = readonly Value[];
interface Group {
  readonly key: Key;
  readonly rows: Row[];
}

function compareKeys(a: Key, b: Key): number {
  for (const [i, x] of a.entries()) {
    const y = b[i];
    const order =
      typeof x === "bigint" && typeof y === "bigint" ? (x < y ? -1 : x > y ? 1 : 0) : compareText(String(x), String(y));
    if (order !== 0) return order;
  }
  return 0;
}

function tableFiles(dir: string, table: Table): string {
  const folder = literalPath(dir);
  return quoteLiteral(
    isFolder(table)
      ? join(folder, literalPath(table.name), "*.parquet")
      : join(folder, literalPath(`${table.name}.parquet`)),
  );
}

/** Rows of a table, grouped by the first `keys`, in their order. */
async function* groups(
  session: Session,
  dir: string,
  table: Table,
  keys: readonly string[],
  where: string,
): AsyncGenerator<Group> {
  const fields = fieldsOf(table);
  const order = keys.map(quoteIdentifier).join(", ");
  const source = `read_parquet(${tableFiles(dir, table)}, hive_partitioning = false)`;
  const sorted = `SELECT * FROM ${source} WHERE ${where} ORDER BY ${order}`;
  let group: Group | undefined;
  for await (const chunk of session.stream(`SELECT ${fields.map(readable).join(", ")} FROM (${sorted})`)) {
    for (const cells of chunk) {
      const row: Row = new Map(fields.map((field, i): [string, Value] => [field.name, fromDriver(cells[i] ?? null)]));
      const key = keys.map((name) => row.get(name) ?? null);
      if (group !== undefined && compareKeys(group.key, key) === 0) group.rows.push(row);
      else {
        if (group !== undefined) yield group;
        group = { key, rows: [row] };
      }
    }
  }
  if (group !== undefined) yield group;
}

/** Walks a sorted stream beside another: gives the rows of a key, and forgets what lies before it. */
class Follower {
  readonly #groups: AsyncGenerator<Group>;
  #next: Group | undefined;
  #done = false;

  constructor(all: AsyncGenerator<Group>) {
    this.#groups = all;
  }

  async at(key: Key): Promise<Row[]> {
    for (;;) {
      if (this.#next === undefined && !this.#done) {
        const result = await this.#groups.next();
        this.#done = result.done === true;
        this.#next = result.done === true ? undefined : result.value;
      }
      if (this.#next === undefined) return [];
      const order = compareKeys(this.#next.key, key);
      if (order > 0) return [];
      const { rows } = this.#next;
      this.#next = undefined;
      if (order === 0) return rows;
    }
  }
}

const RUN_KEY = ["entity", "project", "run_id"] as const;

/** Prints a record's line: its kind and key, then its blobs under their names, or as `row`. */
function line(kind: RecordKind, key: Row, names: readonly string[], texts: ReadonlyMap<string, string>): string {
  const head = [`"kind":${JSON.stringify(kind)}`];
  for (const name of names) {
    const value = key.get(name);
    head.push(`${JSON.stringify(name)}:${typeof value === "bigint" ? value : JSON.stringify(value)}`);
  }
  const blobs = RECORD_BLOBS[kind].flatMap((blob) => {
    const text = texts.get(blob);
    return text === undefined ? [] : [`${JSON.stringify(kind === "run" ? blob : "row")}:${text}`];
  });
  // Line ends of a payload are between its tokens: strict JSON has none inside strings.
  return `{${[...head, ...blobs].join(",")}}`.replaceAll(/[\n\r]/g, " ");
}

interface KindPlan {
  readonly kind: RecordKind;
  /** Columns that identify a record of the kind. */
  readonly key: readonly string[];
  readonly rebuilder: Rebuilder;
}

function planKind(plan: Plan, kind: RecordKind): KindPlan {
  const rebuilder = prepareRebuild(shapeRecord(plan, kind));
  const more =
    kind === "history"
      ? ["step", "ordinal"]
      : kind === "system_event"
        ? ["ordinal"]
        : kind === "sweep"
          ? ["sweep_id"]
          : [];
  const run = kind === "sweep" ? ["entity", "project"] : RUN_KEY;
  return { kind, key: [...run, ...more], rebuilder };
}

/** Rows of one record of a kind: its own row, and family rows by table. */
function partition(plan: KindPlan, group: Group): { row: Row; own: ReadonlyMap<string, Row[]> } {
  const { table } = plan.rebuilder.shape;
  if (plan.kind !== "system_event") return { row: group.rows[0] ?? new Map(), own: new Map() };
  const residual = table.residuals[0]?.name ?? "residual";
  const leftover = group.rows.find((row) => row.get(residual) !== null);
  return { row: leftover ?? group.rows[0] ?? new Map(), own: new Map([[table.name, group.rows]]) };
}

async function rebuildKind(session: Session, options: RebuildOptions, kind: KindPlan): Promise<number> {
  const { shape } = kind.rebuilder;
  const where = kind.kind === "system_event" ? "ordinal >= 0" : "true";
  const members = shape.familyTables.filter((table) => table !== shape.table);
  const followers = members.map((table) => {
    const filter = table.kind === "system_metrics" ? "ordinal < 0" : "true";
    return { table, follower: new Follower(groups(session, options.dir, table, kind.key, filter)) };
  });
  let count = 0;
  for await (const group of groups(session, options.dir, shape.table, kind.key, where)) {
    options.signal?.throwIfAborted();
    const { row, own } = partition(kind, group);
    const rows = new Map<string, readonly Row[]>(own);
    for (const { table, follower } of followers) rows.set(table.name, await follower.at(group.key));
    await options.write(line(kind.kind, row, kind.key, rebuildRecord(kind.rebuilder, row, rows)));
    count += 1;
  }
  return count;
}

/**
 * Prints the payloads that the tables were made from, one JSON line a record, from the tables and the plan alone: runs,
 * then history rows, system events and sweeps, each in key order.
 * @throws StoreError when a table of the plan is not there.
 */
export async function rebuildTables(options: RebuildOptions): Promise<{ runs: number; rows: number }> {
  await mkdir(options.temp, { recursive: true });
  const session = await Session.open({ memory: options.memory * 0.6, threads: options.threads, temp: options.temp });
  const counts = new Map<RecordKind, number>();
  try {
    for (const kind of ["run", "history", "system_event", "sweep"] as const) {
      counts.set(kind, await rebuildKind(session, options, planKind(options.plan, kind)));
    }
  } catch (error) {
    if (error instanceof Error && /No files found/.test(error.message)) {
      throw new StoreError("tables/missing", `${options.dir} does not have every table of the plan.`, {
        where: { file: options.dir },
        next: "Run `wandb-columns export`.",
        cause: error,
      });
    }
    throw error;
  } finally {
    session.close();
    await rm(options.temp, { recursive: true, force: true });
  }
  return { runs: counts.get("run") ?? 0, rows: counts.get("history") ?? 0 };
}
