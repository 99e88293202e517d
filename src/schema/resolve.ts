import { type Locator, SchemaError } from "../errors.js";
import { formatPointer, type Path } from "../json/pointer.js";
import type { JsonNode } from "../json/read.js";
import { locate, memberOf, type SchemaDocument, stringOf, whereIs } from "./document.js";
import { KEYWORDS } from "./keywords.js";
import { type JsonType, type Limits, limitsOf, mergedTypes, mergedValues, mergeLimits } from "./merge.js";
import { type DocumentIndex, follow } from "./references.js";
import { plainXColumn, whereInXColumn, X_COLUMN_ROLES, type XColumn } from "./x-column.js";

/** A member of `patternProperties`. */
export interface ResolvedPattern {
  /** The regular expression as it is written; it means what it means with the `u` flag. */
  readonly pattern: string;
  readonly where: Locator;
  readonly schema: ResolvedSchema;
}

/**
 * A schema with its `$ref` and `allOf` merged: one plain tree to walk. Where several schemas describe one place, types
 * narrow each other, and of description, format and every keyword of x-column the most specific one counts: a `$ref`
 * before the branches of `allOf`, these before the keywords beside them.
 */
export interface ResolvedSchema {
  /** Where the most specific of its schemas stands. */
  readonly where: Locator;
  /** JSON types that are allowed; undefined when nothing says. A `false` schema allows none. */
  readonly types: ReadonlySet<JsonType> | undefined;
  readonly format: string | undefined;
  readonly limits: Limits;
  /** Values of `enum` or `const`; undefined when nothing says. Numbers are doubles. */
  readonly values: readonly unknown[] | undefined;
  /** `description`, else `title`, else empty. */
  readonly description: string;
  readonly xColumn: XColumn;
  /** Where each keyword of `xColumn` stands. */
  readonly xColumnWhere: ReadonlyMap<string, Locator>;
  /** Members by name in published order: built-in schemas first, then in the order of the file. */
  readonly properties: ReadonlyMap<string, ResolvedSchema>;
  /** In the order of the files; the first one that matches a name counts. */
  readonly patterns: readonly ResolvedPattern[];
  /** What all elements of an array are, without their properties; undefined when nothing says. */
  readonly items: ResolvedSchema | undefined;
}

/** No blob has more declared places than this; it bounds schemas that refer to each other in a widening way. */
export const MAX_PLACES = 50_000;

/** One schema among those that describe a place, and the schemas that led to it. */
interface Layer {
  readonly document: SchemaDocument;
  readonly node: JsonNode;
  readonly from: Layer | undefined;
  /** Depth of the place in the payload. */
  readonly depth: number;
}

interface Resolving {
  readonly index: DocumentIndex;
  places: number;
}

type Role = "root" | "property" | "pattern" | "items";

function keyword(layer: Layer, name: string): JsonNode | undefined {
  return memberOf(layer.node, name)?.value;
}

/** The same schema on the way to a layer at the same place (`here`), or at a place above it. */
function repeats(layer: Layer, here: boolean): boolean {
  for (let at = layer.from; at !== undefined; at = at.from) {
    if (at.node === layer.node && (at.depth === layer.depth) === here) return true;
  }
  return false;
}

function refuseLoop(layer: Layer): void {
  if (!repeats(layer, true)) return;
  throw new SchemaError("schema/cycle", "The schema refers to itself without an end.", {
    where: whereIs(layer.document, layer.node),
    next: "Break the circle of $ref.",
  });
}

/** All schemas that a layer stands for, the least specific first. */
function expand(layer: Layer, resolving: Resolving): Layer[] {
  refuseLoop(layer);
  const found: Layer[] = [];
  const ref = keyword(layer, "$ref");
  const text = stringOf(ref);
  if (ref !== undefined && text !== undefined) {
    const target = follow(text, layer.document, resolving.index, whereIs(layer.document, ref));
    found.push(...expand({ ...target, from: layer, depth: layer.depth }, resolving));
  }
  const branches = keyword(layer, "allOf");
  for (const node of branches?.kind === "array" ? branches.items : []) {
    found.push(...expand({ document: layer.document, node, from: layer, depth: layer.depth }, resolving));
  }
  found.push(layer);
  return found;
}

interface MergedXColumn {
  readonly xColumn: XColumn;
  readonly where: ReadonlyMap<string, Locator>;
}

function mergeXColumn(layers: readonly Layer[]): MergedXColumn {
  let xColumn: XColumn = {};
  const where = new Map<string, Locator>();
  for (const layer of layers) {
    const node = keyword(layer, "x-column");
    if (node?.kind !== "object") continue;
    const { retired: _elsewhere, ...own } = plainXColumn(layer.document, node);
    xColumn = { ...xColumn, ...own };
    for (const key of Object.keys(own)) where.set(key, whereInXColumn(layer.document, node, key));
  }
  return { xColumn, where };
}

function refuseMisplaced(merged: MergedXColumn, role: Role): void {
  const allowed = X_COLUMN_ROLES[role === "items" ? "inside" : role];
  for (const [key, where] of merged.where) {
    if (allowed.has(key)) continue;
    throw new SchemaError("schema/x-column-place", `x-column.${key} has no meaning here (${role}).`, {
      where,
      next: `Here x-column may have: ${[...allowed].join(", ")}.`,
    });
  }
}

