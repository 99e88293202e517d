import { type JsonNode, readJson } from "../json/read.js";
import { parseTimestamp } from "../json/timestamp.js";
import { leadingColumns, metricColumns, type StoredTable } from "../plan/history-form.js";
import type { LogicalType, ScalarType } from "../plan/plan.js";
import type { Row } from "./flatten.js";
import { elementType, type Value } from "./value.js";

/** Timestamps are texts here that this toolkit wrote. */
const micros = (text: string): Value => parseTimestamp(text)?.micros ?? null;

/** A cell from its text in the long history. */
const FROM_TEXT: Readonly<Record<ScalarType, (text: string) => Value>> = {
  boolean: (text) => text === "true",
  int64: BigInt,
  decimal: BigInt,
  float64: Number,
  string: (text) => text,
  json: (text) => text,
  timestamp: micros,
};

function fromNode(node: JsonNode, text: string, type: ScalarType): Value {
  if (node.kind === "null") return null;
  return FROM_TEXT[type](node.kind === "string" ? node.value : text.slice(node.start, node.end));
}

function fromText(text: string, type: LogicalType): Value {
  const element = elementType(type);
  if (element === undefined) return FROM_TEXT[type as ScalarType](text);
  const node = readJson(text);
  return node.kind === "array" ? node.items.map((item) => fromNode(item, text, element)) : null;
}

function fromLong(row: Row, type: LogicalType): Value {
  const [value, text] = [row.get("value"), row.get("value_text")];
  if (typeof text === "string") return fromText(text, type);
  if (typeof value !== "number") return null;
  return type === "float64" ? value : BigInt(value);
}

/**
 * The row of the plan's history that some rows of the long history are made of: the inverse of `storedQuery`. Metrics
 * that the plan does not have are left out.
 * @param rows all those of one step and ordinal of a run; at least one.
 */
export function wideRow({ of, residuals }: Pick<StoredTable, "of" | "residuals">, rows: readonly Row[]): Row {
  const [first = new Map<string, Value>()] = rows;
  const byMetric = new Map(rows.map((row) => [row.get("metric"), row]));
  const cell = (name: string, row: Row | undefined): [string, Value] => [name, row?.get(name) ?? null];
  const metrics = metricColumns(of).map(({ name, type }): [string, Value] => {
    const row = byMetric.get(name);
    return [name, row === undefined ? null : fromLong(row, type)];
  });
  return new Map([
    ...leadingColumns(of).map(({ name }) => cell(name, first)),
    ...metrics,
    ...residuals.map(({ name }) => cell(name, byMetric.get(""))),
  ]);
}
