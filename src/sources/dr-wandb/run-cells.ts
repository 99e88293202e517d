import { basename } from "node:path";
import { type Finding, finding } from "../../finding.js";
import { bytesText } from "./bytes-text.js";
import { locate } from "./json-object.js";
import type { Cells } from "./metadata-reader.js";
import type { Cell } from "./parquet-cells.js";
import { JSON_COLUMNS } from "./run-blobs.js";
import type { RunPlace, RunRow } from "./run-draft.js";

/** The cells of one run from one row of one file. */
export interface CellSource {
  readonly file: string;
  /** 1-based. */
  readonly row: number;
  readonly cells: Cells;
}

export interface MergedRow {
  readonly row: RunRow;
  readonly findings: readonly Finding[];
}

/** A cell as JSON text: as it is where it is JSON or a blob column, else as a string. */
function jsonOf(column: string, cell: Cell): Uint8Array {
  const asIs = !cell.raw || JSON_COLUMNS.has(column) || !("problem" in locate(cell.bytes));
  return asIs ? cell.bytes : Buffer.from(JSON.stringify(bytesText(cell.bytes)), "utf8");
}

/** A cell that has no column of its own: its text as a string, so that it stays what it was. */
function keptText(cell: Cell): Buffer {
  return Buffer.from(cell.raw ? JSON.stringify(bytesText(cell.bytes)) : cell.bytes);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/**
 * The cells of a run from all its files as one row. A column that two files have is taken from the first; the second
 * is dropped when it is the same, else kept under its own name.
 */
export function mergeCells(sources: readonly CellSource[], place: RunPlace): MergedRow {
  const row = new Map<string, Uint8Array>();
  const findings: Finding[] = [];
  for (const { file, row: number, cells } of sources) {
    for (const [column, cell] of cells) {
      const text = jsonOf(column, cell);
      const known = row.get(column);
      if (known === undefined) row.set(column, text);
      else if (!sameBytes(known, text)) {
        const name = basename(file, ".parquet");
        row.set(`${name}.${column}`, keptText(cell));
        const message = `Column ${column} of ${name} is not what ${basename(place.file)} has; both were kept`;
        findings.push(finding("source/copy-differs", message, { run: place.key, where: { file, row: number } }));
      }
    }
  }
  return { row, findings };
}

function isSameRow(a: Cells, b: Cells): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([column, cell]) => {
    const other = b.get(column);
    return other !== undefined && sameBytes(cell.bytes, other.bytes);
  });
}

/**
 * Further rows of a run that is in a file already: dropped when they are the same, else kept whole as a list
 * `repeated_rows` of the run blob.
 */
export function keepRepeats(
  merged: MergedRow,
  sources: readonly CellSource[],
  repeats: readonly CellSource[],
  place: RunPlace,
): MergedRow {
  const differing = repeats.filter((repeat) => {
    const first = sources.find((source) => source.file === repeat.file);
    return first === undefined || !isSameRow(first.cells, repeat.cells);
  });
  if (differing.length === 0) return merged;
  const rows = differing.map(({ cells }) => {
    const members = [...cells].map(([column, cell]) => `${JSON.stringify(column)}:${keptText(cell).toString("utf8")}`);
    return `{${members.join(",")}}`;
  });
  const findings = differing.map(({ file, row }) => {
    const message = `Row ${row} is run ${place.key.run_id} again, with other values than row ${place.row}`;
    return finding("source/wrong-shape", message, { run: place.key, where: { file, row, run: place.key.run_id } });
  });
  return {
    row: new Map(merged.row).set("repeated_rows", Buffer.from(`[${rows.join(",")}]`, "utf8")),
    findings: [...merged.findings, ...findings],
  };
}
