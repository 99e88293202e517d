import { createHash } from "node:crypto";
import * as files from "node:fs/promises";
import { RECORD_BLOBS, type RecordKind } from "../blob.js";
import { Session } from "../engines/duckdb/session.js";
import { StoreError } from "../errors.js";
import type { Row } from "../flatten/flatten.js";
import { wideRow } from "../flatten/long-rows.js";
import { prepareRebuild, type Rebuilder, rebuildRecord } from "../flatten/rebuild.js";
import { shapeRecord } from "../flatten/shape.js";
import { HISTORY_FORMS, type HistoryForm, type StoredTable, storedTables } from "../plan/history-form.js";
import { isFolder, partFile } from "../plan/part-files.js";
import type { Plan } from "../plan/plan.js";
import { planText } from "../plan/plan-text.js";
import { listParts } from "./part-listing.js";
import { Follower, type Group, tableGroups } from "./table-groups.js";
import { findTablesManifest } from "./tables-folder.js";
import type { TablesManifest } from "./tables-manifest.js";

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

/** The tables of a folder as they are kept, their files, and how many rows that is where the manifest says it. */
interface TableFiles {
  readonly tables: readonly StoredTable[];
  readonly files: (table: StoredTable) => Promise<readonly string[]>;
  readonly rows: (table: StoredTable) => number | undefined;
}

/** Files found by name, for tables that were copied without their manifest. */
async function filesByName(dir: string, plan: Plan): Promise<TableFiles> {
  const names = new Set(await files.readdir(dir));
  const kept = (form: HistoryForm): boolean =>
    storedTables(plan, form).every((table) => table.kind !== "history" || names.has(table.name));
  const form = HISTORY_FORMS.find(kept) ?? "wide";
  const listed = async (table: StoredTable): Promise<string[]> =>
    isFolder(table) ? listParts(files, dir, table.name) : [partFile(table, 0)];
  return { tables: storedTables(plan, form), files: listed, rows: () => undefined };
}

/** @throws StoreError `tables/stale` when the tables were written by another plan. */
function filesByManifest(dir: string, manifest: TablesManifest, plan: Plan): TableFiles {
  if (manifest.plan !== createHash("sha256").update(planText(plan)).digest("hex")) {
    throw new StoreError(
      "tables/stale",
      `The tables in ${dir} were written from other schemas than the project has now.`,
      {
        where: { file: dir },
        next: "Run `wandb-columns export`.",
      },
    );
  }
  const entries = (table: StoredTable) =>
    manifest.parts.flatMap((part) => part.files.filter((file) => file.table === table.name));
  return {
    tables: storedTables(plan, manifest.options.history),
    files: async (table) => entries(table).map((entry) => entry.file),
    rows: (table) => entries(table).reduce((sum, entry) => sum + entry.rows, 0),
  };
}

async function tableFiles(dir: string, plan: Plan): Promise<TableFiles> {
  const manifest = await findTablesManifest(files, dir);
  return manifest === undefined ? filesByName(dir, plan) : filesByManifest(dir, manifest, plan);
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
function partition(plan: KindPlan, stored: StoredTable, group: Group): { row: Row; own: ReadonlyMap<string, Row[]> } {
  const { table } = plan.rebuilder.shape;
  if (stored.form === "long") return { row: wideRow(stored, group.rows), own: new Map() };
  if (plan.kind !== "system_event") return { row: group.rows[0] ?? new Map(), own: new Map() };
  const residual = table.residuals[0]?.name ?? "residual";
  const leftover = group.rows.find((row) => row.get(residual) !== null);
  return { row: leftover ?? group.rows[0] ?? new Map(), own: new Map([[table.name, group.rows]]) };
}

function checkRows(table: StoredTable, count: number, { dir }: RebuildOptions, found: TableFiles): void {
  const rows = found.rows(table);
  if (rows === undefined || rows === count) return;
  throw new StoreError("tables/damaged", `The table ${table.name} has ${count} rows; its manifest says ${rows}.`, {
    where: { file: dir },
    next: "Remove the tables folder and run `wandb-columns export`.",
  });
}

async function rebuildKind(
  session: Session,
  options: RebuildOptions,
  kind: KindPlan,
  found: TableFiles,
): Promise<number> {
  const { shape } = kind.rebuilder;
  const storedOf = new Map(found.tables.map((table) => [table.of.name, table]));
  const groupsOf = async (table: StoredTable, where: string) =>
    tableGroups(session, { table, dir: options.dir, files: await found.files(table), keys: kind.key, where });
  const followers: { readonly name: string; readonly follower: Follower }[] = [];
  for (const { name } of shape.familyTables.filter((item) => item !== shape.table)) {
    const table = storedOf.get(name);
    const where = table?.kind === "system_metrics" ? "ordinal < 0" : "true";
    if (table !== undefined) followers.push({ name, follower: new Follower(await groupsOf(table, where)) });
  }
  const own = storedOf.get(shape.table.name);
  if (own === undefined) return 0;
  const isEvent = kind.kind === "system_event";
  let [records, read] = [0, 0];
  for await (const group of await groupsOf(own, isEvent ? "ordinal >= 0" : "true")) {
    options.signal?.throwIfAborted();
    const { row, own: members } = partition(kind, own, group);
    const rows = new Map<string, readonly Row[]>(members);
    for (const { name, follower } of followers) rows.set(name, await follower.at(group.key));
    await options.write(line(kind.kind, row, kind.key, rebuildRecord(kind.rebuilder, row, rows)));
    records += 1;
    read += group.rows.length;
  }
  if (!isEvent) checkRows(own, read, options, found);
  return records;
}

const KINDS = ["run", "history", "system_event", "sweep"] as const;

/** A missing file as a sentence with its next step; any other error as it is. */
function explainMissing(error: unknown, dir: string): unknown {
  const missing = ["ENOENT", "engine/missing-file"].includes((error as NodeJS.ErrnoException).code ?? "");
  if (!missing) return error;
  return new StoreError("tables/missing", `${dir} does not have every table of the plan.`, {
    where: { file: dir },
    next: "Run `wandb-columns export`.",
    cause: error,
  });
}

/**
 * Prints the payloads that the tables were made from, one JSON line a record, from the tables and the plan alone: runs,
 * then history rows, system events and sweeps, each in key order.
 * @throws StoreError when a table of the plan is not there, has other rows than its manifest says, or is of another plan.
 */
export async function rebuildTables(options: RebuildOptions): Promise<{ runs: number; rows: number }> {
  const { memory, threads, temp, signal } = options;
  const found = await tableFiles(options.dir, options.plan).catch((error: unknown) => {
    throw explainMissing(error, options.dir);
  });
  await files.mkdir(temp, { recursive: true });
  const session = await Session.open({ memory: memory * 0.6, threads, temp, signal });
  const counts = new Map<RecordKind, number>();
  try {
    for (const kind of KINDS)
      counts.set(kind, await rebuildKind(session, options, planKind(options.plan, kind), found));
  } catch (error) {
    throw explainMissing(error, options.dir);
  } finally {
    session.close();
    await files.rm(temp, { recursive: true, force: true });
  }
  return { runs: counts.get("run") ?? 0, rows: counts.get("history") ?? 0 };
}
