import type { BlobName } from "../blob.js";
import { formatPointer, type Path } from "../json/pointer.js";
import { type Registry, schemaNameOf } from "../schema/registry.js";
import {
  type Document,
  documentOf,
  type ObjectDocument,
  objectAt,
  readDocument,
  writeDocument,
} from "./infer-document.js";
import type { ProposedProperty, SchemaPatch, SchemaProperty } from "./infer-patch.js";

const BASE = "https://wandb-columns.dev/schemas/";

/** The id and name that a column gets and keeps; undefined when the path becomes no column. */
export type RecordColumn = (blob: BlobName, path: Path) => { readonly id: number; readonly name: string } | undefined;

/** One operation of a JSON Patch (RFC 6902). */
export interface PatchOperation {
  readonly op: "add" | "replace";
  readonly path: string;
  readonly value: unknown;
}

/** One schema file: its path in the project, such as `schemas/config.schema.json`, and its text. */
export interface SchemaText {
  readonly file: string;
  readonly text: string;
}

export interface AppliedPatch {
  /** Files that change, by path in the project, with their new text. */
  readonly files: ReadonlyMap<string, string>;
  /** The same change as JSON Patches, one a file. A new file starts with an `add` of the whole document. */
  readonly operations: readonly { readonly file: string; readonly patch: readonly PatchOperation[] }[];
  /** Properties that the schema has already and that the patch does not replace: they stay as they are. */
  readonly kept: readonly { readonly file: string; readonly path: string }[];
}

/** A schema of a project that says nothing yet beyond the built-in one. */
function emptySchema(blob: BlobName) {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    allOf: [{ $ref: `${BASE}${schemaNameOf(blob)}.schema.json` }],
    properties: {},
  };
}

function withRecord(property: SchemaProperty, record: ReturnType<RecordColumn>): object {
  if (record === undefined) return property;
  const { "x-column": mark, ...rest } = property;
  return { ...rest, "x-column": { id: record.id, name: record.name, ...mark } };
}

/** A property that stood for "nothing seen yet", with the new type: its own words stay, `promote` and `reason` go. */
function reopened(known: Document, value: Document): Document {
  if (known.kind !== "object" || value.kind !== "object") return value;
  const marks = (document: ObjectDocument): [string, Document][] => {
    const mark = document.members.get("x-column");
    return mark?.kind === "object" ? [...mark.members] : [];
  };
  const kept = marks(known).filter(([key]) => key !== "promote" && key !== "reason");
  const mark = new Map([...kept, ...marks(value)]);
  const members = new Map([...known.members, ...value.members]);
  if (mark.size === 0) members.delete("x-column");
  else members.set("x-column", { kind: "object", members: mark });
  return { kind: "object", members };
}

/** Walks into a schema document along a path, adding the objects that are missing. */
function enterParents(root: ObjectDocument, file: string, parents: Path) {
  const operations: PatchOperation[] = [];
  let node = root;
  let pointer: Path = [];
  for (const key of ["properties", ...parents.flatMap((parent) => [parent, "properties"])]) {
    pointer = [...pointer, key];
    const known = objectAt(node, key, file, pointer);
    const next: ObjectDocument = known ?? { kind: "object", members: new Map() };
    if (known === undefined) {
      operations.push({ op: "add", path: formatPointer(pointer), value: {} });
      node.members.set(key, next);
    }
    node = next;
  }
  return { node, pointer, operations };
}

/** Adds or reopens one property; undefined when the schema has it and keeps it. */
function place(root: ObjectDocument, file: string, at: ProposedProperty, value: object): PatchOperation[] | undefined {
  const last = at.path.at(-1) ?? "";
  const { node, pointer, operations } = enterParents(root, file, at.path.slice(0, -1));
  const known = node.members.get(last);
  if (known !== undefined && at.replaces !== true) return undefined;
  const path = formatPointer([...pointer, last]);
  if (known === undefined) {
    node.members.set(last, documentOf(value));
    return [...operations, { op: "add", path, value }];
  }
  const document = reopened(known, documentOf(value));
  node.members.set(last, document);
  return [...operations, { op: "replace", path, value: JSON.parse(writeDocument(document)) }];
}

/** The project's own schema file of each blob, as `applyPatch` takes them. */
export function projectSchemas(registry: Registry): ReadonlyMap<BlobName, SchemaText> {
  const own = registry.schemas().filter((schema) => schema.origin === "project" && schema.stands);
  return new Map(own.flatMap(({ blob, file, text }) => (blob === undefined ? [] : [[blob, { file, text }] as const])));
}

/**
 * Writes a patch into a project's schemas. What stands there keeps its content, spelling and order; new properties come
 * last in their object; a property that exists is only touched where the patch says `replaces`, and keeps its other
 * keywords then. Pure.
 * @param existing the project's schema of each blob that has one; others get `schemas/<name>.schema.json`.
 * @param record id and name of each promoted path, written into `x-column` so that they stay; without it none are.
 * @throws SchemaError with file, line and column when a file is not JSON or has no room for properties.
 */
export function applyPatch(
  existing: ReadonlyMap<BlobName, SchemaText>,
  patch: SchemaPatch,
  record: RecordColumn = () => undefined,
): AppliedPatch {
  const files = new Map<string, string>();
  const operations: { file: string; patch: readonly PatchOperation[] }[] = [];
  const kept: { file: string; path: string }[] = [];
  for (const [blob, properties] of patch.properties) {
    const { file, text } = existing.get(blob) ?? { file: `schemas/${schemaNameOf(blob)}.schema.json` };
    const fresh = emptySchema(blob);
    const root = readDocument(file, text ?? JSON.stringify(fresh));
    const steps: PatchOperation[] = [];
    for (const at of properties) {
      const done = place(root, file, at, withRecord(at.property, record(blob, at.path)));
      if (done === undefined) kept.push({ file, path: formatPointer(at.path) });
      else steps.push(...done);
    }
    if (steps.length === 0) continue;
    files.set(file, writeDocument(root));
    operations.push({ file, patch: text === undefined ? [{ op: "add", path: "", value: fresh }, ...steps] : steps });
  }
  return { files, operations, kept };
}
