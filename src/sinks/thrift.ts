/**
 * Thrift's compact protocol, as far as Parquet footers need it: any struct is read into a tree, changed, and written
 * again, fields that are not known included.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
const TYPE = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const;

/** A struct: field id to value, in the order of the ids. */
export type ThriftStruct = Map<number, ThriftValue>;

export type ThriftValue =
  | { readonly type: 1 | 2 }
  | { readonly type: 3; readonly value: number }
  | { readonly type: 4 | 5 | 6; value: bigint }
  | { readonly type: 7 | 8; readonly value: Uint8Array }
  | { readonly type: 9 | 10; readonly element: number; readonly items: ThriftValue[] }
  | { readonly type: 12; readonly fields: ThriftStruct };

/** The bytes are not what the compact protocol allows. */
export class ThriftError extends Error {}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(): ThriftStruct {
    const fields: ThriftStruct = new Map();
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return fields;
      id = head >> 4 === 0 ? Number(unzigzag(this.#varint())) : id + (head >> 4);
      fields.set(id, this.#value(head & 15));
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new ThriftError("The footer ends within a value.");
    return byte;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new ThriftError("A number of the footer has more than ten bytes.");
  }

  #take(count: number): Uint8Array {
    const start = this.#at;
    this.#at += count;
    if (count < 0 || this.#at > this.#bytes.length) throw new ThriftError("The footer ends within a text.");
    return this.#bytes.subarray(start, this.#at);
  }

  #value(type: number): ThriftValue {
    if (type === TYPE.true || type === TYPE.false) return { type };
    if (type === TYPE.byte) return { type, value: this.#byte() };
    if (type === TYPE.i16 || type === TYPE.i32 || type === TYPE.i64) return { type, value: unzigzag(this.#varint()) };
    if (type === TYPE.double) return { type, value: this.#take(8) };
    if (type === TYPE.binary) return { type, value: this.#take(Number(this.#varint())) };
    if (type === TYPE.list || type === TYPE.set) return this.#list(type);
    if (type === TYPE.struct) return { type, fields: this.struct() };
    throw new ThriftError(`The footer has a value of type ${type}.`);
  }

  #list(type: 9 | 10): ThriftValue {
    const head = this.#byte();
    const element = head & 15;
    const count = head >> 4 === 15 ? Number(this.#varint()) : head >> 4;
    if (count > this.#bytes.length) throw new ThriftError("A list of the footer is longer than the footer.");
    const isBoolean = element === TYPE.true || element === TYPE.false;
    const item = (): ThriftValue => (isBoolean ? { type: this.#byte() === 1 ? 1 : 2 } : this.#value(element));
    return { type, element, items: Array.from({ length: count }, item) };
  }
}

const unzigzag = (value: bigint): bigint => (value >> 1n) ^ -(value & 1n);
const zigzag = (value: bigint): bigint => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));

class Writer {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  struct(fields: ThriftStruct): void {
    let before = 0;
    for (const [id, value] of fields) {
      const step = id - before;
      if (step > 0 && step < 16) this.#byte((step << 4) | value.type);
      else {
        this.#byte(value.type);
        this.#varint(zigzag(BigInt(id)));
      }
      before = id;
      if (value.type !== TYPE.true && value.type !== TYPE.false) this.#value(value);
    }
    this.#byte(0);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #varint(value: bigint): void {
    let rest = value;
    for (; rest >= 128n; rest >>= 7n) this.#byte(Number(rest & 127n) | 128);
    this.#byte(Number(rest));
  }

  #put(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #value(value: ThriftValue): void {
    if ("fields" in value) this.struct(value.fields);
    else if ("items" in value) this.#list(value.element, value.items);
    else if (!("value" in value)) this.#byte(value.type);
    else if (typeof value.value === "number") this.#byte(value.value);
    else if (typeof value.value === "bigint") this.#varint(zigzag(value.value));
    else {
      if (value.type === TYPE.binary) this.#varint(BigInt(value.value.length));
      this.#put(value.value);
    }
  }

  #list(element: number, items: readonly ThriftValue[]): void {
    if (items.length < 15) this.#byte((items.length << 4) | element);
    else {
      this.#byte(0xf0 | element);
      this.#varint(BigInt(items.length));
    }
    for (const item of items) this.#value(item);
  }
}

/** Reads one struct. @throws ThriftError when the bytes do not hold one. */
export function readStruct(bytes: Uint8Array): ThriftStruct {
  return new Reader(bytes).struct();
}

/** The bytes of a struct. */
export function writeStruct(fields: ThriftStruct): Uint8Array {
  const writer = new Writer();
  writer.struct(fields);
  return writer.finish();
}
