import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter } from "../../src/json/lines.js";

type Seen = [text: string, number: number, offset: number, ended: boolean] | [tooLong: number, offset: number];

/** Splits a text that comes in blocks of these sizes. */
function split(text: Buffer, sizes: readonly number[], limit?: number): Seen[] {
  const seen: Seen[] = [];
  const sink = {
    line(bytes: Uint8Array, from: number, to: number, number: number, offset: number, ended: boolean) {
      seen.push([Buffer.from(bytes.subarray(from, to)).toString("latin1"), number, offset, ended]);
    },
    tooLong: (number: number, offset: number) => seen.push([number, offset]),
  };
  const splitter = new LineSplitter(sink, undefined, limit);
  let at = 0;
  for (let i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    // The block stands inside a larger buffer that is used again, as a reader's does.
    const buffer = Buffer.alloc(size + 4, "\n");
    const length = text.copy(buffer, 2, at, at + size);
    splitter.block(buffer, 2, 2 + length);
    buffer.fill(0x58);
    at += length;
  }
  splitter.end();
  return seen;
}

describe("LineSplitter", () => {
  it("leaves out blank lines and line ends, and counts them", () => {
    expect(split(Buffer.from("a\n\n  \t\r\nb\r\n\0\nc"), [4])).toEqual([
      ["a", 1, 0, true],
      ["b", 4, 8, true],
      ["\0", 5, 11, true],
      ["c", 6, 13, false],
    ]);
  });

  it("tells of a line that is too long and goes on with the next", () => {
    expect(split(Buffer.from("ab\nabcdefgh\nc\nabcdefgh"), [3], 5)).toEqual([
      ["ab", 1, 0, true],
      [2, 3],
      ["c", 3, 12, true],
      [4, 14],
    ]);
  });

  it("law: however the bytes come, the lines are the same, and offsets point at them", () => {
    const text = fc.array(fc.constantFrom("a", "b", " ", "\n", "\r", "\r\n", '{"x":1}'), { maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }), (parts, sizes) => {
        const bytes = Buffer.from(parts.join(""));
        const seen = split(bytes, sizes);
        expect(seen).toEqual(split(bytes, [bytes.length + 1]));
        const lines = bytes.toString("latin1").split("\n");
        const want = lines.flatMap((line, i) => (/^[ \t]*\r?$/.test(line) ? [] : [[line.replace(/\r$/, ""), i + 1]]));
        expect(seen.map(([line, number]) => [line, number])).toEqual(want);
        for (const [line, , offset] of seen) {
          expect(bytes.toString("latin1", Number(offset), Number(offset) + String(line).length)).toBe(line);
        }
      }),
    );
  });
});
