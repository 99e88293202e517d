import type { DuckDBDataChunk } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { KIND_COLUMNS } from "./segment-columns.js";
import type { SegmentDraft, TextColumn } from "./segment-draft.js";

const CHUNK_ROWS = 2048;

type Vector = ReturnType<typeof duckdb.data_chunk_get_vector>;

/** Which rows of a draft a chunk holds: `count` from `next` on, in the draft's order or in `order`. */
interface Slice {
  readonly draft: SegmentDraft;
  readonly order: Uint32Array | undefined;
  readonly next: number;
  readonly count: number;
}

const rowAt = ({ order, next }: Slice, i: number): number =>
  order === undefined ? next + i : (order[next + i] as number);

/** Copies values of `width` words each; rows in the draft's own order are one copy. */
function writeWords(vector: Vector, words: Int32Array<ArrayBuffer>, width: number, slice: Slice): void {
  const { order, next, count } = slice;
  let from = words;
  let at = next * width;
  if (order !== undefined) {
    from = new Int32Array(count * width);
    at = 0;
    for (let i = 0; i < count * width; i++)
      from[i] = words[rowAt(slice, Math.floor(i / width)) * width + (i % width)] as number;
  }
  duckdb.copy_data_to_vector(vector, 0, from.buffer, 4 * at, 4 * count * width);
}

/** Marks the rows of a chunk that do not have the text. */
function writeAbsent(vector: Vector, column: TextColumn, slice: Slice): void {
  const mask = new Uint8Array(CHUNK_ROWS / 8).fill(0xff);
  let any = false;
  for (let i = 0; i < slice.count; i++) {
    if ((column.start.values[rowAt(slice, i)] as number) >= 0) continue;
    mask[i >> 3] = (mask[i >> 3] as number) & ~(1 << (i & 7));
    any = true;
  }
  if (!any) return;
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, mask.buffer, 0, Math.ceil(slice.count / 64) * 8);
}

function writeTexts(vector: Vector, column: TextColumn, slice: Slice): void {
  const { bytes } = slice.draft.arena;
  for (let i = 0; i < slice.count; i++) {
    const row = rowAt(slice, i);
    const start = column.start.values[row] as number;
    if (start < 0) continue;
    // Assigned as bytes: a string would be made, and stripped of a leading U+FEFF.
    duckdb.vector_assign_string_element_len(vector, i, bytes.subarray(start, column.end.values[row]));
  }
  writeAbsent(vector, column, slice);
}

/**
 * Fills a chunk with rows of a draft: the index of their log, their row numbers, and the text and hazards of each blob.
 * @returns how many rows it holds; 0 at the end of the draft.
 */
export function fillChunk(
  chunk: DuckDBDataChunk,
  draft: SegmentDraft,
  order: Uint32Array | undefined,
  next: number,
): number {
  const count = Math.min(CHUNK_ROWS, draft.rows - next);
  chunk.rowCount = count;
  if (count === 0) return 0;
  const slice: Slice = { draft, order, next, count };
  let column = 0;
  const vector = (): Vector => duckdb.data_chunk_get_vector(chunk.chunk, column++);
  writeWords(vector(), draft.logIndex.values, 1, slice);
  for (const name of KIND_COLUMNS[draft.kind].rowNumbers) writeWords(vector(), draft[name].words, 2, slice);
  for (const text of draft.texts) {
    writeTexts(vector(), text, slice);
    const hazards = vector();
    writeWords(hazards, text.hazards.values, 1, slice);
    writeAbsent(hazards, text, slice);
  }
  return count;
}
