import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BlobName, RecordKind } from "../../src/blob.js";
import { flattenRecord, type RawRecord, type Row, readBlob } from "../../src/flatten/flatten.js";
import { prepareRebuild, rebuildRecord } from "../../src/flatten/rebuild.js";
import { keysFit, resolveMember, type ShapeNode, shapeRecord } from "../../src/flatten/shape.js";
import { fitValue } from "../../src/flatten/value.js";
import { formatDouble } from "../../src/json/number.js";
import { type JsonNode, readJson } from "../../src/json/read.js";
import { sameJson } from "./equal.js";
import { blobText, plannedColumns, planOf } from "./hostile.js";

const key = { entity: "e", project: "p", run_id: "r" };
const plan = fc
  .tuple(plannedColumns, plannedColumns, fc.constantFrom("float64" as const, "int64" as const, "string" as const))
  .map(([config, history, type]) => planOf(config, history, type));

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

function roundTrip(
  kind: RecordKind,
  p: Parameters<typeof shapeRecord>[0],
  blobs: Partial<Record<BlobName, string>>,
  step = -1n,
): Map<BlobName, string> {
  const shape = shapeRecord(p, kind);
  const record: RawRecord = { kind, key, step, ordinal: 0n, blobs, computed: new Map() };
  const { rows } = flattenRecord(shape, record);
  const main = rows.get(shape.table.name)?.[0] ?? (new Map() as Row);
  const members = new Map([...rows].filter(([name]) => name !== shape.table.name || kind === "system_event"));
  return rebuildRecord(prepareRebuild(shape), main, members);
}

function expectSame(
  kind: RecordKind,
  p: Parameters<typeof shapeRecord>[0],
  blob: BlobName,
  text: string,
  rebuilt: string | undefined,
): void {
  const root = readBlob(text);
  if ("why" in root) {
    expect(rebuilt).toBe(`{"raw":${JSON.stringify(text)}}`);
    return;
  }
  const shape = shapeRecord(p, kind).blobs.find((item) => item.blob === blob)?.root;
  const want = asColumns(readJson(text), text, shape);
  expect(sameJson(want, rebuilt ?? "null"), `${want}\n${rebuilt}`).toBe(true);
}

const runs = { numRuns: Number(process.env["PROPERTY_CASES"] ?? 10_000) };

describe("columns, families and residual rebuild the payload", () => {
  it("for configs", () => {
    fc.assert(
      fc.property(plan, blobText, (p, text) =>
        expectSame("run", p, "config", text, roundTrip("run", p, { config: text }).get("config")),
      ),
      runs,
    );
  });

  it("for history rows", () => {
    fc.assert(
      fc.property(plan, blobText, (p, text) =>
        expectSame("history", p, "history", text, roundTrip("history", p, { history: text }).get("history")),
      ),
      runs,
    );
  });
});

it("tells an absent blob from an empty one", () => {
  const p = planOf([], [], "float64");
  expect([...roundTrip("run", p, { config: "{}" })]).toEqual([["config", "{}"]]);
  expect([...roundTrip("run", p, {})]).toEqual([]);
});

it("gives `_step` back from the key column, and from the residual when it is odd", () => {
  const p = planOf([], [], "float64");
  expect(roundTrip("history", p, { history: '{"_step":7}' }, 7n).get("history")).toBe('{"_step":7}');
  expect(roundTrip("history", p, { history: '{"_step":"7"}' }, 7n).get("history")).toBe('{"_step":"7"}');
  expect(roundTrip("history", p, { history: '{"_step":-1}' }, -1n).get("history")).toBe('{"_step":-1}');
  expect(roundTrip("history", p, { history: "{}" }, -1n).get("history")).toBe("{}");
});
