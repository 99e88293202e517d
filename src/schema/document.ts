import { type Locator, SchemaError } from "../errors.js";
import {
  type JsonMember,
  type JsonNode,
  type JsonObject,
  JsonSyntaxError,
  lineAndColumn,
  readJson,
} from "../json/read.js";

/** Where a schema file comes from: this package, or the project's `schemas/` folder. */
export type SchemaOrigin = "built-in" | "project";

/** One schema file, parsed so that every part knows its place in the text. */
export interface SchemaDocument {
  /** As people find it, such as `schemas/config.schema.json`. */
  readonly file: string;
  readonly text: string;
  readonly origin: SchemaOrigin;
  /** Absolute URI without fragment: the `$id`, else `file:///` and the file's path. */
  readonly id: string;
  readonly root: JsonNode;
  /** Offsets at which the lines of the text start. */
  readonly lineStarts: readonly number[];
  /** The same as a plain value; an own key `__proto__` stays a key. */
  readonly value: unknown;
}

/** Schemas nest no deeper than this; it keeps recursion within the stack. */
export const MAX_SCHEMA_DEPTH = 200;

const BASE = "file:///";

/** Line and column (1-based) of a part of a schema file. */
export function locate(document: SchemaDocument, offset: number): Locator {
  const { lineStarts } = document;
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { file: document.file, line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Where a node starts. */
export function whereIs(document: SchemaDocument, node: JsonNode): Locator {
  return locate(document, node.start);
}

/** The member of an object with this key; undefined for anything else. */
export function memberOf(node: JsonNode | undefined, key: string): JsonMember | undefined {
  return node?.kind === "object" ? node.members.find((member) => member.key === key) : undefined;
}

/** The text of a string node; undefined for anything else. */
export function stringOf(node: JsonNode | undefined): string | undefined {
  return node?.kind === "string" ? node.value : undefined;
}

/** The node at a path of keys and array indices; undefined where there is none. */
export function nodeAt(root: JsonNode, path: readonly string[]): JsonNode | undefined {
  let node: JsonNode | undefined = root;
  for (const key of path) {
    node = node?.kind === "array" ? node.items[Number(key)] : memberOf(node, key)?.value;
  }
  return node;
}

/** A node as a plain value. Numbers become doubles. An own key `__proto__` stays a key. */
export function plainValue(node: JsonNode, text: string): unknown {
  switch (node.kind) {
    case "null":
      return null;
    case "boolean":
    case "string":
      return node.value;
    case "number":
      return Number(text.slice(node.start, node.end));
    case "array":
      return node.items.map((item) => plainValue(item, text));
    case "object":
      return Object.fromEntries(node.members.map((member) => [member.key, plainValue(member.value, text)]));
  }
}

function depthOf(root: JsonNode): number {
  let level: JsonNode[] = [root];
  let depth = 0;
  while (level.length > 0 && depth <= MAX_SCHEMA_DEPTH) {
    depth += 1;
    level = level.flatMap((node) => {
      if (node.kind === "array") return [...node.items];
      return node.kind === "object" ? node.members.map((member) => member.value) : [];
    });
  }
  return depth;
}

function duplicateKey(root: JsonNode): JsonMember | undefined {
  if (root.kind === "array") {
    for (const item of root.items) {
      const inside = duplicateKey(item);
      if (inside !== undefined) return inside;
    }
  }
  if (root.kind !== "object") return undefined;
  const seen = new Set<string>();
  for (const member of root.members) {
    if (seen.has(member.key)) return member;
    seen.add(member.key);
    const inside = duplicateKey(member.value);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function nonFinite(root: JsonNode, text: string): JsonNode | undefined {
  if (root.kind === "number") return /[NI]/.test(text.slice(root.start, root.end)) ? root : undefined;
  const inside = root.kind === "array" ? root.items : root.kind === "object" ? root.members.map((m) => m.value) : [];
  for (const node of inside) {
    const found = nonFinite(node, text);
    if (found !== undefined) return found;
  }
  return undefined;
}

function parse(file: string, text: string): JsonNode {
  try {
    return readJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new SchemaError("schema/json", `The file is not JSON: ${error.message}.`, {
      where: { file, ...lineAndColumn(text, error.offset) },
      next: "Mend the JSON there.",
      cause: error,
    });
  }
}

function refuseOddities(file: string, text: string, root: JsonNode): void {
  const at = (offset: number): Locator => ({ file, ...lineAndColumn(text, offset) });
  if (depthOf(root) > MAX_SCHEMA_DEPTH) {
    throw new SchemaError("schema/too-deep", `The file nests deeper than ${MAX_SCHEMA_DEPTH} levels.`, {
      where: { file },
      next: "Move inner schemas to $defs and refer to them by $ref.",
    });
  }
  const twice = duplicateKey(root);
  if (twice !== undefined) {
    throw new SchemaError("schema/duplicate-key", `The key ${JSON.stringify(twice.key)} stands twice in one object.`, {
      where: at(twice.keyStart),
      next: "Remove one of the two.",
    });
  }
  const odd = nonFinite(root, text);
  if (odd !== undefined) {
    throw new SchemaError("schema/json", `${text.slice(odd.start, odd.end)} is not a JSON number.`, {
      where: at(odd.start),
      next: "Write a finite number.",
    });
  }
}

function baseOf(file: string, root: JsonObject, text: string): string {
  const member = memberOf(root, "$id");
  if (member === undefined) return new URL(encodeURI(file.replaceAll("\\", "/")), BASE).href;
  const id = stringOf(member.value);
  if (id !== undefined && URL.canParse(id) && !id.includes("#")) return new URL(id).href;
  throw new SchemaError("schema/id", "$id must be an absolute URI without a fragment.", {
    where: { file, ...lineAndColumn(text, member.value.start) },
    next: 'Write one such as "https://example.org/schemas/config.schema.json", or leave $id out.',
  });
}

/**
 * Parses one schema file.
 * @throws SchemaError `schema/json`, `schema/duplicate-key`, `schema/too-deep`, `schema/id` or `schema/root`, with
 * file, line and column.
 */
export function parseDocument(file: string, text: string, origin: SchemaOrigin): SchemaDocument {
  const root = parse(file, text);
  refuseOddities(file, text, root);
  if (root.kind !== "object") {
    throw new SchemaError("schema/root", `The file must hold one JSON object, found ${root.kind}.`, {
      where: { file, ...lineAndColumn(text, root.start) },
      next: "Wrap it in { … }.",
    });
  }
  const id = baseOf(file, root, text);
  return { file, text, origin, id, root, lineStarts: startsOfLines(text), value: plainValue(root, text) };
}

const FILE_NAME = /([^/\\]+?)(?:\.schema)?\.json$/;

/** `schemas/system-info.schema.json` to `system-info`. */
export function schemaName(file: string): string {
  return FILE_NAME.exec(file)?.[1] ?? file;
}
