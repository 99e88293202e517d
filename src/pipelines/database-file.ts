import { basename, dirname, join } from "node:path";
import { EngineError, Session } from "../engines/duckdb/session.js";
import { quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import { StoreError } from "../errors.js";
import { isMissing, publish } from "../store/store-env.js";
import { type DatabaseManifest, MANIFEST_SCHEMA, readDatabaseManifest } from "./database-manifest.js";
import type { Environment } from "./environment.js";
import { TEMPORARY } from "./staging.js";

type Files = Environment["files"];

/** Where an export to a database puts what it needs, all beside the file so that it is on the same disk. */
export interface DatabasePlaces {
  readonly file: string;
  /** What DuckDB has not yet written into the file. */
  readonly log: string;
  /** The file as it is being written. */
  readonly writing: string;
  readonly lock: string;
  /** For what the engine cannot keep in memory, and for pieces of tables. */
  readonly temp: string;
}

/** The places of a database; of a link, those of the file that it leads to. */
export async function databasePlaces(files: Files, path: string): Promise<DatabasePlaces> {
  const file = await files.realpath(path).catch((error: unknown) => {
    if (isMissing(error)) return path;
    throw error;
  });
  const beside = (ending: string): string => join(dirname(file), `.${basename(file)}.${ending}`);
  return {
    file,
    log: `${file}.wal`,
    writing: file + TEMPORARY,
    lock: beside("lock"),
    temp: beside("engine"),
  };
}

/** Removes what an export has left that did not come to an end. Only for the holder of the lock. */
export async function removeUnfinished(files: Files, { writing, temp }: DatabasePlaces): Promise<void> {
  for (const path of [writing, `${writing}.wal`]) await files.rm(path, { force: true });
  await files.rm(temp, { recursive: true, force: true });
}

const OLD = "old$";

function foreign(file: string, found: string, cause?: unknown): StoreError {
  return new StoreError("tables/foreign", `${file} ${found}: it is left as it is.`, {
    where: { file },
    next: "Choose another FILE, or move this one away.",
    cause,
  });
}

/** Why a file could not be opened, as a sentence with its next step. */
function explainOpening(error: unknown, file: string): unknown {
  if (!(error instanceof EngineError)) return error;
  const { message } = error;
  if (/Could not set lock/i.test(message)) {
    const holder = /Conflicting lock is held in (.*?)\. /.exec(message)?.[1] ?? "another program";
    return new StoreError("tables/in-use", `${file} is open for writing in ${holder}.`, {
      where: { file },
      next: "Close it there, or open it read-only there, then run the same command again.",
      cause: error,
    });
  }
  if (/not a valid DuckDB database file/i.test(message)) {
    return foreign(file, "is no DuckDB database, and wandb-columns did not write it", error);
  }
  if (/Permission denied/i.test(message)) return error;
  const versions = /with version number (\d+), but we can only read versions between \d+ and (\d+)/.exec(message);
  if (versions !== null) {
    const [, found, most] = versions;
    return foreign(file, `has version ${found} of DuckDB's file format, which is read here up to ${most}`, error);
  }
  const [why = ""] = (error.cause instanceof Error ? error.cause.message : message).split("\n");
  return foreign(file, `cannot be opened as a DuckDB database (${why})`, error);
}

/** What people may have made in a database beside our tables, each with its kind. */
const objectsIn = (database: string): string => `
  SELECT 'table', schema_name, table_name FROM duckdb_tables() WHERE database_name = ${quoteLiteral(database)} AND NOT internal
  UNION ALL SELECT 'view', schema_name, view_name FROM duckdb_views() WHERE database_name = ${quoteLiteral(database)} AND NOT internal
  UNION ALL SELECT 'index', schema_name, index_name FROM duckdb_indexes() WHERE database_name = ${quoteLiteral(database)}
  UNION ALL SELECT 'sequence', schema_name, sequence_name FROM duckdb_sequences() WHERE database_name = ${quoteLiteral(database)}
  UNION ALL SELECT 'type', schema_name, type_name FROM duckdb_types() WHERE database_name = ${quoteLiteral(database)} AND NOT internal
  UNION ALL SELECT 'macro', schema_name, function_name FROM duckdb_functions() WHERE database_name = ${quoteLiteral(database)} AND NOT internal`;

async function checkNothingElse(session: Session, file: string, { tables }: DatabaseManifest): Promise<void> {
  const own = new Set([`${MANIFEST_SCHEMA}.manifest`, ...tables.map(({ name }) => `main.${name}`)]);
  const found = await session.rows(objectsIn(OLD));
  const others = found.filter(([kind, schema, name]) => kind !== "table" || !own.has(`${schema}.${name}`));
  if (others.length === 0) return;
  const list = others.map(([kind, , name]) => `${kind} ${name}`);
  const shown = list.length > 5 ? `${list.slice(0, 5).join(", ")}, …` : list.join(", ");
  throw new StoreError("tables/foreign", `${file} holds what wandb-columns did not write and would lose: ${shown}.`, {
    where: { file },
    next: "Move these into a database of their own that attaches this one, or choose another FILE.",
  });
}

async function manifestIn(session: Session, file: string): Promise<DatabaseManifest> {
  const [known] = await session.rows(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = '${OLD}' AND schema_name = '${MANIFEST_SCHEMA}' AND table_name = 'manifest'`,
  );
  if (known === undefined) throw foreign(file, "is a DuckDB database that wandb-columns did not write");
  const [row] = await session.rows(
    `SELECT format, '.' || manifest FROM ${quoteIdentifier(OLD)}.${MANIFEST_SCHEMA}.manifest`,
  );
  const [format, text] = row ?? [];
  if (typeof format !== "number" || typeof text !== "string") throw foreign(file, "has no manifest of wandb-columns");
  return readDatabaseManifest(format, text.slice(1), file);
}

/**
 * The manifest of a database that this program wrote; undefined when there is no file. The file is opened for reading
 * only, and closed again.
 * @throws StoreError `tables/foreign` when the file is another database, no database, or holds other tables too;
 * `tables/in-use` when another program has it open for writing; `tables/manifest`.
 */
export async function inspectDatabase(
  { file }: DatabasePlaces,
  env: Pick<Environment, "files" | "machine">,
): Promise<DatabaseManifest | undefined> {
  try {
    const found = await env.files.stat(file);
    if (!found.isFile()) throw foreign(file, "is no file");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const session = await Session.open({ memory: INSPECTION_BYTES, threads: 1, temp: env.machine.temp });
  try {
    await session.run(`ATTACH ${quoteLiteral(file)} AS ${quoteIdentifier(OLD)} (READ_ONLY)`).catch((error: unknown) => {
      throw explainOpening(error, file);
    });
    const manifest = await manifestIn(session, file);
    await checkNothingElse(session, file, manifest);
    return manifest;
  } finally {
    session.close();
  }
}

const INSPECTION_BYTES = 100e6;

/**
 * Puts a finished file in place of the old one, if there is one: a reader has either. Its log goes first, since DuckDB
 * would play it into the new file; what our own tables had was in the file.
 */
export async function publishDatabase(files: Files, { file, log, writing }: DatabasePlaces): Promise<void> {
  await files.rm(log, { force: true });
  await publish(files, writing, file);
}
