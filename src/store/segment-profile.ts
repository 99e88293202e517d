import { BIGINT, type DuckDBBlobVector, type DuckDBDataChunk, LIST, listValue, VARCHAR } from "@duckdb/node-api";
import { RECORD_BLOBS, type RecordKind } from "../blob.js";
import { literalPath } from "../parquet-path.js";
import { HAZARD, type Profile } from "../profile/profile.js";
import { Profiler } from "../profile/profiler.js";
import { decodeRefused } from "./refused-text.js";
import { readStatement } from "./segment-columns.js";
import type { SegmentEngine } from "./segment-engine.js";

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

function textAt(chunk: DuckDBDataChunk, column: number, row: number): string {
  const bytes = (chunk.getColumnVector(column) as DuckDBBlobVector).getItemBytes(row);
  return bytes === null ? "" : UTF8.decode(bytes);
}

function scanChunk(profiler: Profiler, kind: RecordKind, chunk: DuckDBDataChunk): void {
  const texts = RECORD_BLOBS[kind].map((blob, i) => ({
    blob,
    text: chunk.getColumnVector(3 + 2 * i) as DuckDBBlobVector,
    hazards: chunk.getColumnVector(4 + 2 * i),
  }));
  for (let row = 0; row < chunk.rowCount; row++) {
    const [entity, project, run_id] = [textAt(chunk, 0, row), textAt(chunk, 1, row), textAt(chunk, 2, row)];
    profiler.beginRun({ entity, project, run_id });
    for (const { blob, text, hazards } of texts) {
      const stored = text.getItemBytes(row);
      if (stored === null) continue;
      const bytes = (Number(hazards.getItem(row)) & HAZARD.REFUSED) === 0 ? stored : decodeRefused(stored);
      profiler.scan(blob, bytes, 0, bytes.length);
    }
  }
}

/** Profiles the rows of some versions of a segment that is on disk. */
export async function profileVersions(
  engine: Pick<SegmentEngine, "connection">,
  kind: RecordKind,
  file: string,
  versions: readonly number[],
): Promise<Profile> {
  const profiler = new Profiler();
  const list = listValue(versions.map(BigInt));
  const result = await engine.connection.stream(
    readStatement(kind),
    [literalPath(file), list],
    [VARCHAR, LIST(BIGINT)],
  );
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    scanChunk(profiler, kind, chunk);
  }
  return profiler.finish();
}
