import { BLOBS, type BlobName } from "../blob.js";
import { SchemaError } from "../errors.js";
import { checkDocument, retiredNode } from "./check.js";
import {
  memberOf,
  parseDocument,
  plainValue,
  type SchemaDocument,
  type SchemaOrigin,
  schemaName,
  stringOf,
  whereIs,
} from "./document.js";
import { type DocumentIndex, follow, indexDocuments } from "./references.js";
import { type ResolvedSchema, resolveRoot } from "./resolve.js";
import { type Retired, xColumnCheck } from "./x-column.js";

/** One schema file of a registry. */
export interface SchemaFile {
  /** File name without `.schema.json`: `system-info`. */
  readonly name: string;
  /** As people find it, such as `schemas/system-info.schema.json`. */
  readonly file: string;
  /** Its `$id`, else a `file:///` URI; `$ref`s resolve against it. */
  readonly id: string;
  readonly origin: SchemaOrigin;
  /** The blob that the file describes; undefined for shared definitions, `history-keys`, `typed-value`, … */
  readonly blob: BlobName | undefined;
  /** Whether `root(blob)` is this file: false for a built-in file that a project's file replaces or extends. */
  readonly stands: boolean;
  readonly text: string;
  /** The text as a plain value. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** All schemas of a project, checked and linked. */
export interface Registry {
  /** Text of every schema file by its absolute URI, in ascending order. */
  readonly sources: ReadonlyMap<string, string>;
  /** The schema of a blob, `$ref` and `allOf` resolved; a blob without any schema has no properties. */
  root(blob: BlobName): ResolvedSchema;
  /** Every file, built-in ones first, then by file name. */
  schemas(): readonly SchemaFile[];
  /** Ids and names that are never given again, from the roots of all files, by table and id. */
  readonly retired: readonly Retired[];
}

/** The blob of a schema file by its name. */
const BLOB_OF_NAME: ReadonlyMap<string, BlobName> = new Map<string, BlobName>([
  ["run", "run"],
  ["config", "config"],
  ["summary", "summary"],
  ["system-info", "system_info"],
  ["system-metrics", "system_metrics"],
  ["history-row", "history"],
  ["system-event", "system_event"],
  ["sweep", "sweep"],
]);

/** The schema file of each blob, without folder and `.schema.json`. */
export function schemaNameOf(blob: BlobName): string {
  const found = [...BLOB_OF_NAME].find(([, item]) => item === blob);
  if (found === undefined) throw new RangeError(`The blob ${blob} has no schema file`);
  return found[0];
}

const META_SCHEMA = "x-column";

function parseAll(files: ReadonlyMap<string, string>, origin: SchemaOrigin): SchemaDocument[] {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([file, text]) => parseDocument(file, text, origin));
}

/** Files that a root extends: its `$ref` and those of its `allOf`. */
function basesOf(document: SchemaDocument, index: DocumentIndex): SchemaDocument[] {
  const branches = memberOf(document.root, "allOf")?.value;
  const nodes = [document.root, ...(branches?.kind === "array" ? branches.items : [])];
  return nodes.flatMap((node) => {
    const ref = memberOf(node, "$ref")?.value;
    const text = stringOf(ref);
    if (ref === undefined || text === undefined) return [];
    const target = follow(text, document, index, whereIs(document, ref));
    return target.node === target.document.root ? [target.document] : [];
  });
}

/** Every file that a project's file extends, directly or through other project files. */
function ancestorsOf(document: SchemaDocument, index: DocumentIndex): Set<SchemaDocument> {
  const found = new Set<SchemaDocument>();
  const todo = basesOf(document, index);
  for (let base = todo.pop(); base !== undefined; base = todo.pop()) {
    if (found.has(base)) continue;
    found.add(base);
    if (base.origin === "project") todo.push(...basesOf(base, index));
  }
  return found;
}

/** A file, the blob it describes, and the files it extends. */
interface Described {
  readonly document: SchemaDocument;
  readonly blob: BlobName | undefined;
  readonly ancestors: ReadonlySet<SchemaDocument>;
}

function describe(document: SchemaDocument, index: DocumentIndex): Described {
  const named = BLOB_OF_NAME.get(schemaName(document.file));
  if (document.origin === "built-in") return { document, blob: named, ancestors: new Set() };
  const ancestors = ancestorsOf(document, index);
  const builtIn = [...ancestors].filter((base) => base.origin === "built-in");
  const extended = builtIn.flatMap((base) => BLOB_OF_NAME.get(schemaName(base.file)) ?? []);
  const blobs = new Set(named === undefined ? extended : [...extended, named]);
  if (blobs.size <= 1) return { document, blob: [...blobs][0], ancestors };
  throw new SchemaError("schema/blob", `The file describes more than one blob: ${[...blobs].join(", ")}.`, {
    where: { file: document.file, line: 1, column: 1 },
    next: "Extend the built-in schema of one blob, and name the file after it.",
  });
}

