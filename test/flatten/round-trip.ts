import type { BlobName, RecordKind } from "../../src/blob.js";
import { flattenRecord, type RawRecord, type Row } from "../../src/flatten/flatten.js";
import { prepareRebuild, rebuildRecord } from "../../src/flatten/rebuild.js";
import { keysFit, resolveMember, type ShapeNode, shapeRecord } from "../../src/flatten/shape.js";
import { fitValue } from "../../src/flatten/value.js";
import { readBlob } from "../../src/flatten/walk.js";
import { formatDouble } from "../../src/json/number.js";
import { type JsonNode, readJson } from "../../src/json/read.js";
import type { Plan } from "../../src/plan/plan.js";
import { sameJson } from "./equal.js";

const key = { entity: "e", project: "p", run_id: "r" };

/** The text with every number in a float64 column as that column names it: the equality that rebuild promises. */
function asColumns(node: JsonNode, text: string, shape: ShapeNode | undefined): string {
  const column = shape?.column ?? shape?.family?.values.column;
  const cell = column === undefined ? undefined : fitValue(node, text, column);
  if (column !== undefined && typeof cell === "number") return formatDouble(cell);
  if (column?.type === "list<float64>" && Array.isArray(cell)) {
    return `[${cell.map((item) => (typeof item === "number" ? formatDouble(item) : "null")).join()}]`;
  }
  if (node.kind !== "object") return text.slice(node.start, node.end);
  const members = node.members.map((member) => {
    const found = shape === undefined ? undefined : resolveMember(shape, member.key);
    const family = found?.next.family;
    const next = family !== undefined && !keysFit(family.table, found?.keys ?? new Map()) ? undefined : found?.next;
    return `${text.slice(member.keyStart, member.keyEnd)}:${asColumns(member.value, text, next)}`;
  });
  return `{${members.join()}}`;
}

/** What is rebuilt from the rows of one record, by blob. */
export function roundTrip(
  kind: RecordKind,
  plan: Plan,
  blobs: Partial<Record<BlobName, string>>,
  step = -1n,
): Map<BlobName, string> {
  const shape = shapeRecord(plan, kind);
  const record: RawRecord = { kind, key, step, ordinal: 0n, blobs, computed: new Map() };
  const { rows } = flattenRecord(shape, record);
  const main = rows.get(shape.table.name)?.[0] ?? (new Map() as Row);
  const members = new Map([...rows].filter(([name]) => name !== shape.table.name || kind === "system_event"));
  return rebuildRecord(prepareRebuild(shape), main, members);
}

/** What is wrong with what was rebuilt from a blob text, in words; undefined when it says the same. */
export function difference(
  kind: RecordKind,
  plan: Plan,
  blob: BlobName,
  text: string,
  rebuilt: string | undefined,
): string | undefined {
  const root = readBlob(text);
  if ("why" in root) {
    const want = `{"raw":${JSON.stringify(text)}}`;
    return rebuilt === want ? undefined : `wanted ${want}, rebuilt ${rebuilt}`;
  }
  const shape = shapeRecord(plan, kind).blobs.find((item) => item.blob === blob)?.root;
  const want = asColumns(readJson(text), text, shape);
  return sameJson(want, rebuilt ?? "null") ? undefined : `wanted ${want}, rebuilt ${rebuilt}`;
}
