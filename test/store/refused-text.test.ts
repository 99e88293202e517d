import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRefused, encodeRefused } from "../../src/store/refused-text.js";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

describe("a refused text", () => {
  it.each([
    ["not JSON", "hello", "hello"],
    ["empty", "", ""],
    ["a byte order mark", "\u00ef\u00bb\u00bf{}", "base64:77u/e30="],
    ["invalid UTF-8", "\u00ff", "base64:/w=="],
    ["half of a character", "\u00c3", "base64:ww=="],
    ["a surrogate in UTF-8", "\u00ed\u00a0\u0080", "base64:7aCA"],
    ["the prefix itself", "base64:e30=", "base64:YmFzZTY0OmUzMD0="],
    ["U+0000", "a\u0000b", "a\u0000b"],
  ])("%s", (_name, came, stored) => {
    const bytes = Buffer.from(came, "latin1");
    expect(text(encodeRefused(bytes))).toBe(stored);
    expect(text(decodeRefused(encodeRefused(bytes)))).toBe(came);
  });

  it("comes back whatever its bytes, and is stored as valid UTF-8", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom("", "base64:", "\u00ef\u00bb\u00bf"),
        (tail, head) => {
          const bytes = Buffer.concat([Buffer.from(head, "latin1"), tail]);
          const stored = encodeRefused(bytes);
          expect(() => new TextDecoder("utf-8", { fatal: true }).decode(stored)).not.toThrow();
          expect(text(decodeRefused(stored))).toBe(text(bytes));
        },
      ),
      { numRuns: 500 },
    );
  });
});
