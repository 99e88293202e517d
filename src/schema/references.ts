import { type Locator, SchemaError } from "../errors.js";
import { parsePointer } from "../json/pointer.js";
import type { JsonNode } from "../json/read.js";
import { nodeAt, type SchemaDocument } from "./document.js";
import { nearestWord } from "./nearest.js";

/** What a `$ref` leads to. */
export interface ReferenceTarget {
  readonly document: SchemaDocument;
  readonly node: JsonNode;
}

/** Schema files by their absolute URI. */
export type DocumentIndex = ReadonlyMap<string, SchemaDocument>;

/**
 * Indexes files by URI. A project file that repeats a built-in one byte for byte is that file.
 * @throws SchemaError `schema/id` when two files have one URI.
 */
export function indexDocuments(documents: readonly SchemaDocument[]): DocumentIndex {
  const index = new Map<string, SchemaDocument>();
  for (const document of documents) {
    const other = index.get(document.id);
    if (other === undefined) index.set(document.id, document);
    else if (other.text !== document.text || other.origin === document.origin) {
      throw new SchemaError("schema/id", `Two schema files have the $id ${document.id}.`, {
        where: { file: document.file, line: 1, column: 1 },
        next: `Give one of ${other.file} and ${document.file} another $id.`,
      });
    }
  }
  return index;
}

function missing(ref: string, where: Locator, known: readonly string[]): never {
  const near = nearestWord(ref, known);
  throw new SchemaError("schema/ref", `$ref ${JSON.stringify(ref)} leads nowhere.`, {
    where,
    next:
      near === undefined ? "Refer to the $id of a schema file, with #/… for a part of it." : `Did you mean ${near}?`,
  });
}

function pointerOf(hash: string, ref: string, where: Locator): string[] {
  try {
    return parsePointer(decodeURIComponent(hash.slice(1)));
  } catch (error) {
    throw new SchemaError("schema/ref", `The fragment of $ref ${JSON.stringify(ref)} is no JSON Pointer.`, {
      where,
      next: "Write # for the whole file or #/$defs/name for a part.",
      cause: error,
    });
  }
}

/**
 * Follows a `$ref` that stands in `from`: relative to its URI, with an empty fragment or a JSON Pointer (RFC 6901 §6).
 * @throws SchemaError `schema/ref` when nothing is there.
 */
export function follow(ref: string, from: SchemaDocument, index: DocumentIndex, where: Locator): ReferenceTarget {
  const known = [...index.keys()];
  if (!URL.canParse(ref, from.id)) return missing(ref, where, known);
  const uri = new URL(ref, from.id);
  const path = pointerOf(uri.hash, ref, where);
  uri.hash = "";
  const document = index.get(uri.href) ?? missing(ref, where, known);
  const node = nodeAt(document.root, path) ?? missing(ref, where, known);
  if (node.kind === "object" || node.kind === "boolean") return { document, node };
  throw new SchemaError("schema/ref", `$ref ${JSON.stringify(ref)} leads to no schema.`, {
    where,
    next: "Refer to an object that is a schema.",
  });
}
