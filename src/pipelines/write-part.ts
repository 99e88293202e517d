import { emptyQuery } from "../engines/duckdb/flatten.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import { literalPath } from "../parquet-path.js";
import type { StoredTable } from "../plan/history-form.js";
import { isFolder, partFile } from "../plan/part-files.js";
import { joinParquet } from "../sinks/join-parquet.js";
import { copyToParquet, type ParquetOptions } from "../sinks/parquet.js";
import { storedQuery } from "../sinks/stored-query.js";
import { type FlattenedPart, flattenPart, type PartWork, type Piece } from "./flatten-part.js";
import { type Partition, partitionFolder } from "./partitions.js";
import { type PartDraft, partRuns } from "./parts.js";
import type { Staging } from "./staging.js";
import type { Part } from "./tables-manifest.js";

/** What writing a part into a tables folder needs beside the part. */
export interface FolderWork extends PartWork {
  readonly staging: Staging;
  readonly partition: Partition;
}

type PartFile = Part["files"][number];

/** Columns that the files of a table leave to the names of their folders. */
function omitted(table: StoredTable, { partition }: FolderWork): ReadonlySet<string> {
  return new Set<string>(isFolder(table) ? partition : []);
}

/** Whether the rows of a part in a table belong to several folders: the part of runs has those of every project. */
function isDivided(table: StoredTable, draft: PartDraft, { partition }: FolderWork): boolean {
  return draft.kind === "run" && isFolder(table) && partition.length > 0;
}

/** The file of a part whose runs are of one partition. A part without runs has no rows either. */
function fileOf(table: StoredTable, draft: PartDraft, { partition }: FolderWork): string {
  const key = draft.runs[0]?.key ?? { entity: "", project: "" };
  return partFile(table, draft.id, partitionFolder(partition, key));
}

function parquetOptions(table: StoredTable, work: FolderWork, keepNegativeZero: boolean): ParquetOptions {
  return { ...work.parquet, keepNegativeZero, omit: omitted(table, work) };
}

async function removePieces({ files }: FolderWork, pieces: readonly Piece[]): Promise<void> {
  for (const { path } of pieces) await files.rm(path);
}

/** A file of no rows, so that every table has at least one. */
async function placeEmpty(session: Session, work: FolderWork, table: StoredTable, draft: PartDraft): Promise<PartFile> {
  const file = fileOf(table, draft, work);
  const query = storedQuery(table, emptyQuery(table.of));
  const options = { ...parquetOptions(table, work, false), rows: 0 };
  await session.run(copyToParquet(table, query, await work.staging.place(file), options));
  return { table: table.name, file, rows: 0 };
}

/** Divides the pieces of a table among the folders of their partitions. */
async function dividePieces(
  session: Session,
  work: FolderWork,
  table: StoredTable,
  draft: PartDraft,
  { pieces, keepNegativeZero }: { readonly pieces: readonly Piece[]; readonly keepNegativeZero: boolean },
): Promise<PartFile[]> {
  const { partition, staging } = work;
  const options = parquetOptions(table, work, keepNegativeZero);
  const paths = pieces.map(({ path }) => quoteLiteral(literalPath(path)));
  const source = `read_parquet([${paths.join(", ")}], hive_partitioning = false)`;
  // Behind one character, because the driver strips U+FEFF from the beginning of a text.
  const found = await session.rows(
    `SELECT DISTINCT ${partition.map((name) => `'.' || ${name}`).join(", ")} FROM ${source}`,
  );
  const written: PartFile[] = [];
  for (const cells of found) {
    const values = partition.map((name, i): [string, string] => [name, String(cells[i]).slice(1)]);
    const key = { entity: "", project: "", ...Object.fromEntries(values) };
    const file = partFile(table, draft.id, partitionFolder(partition, key));
    const own = values.map(([name, value]) => `${quoteIdentifier(name)} = ${quoteLiteral(value)}`).join(" AND ");
    const query = `SELECT * FROM ${source} WHERE ${own}`;
    const [[rows] = []] = await session.rows(copyToParquet(table, query, await staging.place(file), options));
    written.push({ table: table.name, file, rows: Number(rows) });
  }
  await removePieces(work, pieces);
  return written.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Gives the rows of a part in a table their files. */
async function placeTable(
  session: Session,
  work: FolderWork,
  draft: PartDraft,
  table: StoredTable,
  { pieces: all, negativeZero }: FlattenedPart,
): Promise<PartFile[]> {
  const pieces = all.get(table.name) ?? [];
  const file = fileOf(table, draft, work);
  const nothing = async () => (draft.kind === "run" ? [await placeEmpty(session, work, table, draft)] : []);
  if (pieces.length === 0) return nothing();
  if (isDivided(table, draft, work)) {
    const written = await dividePieces(session, work, table, draft, { pieces, keepNegativeZero: negativeZero });
    return written.length > 0 ? written : nothing();
  }
  if (!pieces.every(({ path }) => work.staging.isPlaceOf(file, path))) {
    const paths = pieces.map(({ path }) => path);
    await joinParquet(work.files, paths, await work.staging.place(file));
    await removePieces(work, pieces);
  }
  return [{ table: table.name, file, rows: pieces.reduce((sum, { rows }) => sum + rows, 0) }];
}

/** Flattens one part into staged files, one for each table it has rows in; part 0 writes every table. */
export async function writePart(session: Session, work: FolderWork, draft: PartDraft): Promise<Part> {
  const flattened = await flattenPart(session, work, draft, async (table, alone) => ({
    path: alone && !isDivided(table, draft, work) ? await work.staging.place(fileOf(table, draft, work)) : undefined,
    omit: isDivided(table, draft, work) ? undefined : omitted(table, work),
  }));
  const written: PartFile[] = [];
  for (const table of work.tables.filter(({ kind }) => kind !== "columns")) {
    written.push(...(await placeTable(session, work, draft, table, flattened)));
  }
  const { id, kind } = draft;
  const { careRecords, findings } = flattened;
  return { id, kind, runs: partRuns(draft), files: written, careRecords, findings: [...findings] };
}
