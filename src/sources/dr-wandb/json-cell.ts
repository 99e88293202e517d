import {
  type DuckDBArrayValue,
  type DuckDBBlobValue,
  type DuckDBListValue,
  type DuckDBMapValue,
  type DuckDBStructValue,
  type DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from "@duckdb/node-api";
import { formatDouble } from "../../json/number.js";
import { formatTimestamp } from "../../json/timestamp.js";
import { bytesText } from "./bytes-text.js";

const DIGITS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BOOLEAN,
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.DECIMAL,
]);

const MIN_MICROS = -62135596800000000n;
const MAX_MICROS = 253402300799999999n;

/** A timestamp in ISO 8601; one outside of the years 0001 to 9999 or infinite as the engine spells it. */
function timestampText(value: DuckDBTimestampValue, zone: "Z" | ""): string {
  if (value.micros < MIN_MICROS || value.micros > MAX_MICROS) return value.toString();
  return formatTimestamp(value.micros).slice(0, -1) + zone;
}

function structJson(value: DuckDBStructValue, names: readonly string[], types: readonly DuckDBType[]): string {
  const members = names.flatMap((name, i) => {
    const text = cellJson(value.entries[name] ?? null, types[i] as DuckDBType);
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
  });
  return `{${members.join(",")}}`;
}

function listJson(items: readonly DuckDBValue[], type: DuckDBType): string {
  return `[${items.map((item) => cellJson(item, type) ?? "null").join(",")}]`;
}

/** A map with text keys as an object, any other as a list of pairs. */
function mapJson(value: DuckDBMapValue, keyType: DuckDBType, valueType: DuckDBType): string {
  const pairs = value.entries.map((entry) => [
    cellJson(entry.key, keyType) ?? "null",
    cellJson(entry.value, valueType) ?? "null",
  ]);
  if (keyType.typeId === DuckDBTypeId.VARCHAR) return `{${pairs.map((pair) => pair.join(":")).join(",")}}`;
  return `[${pairs.map((pair) => `[${pair.join(",")}]`).join(",")}]`;
}

/**
 * A cell of a Parquet column as JSON text; undefined for NULL. Doubles are shortest (`9062103`, `-0.0`, bare NaN and
 * Infinity), integers and decimals have all their digits, timestamps are ISO 8601 (with `Z` when the column is in UTC),
 * bytes are text, or base64
 * when they are no UTF-8. In a struct NULL members are left out, since a struct cannot tell them from missing ones; in a list
 * they are null.
 */
export function cellJson(value: DuckDBValue, type: DuckDBType): string | undefined {
  if (value === null) return undefined;
  if (DIGITS.has(type.typeId)) return String(value);
  switch (type.typeId) {
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return formatDouble(Number(value));
    case DuckDBTypeId.TIMESTAMP:
      return JSON.stringify(timestampText(value as DuckDBTimestampValue, ""));
    case DuckDBTypeId.TIMESTAMP_TZ:
      return JSON.stringify(timestampText(value as DuckDBTimestampValue, "Z"));
    case DuckDBTypeId.BLOB:
      return JSON.stringify(bytesText((value as DuckDBBlobValue).bytes));
    case DuckDBTypeId.LIST:
      return listJson((value as DuckDBListValue).items, type.valueType);
    case DuckDBTypeId.ARRAY:
      return listJson((value as DuckDBArrayValue).items, type.valueType);
    case DuckDBTypeId.STRUCT:
      return structJson(value as DuckDBStructValue, type.entryNames, type.entryTypes);
    case DuckDBTypeId.MAP:
      return mapJson(value as DuckDBMapValue, type.keyType, type.valueType);
    default:
      return JSON.stringify(String(value));
  }
}
