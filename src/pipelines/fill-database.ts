import { tableDdl } from "../codegen/ddl.js";
import { DUCKDB_DIALECT } from "../codegen/generate.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier } from "../engines/duckdb/types.js";
import { type Finding, FindingCounts, finding } from "../finding.js";
import { shapeRecord } from "../flatten/shape.js";
import type { StoredTable } from "../plan/history-form.js";
import type { Plan } from "../plan/plan.js";
import {
  attachSink,
  countNegativeZeros,
  filesRelation,
  insertRows,
  KEEP_NEGATIVE_ZERO,
  SINK,
} from "../sinks/duckdb.js";
import { type DatabaseManifest, manifestSql } from "./database-manifest.js";
import { prepareDictionary } from "./dictionary.js";
import { flattenPart, type PartWork, type Piece } from "./flatten-part.js";
import type { PartDraft } from "./parts.js";

/** What filling a database needs beside the parts. */
export interface FillRequest extends PartWork {
  /** The file to make. */
  readonly file: string;
  /** Parts in key order within each kind. */
  readonly drafts: readonly PartDraft[];
  /** Bytes that the engine may use, and its threads. */
  readonly memory: number;
  readonly threads: number;
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

const KINDS = ["run", "history", "system_event"] as const;

/** Tables that records of several kinds have rows in: their rows have to be sorted. */
function mixedTables(plan: Plan): ReadonlySet<string> {
  const filled = KINDS.flatMap((kind) => {
    const { table, familyTables } = shapeRecord(plan, kind);
    return [...new Set([table.name, ...familyTables.map(({ name }) => name), "misfits"])];
  });
  return new Set(filled.filter((name, i) => filled.indexOf(name) < i));
}

/** A count of zeros with a minus, by table and column. */
class ZeroSigns {
  readonly #counts = new Map<string, { readonly table: StoredTable; readonly columns: Map<string, bigint> }>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  async add(session: Session, table: StoredTable, relation: string): Promise<void> {
    const known = this.#counts.get(table.name) ?? { table, columns: new Map<string, bigint>() };
    for (const [name, count] of await countIn(session, table, relation)) {
      known.columns.set(name, (known.columns.get(name) ?? 0n) + count);
    }
    this.#counts.set(table.name, known);
  }

  /** Columns in which the database has other signs than were counted. */
  async findings(session: Session): Promise<Finding[]> {
    const found: Finding[] = [];
    for (const { table, columns } of this.#counts.values()) {
      for (const [name, count] of await countIn(session, table, quoteIdentifier(table.name))) {
        const want = columns.get(name) ?? 0n;
        if (count !== want)
          found.push(zeroSignFinding(`${table.name}.${name}`, count > want ? count - want : want - count));
      }
    }
    return found;
  }
}

async function countIn(session: Session, table: StoredTable, relation: string): Promise<[string, bigint][]> {
  const query = countNegativeZeros(table, relation);
  if (query === undefined) return [];
  const [counts = []] = await session.rows(query.sql);
  return query.names.map((name, i) => [name, BigInt(String(counts[i]))]);
}

function zeroSignFinding(column: string, count: bigint): Finding {
  const message = `DuckDB has kept one zero in place of 0.0 and -0.0 in the column ${column}; the values are equal.`;
  return finding("value/zero-sign", message, { count: Number(count) });
}

/** A database that is being filled. */
class Filling {
  readonly #sink: Session;
  readonly #request: FillRequest;
  readonly #mixed: ReadonlySet<string>;
  readonly #waiting = new Map<StoredTable, { readonly pieces: Piece[]; kinds: Set<PartDraft["kind"]> }>();
  readonly #rows = new Map<string, number>();
  readonly #signs = new ZeroSigns();

  constructor(sink: Session, request: FillRequest) {
    this.#sink = sink;
    this.#request = request;
    this.#mixed = mixedTables(request.plan);
  }

