import { join } from "node:path";
import type { ColumnTable } from "arquero";
import { EngineError, Session } from "../engines/duckdb/session.js";
import { quoteLiteral } from "../engines/duckdb/types.js";
import { StoreError } from "../errors.js";
import { literalPath } from "../parquet-path.js";
import { defaultLimits, type Environment, type Limits } from "../pipelines/environment.js";
import { nodeEnvironment } from "../pipelines/node-environment.js";
import { partRelation } from "../pipelines/part-relation.js";
import { nearestWord } from "../schema/nearest.js";
import type { CellOptions } from "./read-table.js";
import { type ColumnAbout, fileAbout, type TableAbout } from "./table-about.js";
import { type TableFiles, tableFiles } from "./table-files.js";

/** How tables are opened. */
export interface OpenOptions extends Partial<CellOptions> {
  /** Bounds of the engine that reads the files. Default: a quarter of the machine's memory, at most 4 GB; all its threads. */
  readonly limits?: Limits;
  /** Default: `nodeEnvironment()`. */
  readonly env?: Environment;
}

/** What to read of a table. */
export interface GetOptions extends Partial<CellOptions> {
  /** Names of the columns to read, in this order; only they are read and held in memory. Default: all. */
  readonly columns?: readonly string[];
}

/** The tables of a folder. Nothing of them is read before it is asked for, and nothing is held open. */
export interface OpenedTables {
  readonly dir: string;
  /** In the order of the plan: runs, history, system_metrics, sweeps, families, misfits, columns. */
  readonly names: readonly string[];
  /**
   * What a table and its columns mean: descriptions, units, types, source paths, key. Reads the end of one file.
   * @throws StoreError `tables/table` for a name that is not in `names`, `tables/foreign` when the file does not say it,
   * `tables/damaged` when it cannot be read; MissingFileError `engine/missing-file` when it is gone.
   */
  describe(name: string): Promise<TableAbout>;
  /**
   * The rows of a table as an Arquero table. A run's rows stand together, in key order; runs come by part.
   *
   * boolean: booleans. float64: numbers, NaN and the infinities as they are. int64: numbers, or bigints when one of the
   * column's values is beyond ±(2^53 − 1) (always with `integers: "bigint"`). decimal: bigints. timestamp: Dates, or with
   * `timestamps: "micros"` bigints of microseconds since 1970 UTC. string, json and residuals: strings. Lists: arrays of
   * these. NULL: null, in lists too.
   * @throws StoreError `tables/table`, `tables/column` for names that are not there, `tables/changed` when an export
   * replaced the files meanwhile, and as `describe`.
   */
  get(name: string, options?: GetOptions): Promise<ColumnTable>;
}

function unknown(what: "table" | "column", name: string, known: readonly string[], dir: string): never {
  const near = nearestWord(name, known);
  const hint = near === undefined ? "" : ` Did you mean ${JSON.stringify(near)}?`;
  const list = known.length > 20 ? `${known.slice(0, 20).join(", ")}, … (${known.length})` : known.join(", ");
  throw new StoreError(`tables/${what}`, `There is no ${what} ${JSON.stringify(name)}.${hint}`, {
    where: { file: dir },
    next: `Use one of: ${list}.`,
  });
}

class Tables implements OpenedTables {
  readonly dir: string;
  readonly #files: TableFiles;
  readonly #options: OpenOptions;
  readonly #env: Environment;

  constructor(dir: string, files: TableFiles, options: OpenOptions, env: Environment) {
    this.dir = dir;
    this.#files = files;
    this.#options = options;
    this.#env = env;
  }

  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  describe(name: string): Promise<TableAbout> {
    return this.#inSession(name, async (session) => (await this.#about(session, name)).table);
  }

  get(name: string, options: GetOptions = {}): Promise<ColumnTable> {
    return this.#inSession(name, async (session) => {
      const { table, struct } = await this.#about(session, name);
      const source = partRelation(this.dir, this.#filesOf(name), struct);
      const columns = this.#chosen(table, options.columns);
      // Arquero is loaded by those who read rows only.
      const { readTable } = await import("./read-table.js");
      const integers = options.integers ?? this.#options.integers ?? "auto";
      const timestamps = options.timestamps ?? this.#options.timestamps ?? "date";
      return readTable(session, { table, columns, source, integers, timestamps });
    });
  }

  #filesOf(name: string): readonly string[] {
    return this.#files.get(name) ?? unknown("table", name, this.names, this.dir);
  }

  #chosen(table: TableAbout, names: readonly string[] | undefined): readonly ColumnAbout[] {
    if (names === undefined) return table.columns;
    const known = new Map(table.columns.map((column) => [column.name, column]));
    return [...new Set(names)].map((name) => known.get(name) ?? unknown("column", name, [...known.keys()], this.dir));
  }

  async #about(session: Session, name: string): Promise<{ table: TableAbout; struct: string | undefined }> {
    const [file = ""] = this.#filesOf(name);
    const path = join(this.dir, file);
    // Behind one character, because the driver strips U+FEFF from the beginning of a text.
    const [metadata] = await session.rows(
      `SELECT '.' || decode(value) FROM parquet_kv_metadata(${quoteLiteral(literalPath(path))}) WHERE decode(key) = 'wandb_columns'`,
    );
    const text = metadata?.[0];
    const about = fileAbout(typeof text === "string" ? text.slice(1) : undefined, path);
    const relation = partRelation(this.dir, [file], about.struct);
    const columns = await session.rows(`SELECT '.' || column_name FROM (DESCRIBE SELECT * FROM ${relation})`);
    const names = columns.map(([column]) => String(column).slice(1));
    return { table: { ...about.table(names), name }, struct: about.struct };
  }

  async #inSession<T>(table: string, act: (session: Session) => Promise<T>): Promise<T> {
    const { machine, signal } = this.#env;
    const { memory, threads } = this.#options.limits ?? defaultLimits(machine);
    const session = await Session.open({ memory, threads, temp: machine.temp, signal });
    try {
      return await act(session);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new StoreError("tables/damaged", `The table ${table} cannot be read. ${error.message}`, {
        where: { file: join(this.dir, this.#filesOf(table)[0] ?? "") },
        next: "Run `wandb-columns export` again.",
        cause: error,
      });
    } finally {
      session.close();
    }
  }
}

/**
 * Opens the tables that `export` or `sync` wrote, to be explored with Arquero (https://idl.uw.edu/arquero).
 *
 *     const tables = await openTables("analysis/tables");
 *     const history = await tables.get("history", { columns: ["run_id", "step", "loss"] });
 *
 * The files are those that the folder's manifest names; in a copy without manifest, those that are there.
 * @param dir the tables folder.
 * @throws StoreError `tables/missing` when it is not there or has no tables, `tables/manifest` when its manifest cannot be
 * used.
 */
export async function openTables(dir: string, options: OpenOptions = {}): Promise<OpenedTables> {
  const env = options.env ?? nodeEnvironment();
  return new Tables(dir, await tableFiles(env.files, dir), options, env);
}
