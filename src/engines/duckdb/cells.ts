import {
  BIGINT,
  BOOLEAN,
  DECIMAL,
  DOUBLE,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  LIST,
  TIMESTAMPTZ,
  VARCHAR,
} from "@duckdb/node-api";
import { elementType, type Value } from "../../flatten/value.js";
import type { Column, LogicalType, ScalarType } from "../../plan/plan.js";
import { quoteIdentifier } from "./types.js";

const DECIMAL_WIDTH = 38;

const DRIVER_TYPES: Record<ScalarType, DuckDBType> = {
  boolean: BOOLEAN,
  int64: BIGINT,
  decimal: DECIMAL(DECIMAL_WIDTH, 0),
  float64: DOUBLE,
  string: VARCHAR,
  timestamp: TIMESTAMPTZ,
  json: VARCHAR,
};

/** The driver's type of a logical type; json travels as its text. */
export function driverType(type: LogicalType): DuckDBType {
  const element = elementType(type);
  return element === undefined ? DRIVER_TYPES[type as ScalarType] : LIST(DRIVER_TYPES[element]);
}

/** How the driver takes the cells of a type. */
export function toDriver(type: LogicalType): (value: Value) => DuckDBValue {
  const element = elementType(type);
  if (element !== undefined) {
    const item = toDriver(element);
    return (value) => (Array.isArray(value) ? new DuckDBListValue(value.map(item)) : null);
  }
  if (type === "decimal")
    return (value) => (typeof value === "bigint" ? new DuckDBDecimalValue(value, DECIMAL_WIDTH, 0) : null);
  if (type === "timestamp") return (value) => (typeof value === "bigint" ? new DuckDBTimestampTZValue(value) : null);
  return (value) => value as DuckDBValue;
}

/** A cell as the driver gives it. Strings must have been read with `readable`. @throws TypeError for a type of no column. */
export function fromDriver(value: DuckDBValue): Value {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "bigint")
    return value;
  if (typeof value === "string") return value.slice(1);
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBListValue) return value.items.map(fromDriver);
  throw new TypeError(`No column has values such as ${String(value)}`);
}

/**
 * The expression that reads a column so that `fromDriver` gets its text whole: the driver strips a leading U+FEFF from
 * strings, so each one comes behind a character that is cut off again.
 */
export function readable(column: Pick<Column, "name" | "type">): string {
  const name = quoteIdentifier(column.name);
  const element = elementType(column.type) ?? column.type;
  if (element !== "string" && element !== "json") return name;
  return elementType(column.type) === undefined
    ? `'.' || ${name} AS ${name}`
    : `list_transform(${name}, lambda x: '.' || x) AS ${name}`;
}