  /** Flattens a part and adds its rows to the tables; those of mixed tables wait for the other kinds. */
  async addPart(session: Session, draft: PartDraft): Promise<{ careRecords: number; findings: readonly Finding[] }> {
    const { tables, signal } = this.#request;
    const part = await flattenPart(session, this.#request, draft, async () => ({}));
    if (part.negativeZero && this.#signs.isEmpty) await this.#sink.run(KEEP_NEGATIVE_ZERO);
    for (const table of tables) {
      signal?.throwIfAborted();
      const pieces = part.pieces.get(table.name) ?? [];
      if (pieces.length === 0) continue;
      if (part.negativeZero) await this.#signs.add(this.#sink, table, relationOf(pieces));
      if (this.#mixed.has(table.of.name)) this.#wait(table, draft.kind, pieces);
      else await this.#insert(table, pieces, true);
    }
    return part;
  }

  #wait(table: StoredTable, kind: PartDraft["kind"], pieces: readonly Piece[]): void {
    const known = this.#waiting.get(table) ?? { pieces: [], kinds: new Set() };
    known.pieces.push(...pieces);
    known.kinds.add(kind);
    this.#waiting.set(table, known);
  }

  async #insert(table: StoredTable, pieces: readonly Piece[], sorted: boolean): Promise<void> {
    await this.#sink.run(insertRows(table, relationOf(pieces), sorted));
    for (const { path } of pieces) await this.#request.files.rm(path);
    const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
    this.#rows.set(table.name, (this.#rows.get(table.name) ?? 0) + rows);
  }

  /** Adds what waits, then the data dictionary. */
  async finish(session: Session): Promise<{ tables: DatabaseManifest["tables"]; findings: readonly Finding[] }> {
    const { plan, tables } = this.#request;
    for (const [table, { pieces, kinds }] of this.#waiting) await this.#insert(table, pieces, kinds.size < 2);
    const dictionary = await prepareDictionary(session, plan, tables);
    if (dictionary !== undefined) {
      await this.#sink.run(insertRows(dictionary.table, `(${dictionary.query})`, true));
      this.#rows.set(dictionary.table.name, dictionary.rows);
    }
    const counts = tables.map(({ name }) => ({ name, rows: this.#rows.get(name) ?? 0 }));
    if (this.#signs.isEmpty) return { tables: counts, findings: [] };
    await this.#sink.run(`CHECKPOINT ${quoteIdentifier(SINK)}`);
    return { tables: counts, findings: await this.#signs.findings(this.#sink) };
  }
}

const relationOf = (pieces: readonly Piece[]): string => filesRelation(pieces.map(({ path }) => path));

/**
 * Makes a database file with every table, its comments and its rows in key order, and the manifest. Rows come part by
 * part, so no more than a part is held beside the file; only tables that several kinds of records fill are sorted.
 * @param head what the manifest says of the origin.
 */
export async function fillDatabase(
  session: Session,
  request: FillRequest,
  head: Pick<DatabaseManifest, "format" | "plan" | "facts" | "history" | "runs">,
): Promise<DatabaseManifest> {
  const { file, tables, drafts } = request;
  const sink = await session.lane();
  try {
    await sink.run(attachSink(file, tables, request));
    await sink.run(`USE ${quoteIdentifier(SINK)}`);
    await sink.run(tables.map((table) => tableDdl(table, DUCKDB_DIALECT)).join("\n"));
    const filling = new Filling(sink, request);
    const found = new FindingCounts();
    let careRecords = 0;
    for (const [i, draft] of drafts.entries()) {
      request.signal?.throwIfAborted();
      const part = await filling.addPart(session, draft);
      for (const item of part.findings) found.add(item);
      careRecords += part.careRecords;
      request.progress?.(i + 1, drafts.length);
    }
    const { tables: counts, findings } = await filling.finish(session);
    const manifest = { ...head, tables: counts, careRecords, findings: [...found.list(), ...findings] };
    await sink.run(manifestSql(manifest));
    await sink.run(`CHECKPOINT ${quoteIdentifier(SINK)}`);
    await sink.run(`USE memory; DETACH ${quoteIdentifier(SINK)}`);
    return manifest;
  } finally {
    sink.close();
  }
}
