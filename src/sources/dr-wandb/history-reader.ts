import { BIGINT, type DuckDBConnection, LIST, listValue, VARCHAR } from "@duckdb/node-api";
import type { Finding } from "../../finding.js";
import { bytesText } from "./bytes-text.js";
import type { HistorySink, HistorySource } from "./export-source.js";
import { type HistoryCell, HistoryTexts, type RowProblem } from "./history-text.js";
import { LongRows, longBytes } from "./long-rows.js";
import { readCell, readText } from "./parquet-cells.js";
import {
  columnIndex,
  fromFile,
  isTextual,
  nameExpression,
  type ParquetFile,
  selection,
  setFile,
} from "./parquet-file.js";
import { type ChunkRow, RowStream } from "./row-stream.js";
import type { RunEntry } from "./run-index.js";
import { Expands, type TextLimits, TextMeter } from "./text-limits.js";

const FILE = "history_file";
const PLACES = { number: 2, bytes: 3 } as const;
const FIRST_CELL = 4;
/** The same in a chunk of rows that were read by their numbers. */
const FIRST_CELL_ALONE = 2;
/** What a row takes in memory beside its text. */
const BYTES_PER_ROW = 200;
/** Columns whose text is JSON, beside those of Parquet's JSON type. */
const JSON_TEXT: ReadonlySet<string> = new Set(["metrics", "wandb_metadata"]);

/** One history row, ready to be written. */
interface HistoryRow {
  readonly bytes: Uint8Array;
  /** 1-based row in the file. */
  readonly row: number;
  readonly problems: readonly RowProblem[];
}

/** Rows of one run, of one step after the other; `ord` -1 when the run is in no metadata file. */
interface Peeked {
  readonly ord: number;
  readonly run_id: string;
  readonly step: string;
  readonly row: HistoryRow;
}

/**
 * runs_history read run by run, by ascending step. The file has no order of its own (a database wrote it), so rows of
 * one step come in order of their text: the same rows give the same order whatever the file's.
 */
export class HistoryReader implements HistorySource {
  readonly file: ParquetFile;
  readonly #rows: RowStream;
  readonly #texts: HistoryTexts;
  readonly #step: number;
  readonly #own: number;
  readonly #long: LongRows;
  readonly #limits: TextLimits;
  readonly #meter: TextMeter;
  #ahead: Peeked | undefined;

  private constructor(
    file: ParquetFile,
    rows: RowStream,
    limits: TextLimits,
    connect: () => Promise<DuckDBConnection>,
  ) {
    this.#limits = limits;
    this.#long = new LongRows(file, limits, PLACES, connect);
    this.#meter = new TextMeter(file.size);
    this.file = file;
    this.#rows = rows;
    this.#texts = new HistoryTexts(new Set(file.columns.map((column) => column.name)));
    this.#step = columnIndex(file, "step");
    this.#own = columnIndex(file, "run_id");
  }

  /** @param connect opens a connection that nothing else uses. */
  static async open(
    connect: () => Promise<DuckDBConnection>,
    file: ParquetFile,
    entries: readonly RunEntry[],
    limits: TextLimits,
  ): Promise<HistoryReader> {
    const connection = await connect();
    await setFile(connection, FILE, file.path);
    const firsts = [...new Map([...entries].reverse().map((entry) => [entry.run_id, entry.ord]))];
    const ids = listValue(firsts.map(([id]) => id));
    const places = listValue(firsts.map(([, ord]) => BigInt(ord)));
    await connection.run("SET VARIABLE history_runs = $1", [ids], [LIST(VARCHAR)]);
    await connection.run("SET VARIABLE history_places = $1", [places], [LIST(BIGINT)]);
    const rows = await RowStream.open(connection, historyQuery(file, limits));
    const reader = new HistoryReader(file, rows, limits, connect);
    reader.#ahead = await reader.#read();
    return reader;
  }

  /** The run of the next row: its `ord`, and its run id; undefined at the end. */
  get next(): { readonly ord: number; readonly run_id: string } | undefined {
    return this.#ahead;
  }

  get path(): string {
    return this.file.path;
  }

  async visitRun(sink: HistorySink): Promise<boolean> {
    const run = this.#ahead;
    while (this.#ahead !== undefined && this.#ahead.ord === run?.ord && this.#ahead.run_id === run.run_id) {
      for (const { bytes, row, problems } of await this.#oneStep(this.#ahead)) {
        sink.row(bytes, 0, bytes.length, row, problems);
        await sink.pause();
      }
    }
    return true;
  }

  leftOut(): Finding[] {
    return this.#long.leftOut.take();
  }

  /** All rows of the step that comes next, in order of their text. */
  async #oneStep(first: Peeked): Promise<HistoryRow[]> {
    const rows: HistoryRow[] = [];
    let bytes = 0;
    let at: Peeked | undefined = first;
    while (at !== undefined && at.ord === first.ord && at.run_id === first.run_id && at.step === first.step) {
      rows.push(at.row);
      bytes += at.row.bytes.length + BYTES_PER_ROW;
      if (bytes > 2 * this.#limits.row) {
        throw new Expands(
          `run ${first.run_id} has more rows of step ${first.step || "NULL"} than --memory has room for`,
        );
      }
      at = await this.#read();
    }
    this.#ahead = at;
    return rows.length === 1 ? rows : rows.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  }

  async #read(): Promise<Peeked | undefined> {
    const at = await this.#rows.next();
    if (at === undefined) return undefined;
    const whole = longBytes(at, PLACES) > 0 ? await this.#long.whole(at) : undefined;
    const cells = whole === undefined ? this.#cells(at, FIRST_CELL) : this.#cells(whole, FIRST_CELL_ALONE);
    for (const cell of cells) this.#meter.add(cell.text.length);
    const { text, problems } = this.#texts.text(cells);
    const step = this.#step < 0 ? undefined : cells.find((cell) => cell.column === "step");
    return {
      ord: Number(at.chunk.getColumnVector(0).getItem(at.row)),
      run_id: readText(at.chunk, 1, at.row),
      step: step?.text ?? "",
      row: { bytes: Buffer.from(text, "utf8"), row: Number(at.chunk.getColumnVector(2).getItem(at.row)) + 1, problems },
    };
  }

  #cells({ chunk, row }: ChunkRow, first: number): HistoryCell[] {
    const cells: HistoryCell[] = [];
    for (const [i, column] of this.file.columns.entries()) {
      if (i === this.#own) continue;
      const cell = readCell(chunk, i + first, row, column, isTextual(column) && JSON_TEXT.has(column.name));
      if (cell !== undefined) cells.push({ column: column.name, text: bytesText(cell.bytes), raw: cell.raw });
    }
    return cells;
  }
}

function historyQuery(file: ParquetFile, { cell }: TextLimits): string {
  const run = nameExpression(file, "run_id", "f");
  const step = columnIndex(file, "step");
  const columns = ["coalesce(places.ord, -1)", `encode(${run})`, selection(file, cell)];
  const order = ["places.ord NULLS LAST", run, ...(step < 0 ? [] : [`f.c${step}`]), "f.row_number"];
  return `SELECT ${columns.join(", ")} FROM ${fromFile(file, FILE, "f")}
    LEFT JOIN (SELECT unnest(getvariable('history_runs')) AS run_id, unnest(getvariable('history_places')) AS ord) AS places
    ON places.run_id = ${run} ORDER BY ${order.join(", ")}`;
}
