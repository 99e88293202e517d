/**
 * A lossless reader of one JSON text: every value knows its span, so that numbers keep their spelling and any part can
 * be spliced out unchanged. Grammar: RFC 8259, plus the bare tokens NaN, Infinity and -Infinity, which all W&B clients
 * write. Objects keep every member in order, duplicates included.
 */

import type { JsonNode } from "./node.js";
import { Reader } from "./reader.js";

export type {
  JsonArray,
  JsonBoolean,
  JsonMember,
  JsonNode,
  JsonNull,
  JsonNumber,
  JsonObject,
  JsonString,
} from "./node.js";
export { JsonSyntaxError, MAX_DEPTH, MAX_VALUES } from "./reader.js";

/**
 * Reads one JSON text.
 * @throws JsonSyntaxError when it is not RFC 8259 JSON (bare NaN, Infinity, -Infinity allowed), nests beyond MAX_DEPTH or
 * has more than MAX_VALUES members and elements.
 */
export function readJson(text: string): JsonNode {
  const reader = new Reader(text);
  const value = reader.value();
  reader.next();
  if (reader.at < text.length) reader.fail("the end of the text");
  return value;
}

/** Line and column, both 1-based, columns in UTF-16 code units, of an offset. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}
