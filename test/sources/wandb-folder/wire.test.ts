import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tagOf, Wire } from "../../../src/sources/wandb-folder/wire.js";

/** The wire set to bytes that have others around them. */
function wireOf(bytes: Uint8Array): Wire {
  const wire = new Wire();
  wire.begin(Buffer.concat([Buffer.alloc(2, 0xff), bytes, Buffer.alloc(12, 0x01)]), 2, 2 + bytes.length);
  return wire;
}

const uint32 = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffffffff }));
const int64 = fc.oneof(fc.bigInt({ min: 0n, max: 1n << 29n }), fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }));

describe("the wire", () => {
  it("reads numbers as the protobuf library does", () => {
    fc.assert(
      fc.property(uint32, int64, (small, large) => {
        const wire = wireOf(new BinaryWriter().uint32(small).int64(large).finish());
        expect([wire.uint32(), wire.int64(), wire.pos]).toEqual([small, large, wire.end]);
      }),
    );
  });

  it("skips every kind of field as the protobuf library does", () => {
    const writer = new BinaryWriter();
    writer.tag(1, WireType.Varint).int64(-1n);
    writer.tag(2, WireType.Bit64).fixed64(7n);
    writer.tag(3, WireType.LengthDelimited).string("text");
    writer.tag(4, WireType.StartGroup).tag(5, WireType.Varint).uint32(1).tag(4, WireType.EndGroup);
    writer.tag(6, WireType.Bit32).fixed32(7);
    const wire = wireOf(writer.finish());
    const fields: number[] = [];
    while (wire.pos < wire.end) {
      const tag = wire.uint32();
      fields.push(tag >>> 3);
      wire.skip(tag);
    }
    expect(fields).toEqual([1, 2, 3, 4, 6]);
    expect(wire.pos).toBe(wire.end);
  });

  it("takes nothing from behind its end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.constantFrom("uint32", "int64"), (bytes, kind) => {
        const result = (read: () => unknown): unknown => {
          try {
            return read();
          } catch (error) {
            return error instanceof RangeError || error instanceof Error ? "refused" : error;
          }
        };
        const wire = wireOf(bytes);
        const reader = new BinaryReader(bytes);
        const expected = result(() => (kind === "uint32" ? reader.uint32() : BigInt(reader.int64())));
        expect(result(() => (kind === "uint32" ? wire.uint32() : wire.int64()))).toEqual(expected);
        if (expected !== "refused") expect(wire.pos - 2).toBe(reader.pos);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses a length that runs past its message", () => {
    const wire = wireOf(Uint8Array.of(tagOf(1), 5, 1, 2));
    expect(wire.uint32()).toBe(tagOf(1));
    expect(() => wire.skip(tagOf(1))).toThrow("a field runs past its message");
  });
});
