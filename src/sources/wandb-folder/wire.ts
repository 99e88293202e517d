import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The tag of a length-delimited field. */
export function tagOf(field: number): number {
  return (field << 3) | WireType.LengthDelimited;
}

/**
 * Reads the wire of a message in place, `bytes[pos..end)`, without an object a message. The common cases are read here,
 * all others by the protobuf library's own reader.
 */
export class Wire {
  bytes: Uint8Array = new Uint8Array(0);
  pos = 0;
  end = 0;

  begin(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.pos = from;
    this.end = to;
  }

  /** A tag or a length. @throws RangeError when the message ends before it does, or it is none. */
  uint32(): number {
    const { bytes, pos } = this;
    const first = bytes[pos] as number;
    if (first < 0x80 && pos < this.end) {
      this.pos = pos + 1;
      return first;
    }
    const second = bytes[pos + 1] as number;
    if (second < 0x80 && pos + 1 < this.end) {
      this.pos = pos + 2;
      return (first & 0x7f) | (second << 7);
    }
    return this.byLibrary((reader) => reader.uint32());
  }

  /** An int64. @throws RangeError as `uint32` */
  int64(): bigint {
    let value = 0;
    for (let at = this.pos, shift = 0; at < this.end && shift < 28; at++, shift += 7) {
      const byte = this.bytes[at] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.pos = at + 1;
        return BigInt(value);
      }
    }
    return BigInt(this.byLibrary((reader) => reader.int64()));
  }

  /** Reads a length and gives the offset where the field ends. @throws RangeError when it runs past `limit`. */
  fieldEnd(limit: number): number {
    const end = this.uint32() + this.pos;
    if (end > limit) throw new RangeError("a field runs past its message");
    return end;
  }

  /** Skips the field whose tag was just read. */
  skip(tag: number): void {
    if ((tag & 7) === WireType.LengthDelimited) this.pos = this.fieldEnd(this.end);
    else this.byLibrary((reader) => reader.skip(tag & 7, tag >>> 3));
  }

  private byLibrary<T>(read: (reader: BinaryReader) => T): T {
    const reader = new BinaryReader(this.bytes.subarray(this.pos, this.end));
    const value = read(reader);
    this.pos += reader.pos;
    return value;
  }
}

/** The bytes of a message field; of several the last. Undefined when there is none. @throws RangeError as `Wire` */
export function lastField(message: Uint8Array, field: number): Uint8Array | undefined {
  const wire = new Wire();
  wire.begin(message, 0, message.length);
  let bytes: Uint8Array | undefined;
  while (wire.pos < wire.end) {
    const tag = wire.uint32();
    if (tag !== tagOf(field)) wire.skip(tag);
    else {
      const end = wire.fieldEnd(wire.end);
      bytes = message.subarray(wire.pos, end);
      wire.pos = end;
    }
  }
  return bytes;
}
