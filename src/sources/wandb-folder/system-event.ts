import { fromBinary } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { ItemSpan } from "./items.js";
import type { JsonBytes } from "./json-bytes.js";
import { decodeText, startOf } from "./text.js";
import { tagOf, type Wire } from "./wire.js";

const TIMESTAMP = tagOf(2);
const ITEM = tagOf(3);
/** Digits that every double keeps when it is written with the fewest that name it. */
const DOUBLE_DIGITS = 17;

/**
 * Unix seconds as JSON number: the exact decimal when it has at most 17 significant digits, else the shortest text of
 * the nearest double, and `exact` is false.
 */
export function unixSeconds(time: Timestamp): { readonly text: string; readonly exact: boolean } {
  const nanos = BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos);
  const digits = (nanos < 0n ? -nanos : nanos).toString().padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  const text = `${nanos < 0n ? "-" : ""}${digits.slice(0, -9)}${fraction === "" ? "" : `.${fraction}`}`;
  const exact = text.replace(/^-?0*\.?0*|\./g, "").length <= DOUBLE_DIGITS;
  return { text: exact ? text : String(Number(text)), exact };
}

/**
 * Writes the StatsRecord that the wire is set to as one system event: `_timestamp`, then each item under its name with the `system.` prefix that
 * W&B gives it on upload. Nanoseconds that a double cannot hold are kept beside it in `_timestamp_nanos` (integer, the
 * fraction of the second). `problem` gets an item whose value is no JSON value; it is written as a string.
 */
export function writeSystemEvent(
  wire: Wire,
  out: JsonBytes,
  problem: (path: readonly string[], text: string) => void,
): void {
  const record = wire.bytes;
  const item = new ItemSpan();
  out.clear();
  out.byte(0x7b);
  while (wire.pos < wire.end) {
    const tag = wire.uint32();
    if (tag === TIMESTAMP) {
      const end = wire.fieldEnd(wire.end);
      writeTimestamp(out, fromBinary(TimestampSchema, record.subarray(wire.pos, end)));
      wire.pos = end;
    } else if (tag === ITEM) {
      item.read(wire);
      out.key(record, item.keyFrom, item.keyTo, "system.");
      if (!out.value(record, item.valueFrom, item.valueTo)) {
        const key = decodeText(record, item.keyFrom, item.keyTo);
        problem([`system.${key}`], startOf(record, item.valueFrom, item.valueTo));
      }
      out.comma();
    } else wire.skip(tag);
  }
  out.close("}");
}

function writeTimestamp(out: JsonBytes, time: Timestamp): void {
  const { text, exact } = unixSeconds(time);
  out.text(`"_timestamp":${text},`);
  if (!exact) out.text(`"_timestamp_nanos":${time.nanos},`);
}
