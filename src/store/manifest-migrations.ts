import type { Fields } from "../file-format.js";
import { SEGMENT_BYTES } from "./segment-draft.js";

const COMPRESSION = 10;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const countOf = (value: unknown): number => (typeof value === "number" ? value : 0);
const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function segmentWithText(segment: unknown): unknown {
  if (!isFields(segment)) return segment;
  const [bytes, rows] = [countOf(segment["bytes"]), Math.max(1, countOf(segment["rows"]))];
  // A segment closes at SEGMENT_BYTES, and text compresses tenfold at most, or nearly so.
  const each = Math.max(bytes, Math.min(SEGMENT_BYTES, bytes * COMPRESSION)) / rows;
  const versions = itemsOf(segment["versions"]).map((version) =>
    isFields(version) ? { ...version, text: Math.round(countOf(version["rows"]) * each) } : version,
  );
  return { ...segment, versions };
}

/** Format 1 to 2: the bytes of text of each version in each segment, which format 1 did not record, are estimated. */
export function withTextBytes(old: Fields): Fields {
  return { ...old, segments: itemsOf(old["segments"]).map(segmentWithText) };
}
