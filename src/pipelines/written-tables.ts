import { basename } from "node:path";
import { databasePlaces, inspectDatabase } from "./database-file.js";
import type { Environment } from "./environment.js";
import type { SinkAddress } from "./sink-address.js";
import { DEFAULT_TABLE_OPTIONS, type TableOptions } from "./table-options.js";
import { findTablesManifest } from "./tables-folder.js";

/** Tables that are there: how they are kept, and the runs that they have. */
export interface WrittenTables {
  readonly options: TableOptions;
  /** Each by its key as text. */
  readonly runs: ReadonlySet<string>;
  /** Files with rows of some runs, relative to the folder of the sink. */
  filesWith(runs: ReadonlySet<string>): string[];
}

type Env = Pick<Environment, "files" | "machine">;

async function parquetTables(dir: string, { files }: Env): Promise<WrittenTables | undefined> {
  const manifest = await findTablesManifest(files, dir);
  if (manifest === undefined) return undefined;
  const filesWith = (runs: ReadonlySet<string>): string[] => {
    const parts = manifest.parts.filter((part) => part.runs.some(({ run }) => runs.has(run)));
    return parts.flatMap((part) => part.files.filter(({ rows }) => rows > 0).map(({ file }) => file));
  };
  const runs = new Set(manifest.parts.flatMap((part) => part.runs.map(({ run }) => run)));
  return { options: manifest.options, runs, filesWith };
}

async function database(path: string, env: Env): Promise<WrittenTables | undefined> {
  const places = await databasePlaces(env.files, path);
  const manifest = await inspectDatabase(places, env);
  if (manifest === undefined) return undefined;
  const runs = new Set(Object.values(manifest.runs).flatMap((kind) => kind.map(({ run }) => run)));
  const filesWith = (wanted: ReadonlySet<string>): string[] =>
    [...wanted].some((run) => runs.has(run)) ? [basename(places.file)] : [];
  return { options: { ...DEFAULT_TABLE_OPTIONS, history: manifest.history }, runs, filesWith };
}

/**
 * What was written to a sink; undefined when nothing was.
 * @throws StoreError `tables/…` when it cannot be read, or is not ours.
 */
export function findTables(sink: SinkAddress, env: Env): Promise<WrittenTables | undefined> {
  return sink.kind === "parquet" ? parquetTables(sink.dir, env) : database(sink.file, env);
}
