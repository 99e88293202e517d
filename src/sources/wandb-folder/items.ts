/**
 * Items of history, summary, config, settings and stats records, read as spans of the record's bytes: no object and no
 * copy per item. The wire is read by the protobuf library's own reader.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Item, ItemSchema } from "./record_pb.js";
import { decodeText, type TextCache } from "./text.js";

const KEY = tagOf(1);
const NESTED_KEY = tagOf(2);
const VALUE_JSON = tagOf(16);

/** The tag of a length-delimited field. */
export function tagOf(field: number): number {
  return (field << 3) | WireType.LengthDelimited;
}

/** Skips the field whose tag was just read. */
export function skipField(reader: BinaryReader, tag: number): void {
  reader.skip(tag & 7, tag >>> 3);
}

/** Reads a length and gives the offset where the field ends; the reader stands at its start. */
export function fieldEnd(reader: BinaryReader, limit: number): number {
  const end = reader.uint32() + reader.pos;
  if (end > limit) throw new RangeError("a field runs past its message");
  return end;
}

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

  /** Reads the item at the reader; `limit` is the end of the message around it. */
  read(reader: BinaryReader, limit: number): void {
    this.to = fieldEnd(reader, limit);
    this.from = reader.pos;
    this.keyFrom = this.keyTo = this.valueFrom = this.valueTo = reader.pos;
    this.elements = 0;
    while (reader.pos < this.to) this.field(reader);
    if (reader.pos !== this.to) throw new RangeError("a field runs past its item");
  }

  private field(reader: BinaryReader): void {
    const tag = reader.uint32();
    if (tag !== NESTED_KEY && tag !== VALUE_JSON && tag !== KEY) {
      skipField(reader, tag);
      return;
    }
    const end = fieldEnd(reader, this.to);
    if (tag === VALUE_JSON) {
      this.valueFrom = reader.pos;
      this.valueTo = end;
    } else if (tag === NESTED_KEY ? this.elements++ === 0 : this.elements === 0) {
      this.keyFrom = reader.pos;
      this.keyTo = end;
    }
    reader.pos = end;
  }

  /** The path: the elements of the nested key if it has any, else the plain key. */
  path(bytes: Uint8Array, cache: TextCache): string[] {
    if (this.elements < 2) return [cache.get(bytes, this.keyFrom, this.keyTo)];
    const reader = new BinaryReader(bytes.subarray(this.from, this.to));
    const path: string[] = [];
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag !== NESTED_KEY) skipField(reader, tag);
      else {
        const end = fieldEnd(reader, reader.len);
        path.push(cache.get(bytes, this.from + reader.pos, this.from + end));
        reader.pos = end;
      }
    }
    return path;
  }

  /** The typed value as JSON text, for an item that has no `value_json`; undefined when it has none either. */
  typedValue(bytes: Uint8Array): Uint8Array | undefined {
    const text = typedText(fromBinary(ItemSchema, bytes.subarray(this.from, this.to)).value);
    return typeof text === "string" ? Buffer.from(text) : text;
  }
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