function refuseCold(layers: readonly Layer[], path: Path): void {
  for (const layer of layers) {
    const members = layer.node.kind === "object" ? layer.node.members : [];
    const cold = members.find((member) => KEYWORDS.get(member.key)?.use === "cold");
    if (cold === undefined) continue;
    throw new SchemaError(
      "schema/keyword",
      `"${cold.key}" cannot decide the columns of ${formatPointer(path) || "the root"}.`,
      {
        where: locate(layer.document, cold.keyStart),
        next: KEYWORDS.get(cold.key)?.instead ?? "Remove it.",
      },
    );
  }
}

function lastString(layers: readonly Layer[], name: string): string | undefined {
  return layers.map((layer) => stringOf(keyword(layer, name))).findLast((text) => text !== undefined);
}

/** Schemas of the members of a map keyword, by name, in the order of the layers and then of the text. */
function membersOf(layers: readonly Layer[], name: string): Map<string, { layers: Layer[]; where: Locator }> {
  const found = new Map<string, { layers: Layer[]; where: Locator }>();
  for (const from of layers) {
    const map = keyword(from, name);
    for (const member of map?.kind === "object" ? map.members : []) {
      const layer: Layer = { document: from.document, node: member.value, from, depth: from.depth + 1 };
      const where = locate(from.document, member.keyStart);
      const known = found.get(member.key);
      if (known === undefined) found.set(member.key, { layers: [layer], where });
      else known.layers.push(layer);
    }
  }
  return found;
}

function isObjectOnly(types: ReadonlySet<JsonType> | undefined): boolean {
  return (
    types === undefined || (types.has("object") && [...types].every((type) => type === "object" || type === "null"))
  );
}

function refuseEndless(layers: readonly Layer[], path: Path): void {
  const again = layers.find((layer) => repeats(layer, false));
  if (again === undefined) return;
  throw new SchemaError("schema/cycle", `${formatPointer(path)} contains itself, which would make infinite columns.`, {
    where: whereIs(again.document, layerStart(again)),
    next: 'Write x-column {"promote": false, "reason": "nested-too-deep"} beside the $ref.',
  });
}

/** The `$ref` that led to a layer, else the layer. */
function layerStart(layer: Layer): JsonNode {
  return layer.from === undefined ? layer.node : (keyword(layer.from, "$ref") ?? layer.node);
}

function itemsOf(layers: readonly Layer[], path: Path, resolving: Resolving): ResolvedSchema | undefined {
  const inner = layers.flatMap((from) => {
    const node = keyword(from, "items");
    return node === undefined ? [] : [{ document: from.document, node, from, depth: from.depth + 1 }];
  });
  return inner.length === 0 ? undefined : resolve(inner, "items", [...path, "-"], resolving);
}

function children(
  layers: readonly Layer[],
  path: Path,
  resolving: Resolving,
): Pick<ResolvedSchema, "properties" | "patterns"> {
  refuseEndless(layers, path);
  const properties = new Map<string, ResolvedSchema>();
  for (const [name, inner] of membersOf(layers, "properties")) {
    properties.set(name, resolve(inner.layers, "property", [...path, name], resolving));
  }
  const patterns = [...membersOf(layers, "patternProperties")].map(([pattern, inner]) => ({
    pattern,
    where: inner.where,
    schema: resolve(inner.layers, "pattern", [...path, pattern], resolving),
  }));
  return { properties, patterns };
}

function count(resolving: Resolving, layers: readonly Layer[]): void {
  resolving.places += 1;
  const first = layers[0];
  if (resolving.places <= MAX_PLACES || first === undefined) return;
  throw new SchemaError("schema/too-wide", `The schema declares more than ${MAX_PLACES} places.`, {
    where: whereIs(first.document, first.node),
    next: "Declare keys that are data as a family by patternProperties.",
  });
}

function resolve(from: readonly Layer[], role: Role, path: Path, resolving: Resolving): ResolvedSchema {
  const layers = from.flatMap((layer) => expand(layer, resolving));
  count(resolving, from);
  const own = layers.at(-1);
  const { xColumn, where: xColumnWhere } = mergeXColumn(layers);
  refuseMisplaced({ xColumn, where: xColumnWhere }, role);
  const types = mergedTypes(layers);
  const decidesType = xColumn.promote !== false && xColumn.type === undefined;
  if (decidesType && !(role === "items" && types !== undefined && isNested(types))) refuseCold(layers, path);
  const descends = role !== "items" && decidesType && isObjectOnly(types);
  const inner = descends ? children(layers, path, resolving) : { properties: new Map(), patterns: [] };
  return {
    where: own === undefined ? {} : whereIs(own.document, own.node),
    types,
    format: lastString(layers, "format"),
    limits: layers.map(limitsOf).reduce(mergeLimits, {}),
    values: mergedValues(layers),
    description: lastString(layers, "description") ?? lastString(layers, "title") ?? "",
    xColumn,
    xColumnWhere,
    ...inner,
    items: decidesType && role !== "items" ? itemsOf(layers, path, resolving) : undefined,
  };
}

function isNested(types: ReadonlySet<JsonType>): boolean {
  return types.has("object") || types.has("array");
}

/**
 * Resolves a checked schema file into a tree of its places.
 * @throws SchemaError `schema/ref`, `schema/cycle`, `schema/types`, `schema/keyword`, `schema/x-column-place` or
 * `schema/too-wide`, with file, line and column.
 */
export function resolveRoot(document: SchemaDocument, index: DocumentIndex): ResolvedSchema {
  const layer: Layer = { document, node: document.root, from: undefined, depth: 0 };
  return resolve([layer], "root", [], { index, places: 0 });
}
