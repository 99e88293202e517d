import { type Finding, finding } from "../../../finding.js";
import { isText, MemberWalk } from "../../../json/scan.js";
import { bytesText } from "../bytes-text.js";
import type { DrWandbFiles } from "../files.js";
import { locate } from "../json-object.js";
import type { Cells } from "../metadata-reader.js";
import type { Cell } from "../parquet-cells.js";
import { BLOB_COLUMN_NAMES } from "../run-blobs.js";
import type { CellSource } from "../run-cells.js";
import { indexRuns, type KeyRow, type RunEntry } from "../run-index.js";
import { LineProblems } from "./line-problems.js";
import { forEachLine, readBytes } from "./read-lines.js";

/** The columns of runs_metadata that members of a v3 run are called by; all others keep their names. */
const COLUMN_OF: ReadonlyMap<string, string> = new Map([
  ["name", "run_name"],
  ["summary_metrics", "summary"],
  ["metadata", "wandb_metadata"],
]);

const RUN = "run";
const NULL = "null";

/** A line of runs.jsonl that names its run. */
interface RunLine extends KeyRow {
  readonly line: number;
  readonly offset: number;
  readonly length: number;
}

/** The text of a JSON string; the token itself for another value; "" for null. */
export function textValue(bytes: Uint8Array, from: number, to: number): string {
  const value = locate(bytes.subarray(from, to));
  if ("problem" in value) return bytesText(bytes.subarray(from, to));
  if (value.node.kind === "string") return value.node.value;
  return value.node.kind === "null" ? "" : value.text;
}

/** Reads the key of a snapshot; undefined when the line is no object with a member `run` that is one. */
class KeyReader {
  readonly #snapshot = new MemberWalk();
  readonly #run = new MemberWalk();

  read(bytes: Uint8Array, from: number, to: number): KeyRow | undefined {
    let key: KeyRow | undefined;
    this.#snapshot.begin(bytes, from, to);
    while (this.#snapshot.next()) {
      const { keyFrom, keyTo, valueFrom, valueTo } = this.#snapshot;
      if (isText(bytes, keyFrom, keyTo, RUN)) key ??= this.#key(bytes, valueFrom, valueTo);
    }
    return this.#snapshot.isWhole ? key : undefined;
  }

  #key(bytes: Uint8Array, from: number, to: number): KeyRow | undefined {
    const key = { run_id: "", entity: "", project: "" };
    const walk = this.#run;
    walk.begin(bytes, from, to);
    while (walk.next()) {
      for (const part of ["run_id", "entity", "project"] as const) {
        if (!isText(bytes, walk.keyFrom, walk.keyTo, part)) continue;
        key[part] = textValue(bytes, walk.valueFrom, walk.valueTo);
      }
    }
    return walk.isWhole ? key : undefined;
  }
}

/** Of a run that is there again the last line counts, as for dr_wandb's own reader. */
function preferLast(entries: readonly RunEntry[]): void {
  for (const { rows, repeats } of entries) {
    const first = rows[0];
    const last = repeats.pop();
    if (first === undefined || last === undefined) continue;
    repeats.unshift({ file: 0, row: first });
    rows[0] = last.row;
  }
}

function freeKey(cells: Cells, name: string, prefix: string): string {
  let key = name;
  while (cells.has(key)) key = `${prefix}.${key}`;
  return key;
}

/** A value that is JSON stays JSON, also where it has no place of its own. */
function cellOf(column: string, bytes: Uint8Array): Cell {
  return { bytes, raw: BLOB_COLUMN_NAMES.has(column) || "problem" in locate(bytes) };
}

/** The members of a snapshot as cells of runs_metadata. What dr_wandb does not have of a blob, it writes as null. */
function cellsOf(bytes: Uint8Array): Cells {
  const cells: Cells = new Map();
  const rest: [string, Uint8Array][] = [];
  const each = (text: Uint8Array, visit: (name: string, value: Uint8Array) => void): void => {
    const walk = new MemberWalk();
    walk.begin(text, 0, text.length);
    while (walk.next()) {
      const name = textValue(text, walk.keyFrom - 1, walk.keyTo + 1);
      visit(name, text.subarray(walk.valueFrom, walk.valueTo));
    }
  };
  let hasRun = false;
  each(bytes, (name, value) => {
    if (name !== RUN || hasRun) {
      rest.push([name, value]);
      return;
    }
    hasRun = true;
    each(value, (member, text) => {
      const column = COLUMN_OF.get(member) ?? member;
      if (BLOB_COLUMN_NAMES.has(column) && isText(text, 0, text.length, NULL)) return;
      cells.set(freeKey(cells, column, "run"), cellOf(column, text));
    });
  });
  for (const [name, text] of rest) cells.set(freeKey(cells, name, "snapshot"), cellOf(name, text));
  return cells;
}

/** runs.jsonl: where each run's line is, and what it says. */
export class RunLines {
  readonly path: string;
  readonly entries: readonly RunEntry[];
  /** How many lines there are, unreadable ones too. */
  readonly count: number;
  readonly #lines: readonly RunLine[];
  readonly #handle: Awaited<ReturnType<DrWandbFiles["open"]>>;

  private constructor(
    path: string,
    lines: readonly RunLine[],
    count: number,
    handle: Awaited<ReturnType<DrWandbFiles["open"]>>,
  ) {
    this.path = path;
    this.count = count;
    this.entries = indexRuns([lines]);
    preferLast(this.entries);
    this.#lines = lines;
    this.#handle = handle;
  }

  /** Reads the keys of all lines. @throws the file system's error. */
  static async open(
    path: string,
    files: DrWandbFiles,
    signal: AbortSignal | undefined,
  ): Promise<[RunLines, Finding[]]> {
    const keys = new KeyReader();
    const lines: RunLine[] = [];
    const problems = new LineProblems(path, "dr_wandb run (an object with members exported_at and run)");
    let count = 0;
    await forEachLine(
      path,
      files,
      {},
      {
        line(bytes, from, to, line, offset, ended) {
          count += 1;
          const key = keys.read(bytes, from, to);
          if (key !== undefined) lines.push({ ...key, line, offset, length: to - from });
          else problems.add(bytes, from, to, line, ended);
        },
        tooLong: (line) => problems.tooLong(line),
        more: async () => {
          signal?.throwIfAborted();
          return true;
        },
      },
    );
    return [new RunLines(path, lines, count, await files.open(path, "r")), problems.list()];
  }

  /** The cells of the line that counts for a run. */
  async cells(entry: RunEntry): Promise<CellSource[]> {
    const [row] = entry.rows;
    return row === undefined ? [] : [await this.#read(row)];
  }

  /** The cells of the run's other lines. */
  repeats(entry: RunEntry): Promise<CellSource[]> {
    return Promise.all(entry.repeats.map(({ row }) => this.#read(row)));
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #read(row: number): Promise<CellSource> {
    const { line, offset, length } = this.#lines[row] as RunLine;
    const bytes = await readBytes(this.#handle, offset, length);
    if (bytes.length < length) throw new Error(`it became shorter while it was read: line ${line} ends early`);
    return { file: this.path, row: line, cells: cellsOf(bytes) };
  }
}

/** A finding about a file that cannot be read. */
export function unreadableFile(path: string, error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error);
  return finding("source/unreadable", `${path} cannot be read: ${message}`, { where: { file: path } });
}
