import { SchemaError } from "../errors.js";
import { formatPointer, type Path } from "../json/pointer.js";
import { type JsonNode, JsonSyntaxError, lineAndColumn, readJson } from "../json/read.js";

/** A JSON document that can be added to. Scalars keep their spelling and members their order. */
export type Document =
  | { readonly kind: "object"; readonly members: Map<string, Document> }
  | { readonly kind: "array"; readonly items: readonly Document[] }
  | { readonly kind: "scalar"; readonly text: string };
export type ObjectDocument = Extract<Document, { kind: "object" }>;

function fromNode(node: JsonNode, text: string): Document {
  if (node.kind === "array") return { kind: "array", items: node.items.map((item) => fromNode(item, text)) };
  if (node.kind !== "object") return { kind: "scalar", text: text.slice(node.start, node.end) };
  const members = new Map<string, Document>();
  for (const member of node.members) {
    if (members.has(member.key))
      throw new JsonSyntaxError(`the key ${JSON.stringify(member.key)} stands twice`, member.keyStart);
    members.set(member.key, fromNode(member.value, text));
  }
  return { kind: "object", members };
}

/** A schema file as a document. @throws SchemaError when it is not a JSON object, or has a key twice. */
export function readDocument(file: string, text: string): ObjectDocument {
  try {
    const document = fromNode(readJson(text), text);
    if (document.kind === "object") return document;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new SchemaError("schema/json", `The schema is not valid JSON: ${error.message}.`, {
      where: { file, ...lineAndColumn(text, error.offset) },
      next: "Mend the file, then run the command again.",
      cause: error,
    });
  }
  throw new SchemaError("schema/json", "A schema file holds one JSON object; this one holds another value.", {
    where: { file, line: 1, column: 1 },
    next: "Mend the file, then run the command again.",
  });
}

/** A document of a plain JSON value. */
export function documentOf(value: unknown): Document {
  const text = JSON.stringify(value);
  return fromNode(readJson(text), text);
}

/** The text of a document: two spaces, one member or item a line, a newline at the end. */
export function writeDocument(document: Document): string {
  return `${write(document, "")}\n`;
}

function write(document: Document, indent: string): string {
  if (document.kind === "scalar") return document.text;
  const inner = `${indent}  `;
  const lines =
    document.kind === "array"
      ? document.items.map((item) => inner + write(item, inner))
      : [...document.members].map(([key, value]) => `${inner}${JSON.stringify(key)}: ${write(value, inner)}`);
  const [open, close] = document.kind === "array" ? "[]" : "{}";
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

/** The object at a key of an object, or undefined. @throws SchemaError when something else stands there. */
export function objectAt(parent: ObjectDocument, key: string, file: string, path: Path): ObjectDocument | undefined {
  const found = parent.members.get(key);
  if (found === undefined || found.kind === "object") return found;
  throw new SchemaError(
    "schema/shape",
    `Expected an object at ${formatPointer(path)}, found ${write(found, "").slice(0, 60)}.`,
    {
      where: { file, path: formatPointer(path) },
      next: "Make it an object, or remove it, then run the command again.",
    },
  );
}