/** Which of two files of one blob stands: a project's before a built-in one, the extending before the extended. */
function standingOf(a: Described, b: Described): Described {
  if (a.document.origin !== b.document.origin) return a.document.origin === "project" ? a : b;
  if (b.ancestors.has(a.document)) return b;
  if (a.ancestors.has(b.document)) return a;
  throw new SchemaError("schema/blob", `${a.document.file} and ${b.document.file} both describe the blob ${b.blob}.`, {
    where: { file: b.document.file, line: 1, column: 1 },
    next: "Keep one of them, or let one extend the other by $ref.",
  });
}

/** The file that stands for each blob. */
function standingFiles(described: readonly Described[]): Map<BlobName, SchemaDocument> {
  const found = new Map<BlobName, Described>();
  for (const item of described) {
    if (item.blob === undefined) continue;
    const other = found.get(item.blob);
    found.set(item.blob, other === undefined ? item : standingOf(other, item));
  }
  return new Map([...found].map(([blob, item]) => [blob, item.document]));
}

function retiredOf(documents: readonly SchemaDocument[]): Retired[] {
  const all = new Map<string, Retired>();
  for (const document of documents) {
    const node = retiredNode(document);
    if (node === undefined) continue;
    for (const item of plainValue(node, document.text) as Retired[]) {
      all.set(JSON.stringify([item.table, item.id, item.name]), { id: item.id, table: item.table, name: item.name });
    }
  }
  const order = (a: Retired, b: Retired): number =>
    a.table === b.table ? a.id - b.id || (a.name < b.name ? -1 : 1) : a.table < b.table ? -1 : 1;
  return [...all.values()].sort(order);
}

const NO_SCHEMA: ResolvedSchema = {
  where: {},
  types: new Set(["object"]),
  format: undefined,
  limits: {},
  values: undefined,
  description: "",
  xColumn: {},
  xColumnWhere: new Map(),
  properties: new Map(),
  patterns: [],
  items: undefined,
};

function schemaFile(document: SchemaDocument, blob: BlobName | undefined, stands: boolean): SchemaFile {
  return {
    name: schemaName(document.file),
    file: document.file,
    id: document.id,
    origin: document.origin,
    blob,
    stands,
    text: document.text,
    schema: document.value as Readonly<Record<string, unknown>>,
  };
}

function checkAll(documents: readonly SchemaDocument[], builtIn: readonly SchemaDocument[]): void {
  const meta = builtIn.find((document) => schemaName(document.file) === META_SCHEMA);
  const check = meta === undefined ? undefined : xColumnCheck(meta);
  for (const document of documents) checkDocument(document, check);
}

/**
 * Loads schema files, given as texts by file name: the built-in ones, among them `x-column.schema.json`, and a
 * project's. A project's file describes the blob whose built-in schema it extends (`allOf` with its `$ref`), else the
 * one it is named after, and stands for it; a blob without such a file has the built-in schema. A project file that
 * repeats a built-in one byte for byte under the same `$id` is that file. Pure; the order of the maps does not matter.
 * @param checked whether these texts are known to pass the checks of keywords and values: only what lies between files is
 * looked at then.
 * @throws SchemaError with file, line, column and the next step: `schema/json`, `schema/duplicate-key`,
 * `schema/too-deep`, `schema/root`, `schema/id`, `schema/draft`, `schema/keyword`, `schema/pattern`, `schema/x-column`,
 * `schema/x-column-place`, `schema/meta`, `schema/ref`, `schema/cycle`, `schema/types`, `schema/blob`, `schema/too-wide`.
 */
export function loadRegistry(
  builtIn: ReadonlyMap<string, string>,
  project: ReadonlyMap<string, string>,
  checked = false,
): Registry {
  const own = parseAll(builtIn, "built-in");
  const index = indexDocuments([...own, ...parseAll(project, "project")]);
  const documents = [...index.values()];
  if (!checked) checkAll(documents, own);
  const described = documents.map((document) => describe(document, index));
  const standing = standingFiles(described);
  const roots = new Map<BlobName, ResolvedSchema>();
  for (const blob of BLOBS) {
    const document = standing.get(blob);
    roots.set(blob, document === undefined ? NO_SCHEMA : resolveRoot(document, index));
  }
  const stands = new Set(standing.values());
  const files = described.map(({ document, blob }) => schemaFile(document, blob, stands.has(document)));
  return {
    sources: new Map(
      documents.map((document) => [document.id, document.text] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    root: (blob) => roots.get(blob) ?? NO_SCHEMA,
    schemas: () => files,
    retired: retiredOf(documents),
  };
}
