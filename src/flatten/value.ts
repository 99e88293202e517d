import { doubleOf, integerOf } from "../json/number.js";
import type { JsonNode } from "../json/read.js";
import { parseTimestamp } from "../json/timestamp.js";
import { type Column, LOGICAL_TYPES, type LogicalType, type ScalarType } from "../plan/plan.js";

/**
 * A cell. boolean: boolean; int64 and decimal: bigint; float64: number, NaN and infinities included; string and json:
 * string; timestamp: bigint, microseconds since 1970 UTC; lists: arrays whose elements may be null.
 */
export type Value = null | boolean | bigint | number | string | readonly Value[];

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const NONFINITE = new Set(["NaN", "Infinity", "-Infinity"]);

type Fit = (node: JsonNode, text: string, column: Pick<Column, "zone">) => Value | undefined;

const tokenOf = (node: JsonNode, text: string): string => text.slice(node.start, node.end);

const FIT: Record<ScalarType, Fit> = {
  boolean: (node) => (node.kind === "boolean" ? node.value : undefined),
  int64: (node, text) => {
    const value = node.kind === "number" ? integerOf(tokenOf(node, text)) : undefined;
    return value !== undefined && value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
  },
  decimal: (node, text) => (node.kind === "number" ? integerOf(tokenOf(node, text)) : undefined),
  float64: (node, text) => {
    if (node.kind === "string") return NONFINITE.has(node.value) ? Number(node.value) : undefined;
    return node.kind === "number" ? doubleOf(tokenOf(node, text)) : undefined;
  },
  string: (node) => (node.kind === "string" && node.value.isWellFormed() ? node.value : undefined),
  timestamp: (node, _text, column) => {
    const time = node.kind === "string" ? parseTimestamp(node.value) : undefined;
    return time !== undefined && (time.zoned || column.zone === "utc") ? time.micros : undefined;
  },
  json: (node, text) => {
    const token = tokenOf(node, text);
    return node.kind !== "null" && token.isWellFormed() ? token : undefined;
  },
};

const LIST = /^list<(.+)>$/;

const ELEMENT_TYPES = new Map(
  LOGICAL_TYPES.flatMap((type): [LogicalType, ScalarType][] => {
    const element = LIST.exec(type)?.[1];
    return element === undefined ? [] : [[type, element as ScalarType]];
  }),
);

/** The element type of a list type; undefined for a scalar type. */
export function elementType(type: LogicalType): ScalarType | undefined {
  return ELEMENT_TYPES.get(type);
}

/**
 * The cell of a JSON value in a column, or undefined when it does not fit: the definition of what is exact. Null never
 * fits a scalar column; it may be an element of a list.
 */
export function fitValue(node: JsonNode, text: string, column: Pick<Column, "type" | "zone">): Value | undefined {
  const element = elementType(column.type);
  if (element === undefined) return FIT[column.type as ScalarType](node, text, column);
  if (node.kind !== "array") return undefined;
  const cells: Value[] = [];
  for (const item of node.items) {
    const cell = item.kind === "null" ? null : FIT[element](item, text, column);
    if (cell === undefined) return undefined;
    cells.push(cell);
  }
  return cells;
}

/** Whether rebuild gives this value back from the cell alone: false for a timestamp that is not spelled canonically. */
export function isWholeInCell(node: JsonNode): boolean {
  if (node.kind === "array") return node.items.every(isWholeInCell);
  return node.kind !== "string" || parseTimestamp(node.value)?.canonical === true;
}
