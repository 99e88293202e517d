import { join } from "node:path";
import { writeProfile } from "../profile/serialize.js";
import type { Segment } from "./manifest.js";
import type { SegmentDraft } from "./segment-draft.js";
import type { SegmentEngine } from "./segment-engine.js";
import { keyOf } from "./segment-order.js";
import type { StoreFiles } from "./store-env.js";

/** Rows and bytes of text of each version in a draft, by id. */
function countByVersion(draft: SegmentDraft): Segment["versions"] {
  const rows = new Float64Array(draft.logs.length);
  const text = new Float64Array(draft.logs.length);
  for (let row = 0; row < draft.rows; row++) {
    const log = draft.logIndex.values[row] as number;
    rows[log] = (rows[log] as number) + 1;
    for (const { start, end } of draft.texts) {
      text[log] = (text[log] as number) + (end.values[row] as number) - (start.values[row] as number);
    }
  }
  const counts = new Map<number, { id: number; rows: number; text: number }>();
  for (const [index, { version }] of draft.logs.entries()) {
    const count = counts.get(version) ?? { id: version, rows: 0, text: 0 };
    count.rows += rows[index] as number;
    count.text += text[index] as number;
    counts.set(version, count);
  }
  return [...counts.values()].sort((a, b) => a.id - b.id);
}

/**
 * Writes a draft that has at least one row, and its profile beside it. The bytes may not be on the disk yet: whoever
 * names the files in a manifest sees to that.
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
  await files.rename(`${path}.tmp`, path);
  const profile = `${stem}.profile.json`;
  await files.writeFile(join(directory, profile), writeProfile(draft.finish()));
  const versions = countByVersion(draft);
  return {
    file: `${stem}.parquet`,
    kind: draft.kind,
    rows: draft.rows,
    bytes: (await files.stat(path)).size,
    first: keyOf(draft, order?.[0] ?? 0),
    last: keyOf(draft, order?.[order.length - 1] ?? draft.rows - 1),
    versions,
    profile: { file: profile, versions: versions.map((version) => version.id) },
  };
}
