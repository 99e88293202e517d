/**
 * Items of history, summary, config, settings and stats records, read as spans of the log's bytes: no object and no
 * copy per item.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { type Item, ItemSchema } from "./record_pb.js";
import { decodeText, type TextCache } from "./text.js";
import { tagOf, Wire } from "./wire.js";

const KEY = tagOf(1);
const NESTED_KEY = tagOf(2);
const VALUE_JSON = tagOf(16);

/** Where the parts of the item that was read last are. An item without a key has the empty key, as proto3 has it. */
export class ItemSpan {
  from = 0;
  to = 0;
  /** The key, or the first element of the nested key. */
  keyFrom = 0;
  keyTo = 0;
  /** How many elements the nested key has; 0 when the item has a plain key. */
  elements = 0;
  valueFrom = 0;
  valueTo = 0;

  private readonly inner = new Wire();

  /** Reads the item that the wire stands at. */
  read(wire: Wire): void {
    this.to = wire.fieldEnd(wire.end);
    const from = wire.pos;
    this.from = this.keyFrom = this.keyTo = this.valueFrom = this.valueTo = from;
    this.elements = 0;
    const { inner } = this;
    inner.begin(wire.bytes, from, this.to);
    while (inner.pos < this.to) this.field(inner);
    wire.pos = this.to;
  }

  private field(wire: Wire): void {
    const tag = wire.uint32();
    if (tag !== NESTED_KEY && tag !== VALUE_JSON && tag !== KEY) {
      wire.skip(tag);
      return;
    }
    const end = wire.fieldEnd(this.to);
    if (tag === VALUE_JSON) {
      this.valueFrom = wire.pos;
      this.valueTo = end;
    } else if (tag === NESTED_KEY ? this.elements++ === 0 : this.elements === 0) {
      this.keyFrom = wire.pos;
      this.keyTo = end;
    }
    wire.pos = end;
  }

  /** The path: the elements of the nested key if it has any, else the plain key. */
  path(bytes: Uint8Array, cache: TextCache): string[] {
    if (this.elements < 2) return [cache.get(bytes, this.keyFrom, this.keyTo)];
    const wire = new Wire();
    wire.begin(bytes, this.from, this.to);
    const path: string[] = [];
    while (wire.pos < wire.end) {
      const tag = wire.uint32();
      if (tag !== NESTED_KEY) wire.skip(tag);
      else {
        const end = wire.fieldEnd(wire.end);
        path.push(cache.get(bytes, wire.pos, end));
        wire.pos = end;
      }
    }
    return path;
  }
}

/** The typed value of the item `bytes[from..to)` as JSON text, for one without `value_json`; undefined when it has none. */
export function typedValue(bytes: Uint8Array, from: number, to: number): Uint8Array | undefined {
  const text = typedText(fromBinary(ItemSchema, bytes.subarray(from, to)).value);
  return typeof text === "string" ? Buffer.from(text) : text;
}

function typedText(value: Item["value"]): string | Uint8Array | undefined {
  switch (value.case) {
    case "none":
      return "null";
    case "boolean":
    case "integer":
      return String(value.value);
    case "number":
      return Object.is(value.value, -0) ? "-0.0" : String(value.value);
    case "text":
      return JSON.stringify(decodeText(value.value));
    default:
      return value.value;
  }
}
