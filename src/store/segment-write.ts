import { join } from "node:path";
import { writeProfile } from "../profile/serialize.js";
import type { Segment } from "./manifest.js";
import type { SegmentDraft } from "./segment-draft.js";
import type { SegmentEngine } from "./segment-engine.js";
import { keyOf } from "./segment-order.js";
import { publish, type StoreFiles, writeDurably } from "./store-env.js";

/** Rows of each version in a draft, by id. */
function rowsByVersion(draft: SegmentDraft): { id: number; rows: number }[] {
  const byLog = new Float64Array(draft.logs.length);
  for (let row = 0; row < draft.rows; row++) {
    const log = draft.logIndex.values[row] as number;
    byLog[log] = (byLog[log] as number) + 1;
  }
  const rows = new Map<number, number>();
  for (const [index, { version }] of draft.logs.entries()) {
    rows.set(version, (rows.get(version) ?? 0) + (byLog[index] as number));
  }
  return [...rows].map(([id, count]) => ({ id, rows: count })).sort((a, b) => a.id - b.id);
}

/**
 * Writes a draft that has at least one row, and its profile beside it.
 * @param directory the store.
 * @param number names the files.
 */
export async function writeSegment(
  engine: SegmentEngine,
  files: StoreFiles,
  directory: string,
  number: number,
  draft: SegmentDraft,
): Promise<Segment> {
  const stem = `${draft.kind}/${String(number).padStart(6, "0")}`;
  const path = join(directory, `${stem}.parquet`);
  await files.mkdir(join(directory, draft.kind), { recursive: true });
  const order = await engine.write(draft, `${path}.tmp`);
  await publish(files, `${path}.tmp`, path);
  const profile = `${stem}.profile.json`;
  await writeDurably(files, join(directory, profile), writeProfile(draft.finish()));
  const versions = rowsByVersion(draft);
  return {
    file: `${stem}.parquet`,
    kind: draft.kind,
    rows: draft.rows,
    bytes: (await files.stat(path)).size,
    text: draft.arena.length,
    first: keyOf(draft, order?.[0] ?? 0),
    last: keyOf(draft, order?.[order.length - 1] ?? draft.rows - 1),
    versions,
    profile: { file: profile, versions: versions.map((version) => version.id) },
  };
}
