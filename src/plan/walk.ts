import type { BlobName } from "../blob.js";
import { type Locator, SchemaError } from "../errors.js";
import { formatPointer, type Path } from "../json/pointer.js";
import type { ResolvedPattern, ResolvedSchema } from "../schema/resolve.js";
import type { KeyType } from "../schema/x-column.js";
import type { LogicalType, Serialized } from "./plan.js";
import { patternForm, readPattern } from "./template.js";
import { standingOf } from "./type.js";

/** A declared path that becomes a column. */
export interface ColumnDraft {
  readonly blob: BlobName;
  /** Inside the blob, or inside the member of a family. */
  readonly path: Path;
  readonly schema: ResolvedSchema;
  readonly type: LogicalType;
  readonly zone?: "utc";
}

/** A literal key, or a pattern and the template that gives a name back. */
export type FamilySegment = string | { readonly pattern: string; readonly template: string };

/** A declared family: one pattern that fills a table. */
export interface FamilyDraft {
  readonly blob: BlobName;
  readonly table: string;
  readonly path: readonly FamilySegment[];
  /** Types of the key columns, by name, in the order of the schema. */
  readonly keys: ReadonlyMap<string, KeyType>;
  /** Names of the groups in `path`. */
  readonly groups: readonly string[];
  readonly values: readonly ColumnDraft[];
  readonly description: string;
  readonly where: Locator;
  readonly keysWhere: Locator;
  readonly patternWhere: Locator;
}

/** A declared path that stays in the residual. */
export interface SerializedDraft {
  readonly entry: Serialized;
  readonly schema: ResolvedSchema;
}

/** Everything that the schema of one blob declares, in its order. */
export interface BlobDraft {
  readonly columns: ColumnDraft[];
  readonly serialized: SerializedDraft[];
  readonly families: FamilyDraft[];
}

/** Where a walk is: below `patterns` or at a plain path. */
interface Place {
  readonly blob: BlobName;
  readonly path: Path;
  readonly segments: readonly FamilySegment[];
  readonly groups: readonly string[];
}

const step = (place: Place, key: string): Place => ({
  ...place,
  path: [...place.path, key],
  segments: [...place.segments, key],
});

function serializedEntry(
  place: Place,
  schema: ResolvedSchema,
  reason: Serialized["reason"],
  detail?: string,
): Serialized {
  return {
    blob: place.blob,
    path: formatPointer(place.path),
    reason,
    ...(detail === undefined ? {} : { detail }),
    ...(schema.description === "" ? {} : { description: schema.description }),
  };
}

function walkProperty(place: Place, schema: ResolvedSchema, into: BlobDraft): void {
  const standing = standingOf(schema);
  if (standing.kind === "object") walkObject(place, schema, into);
  else if (standing.kind === "column") {
    const { type, zone } = standing;
    into.columns.push({ blob: place.blob, path: place.path, schema, type, ...(zone === undefined ? {} : { zone }) });
  } else {
    into.serialized.push({ entry: serializedEntry(place, schema, standing.reason, standing.detail), schema });
  }
}

function walkObject(place: Place, schema: ResolvedSchema, into: BlobDraft): void {
  for (const [key, child] of schema.properties) walkProperty(step(place, key), child, into);
  refuseSameForm(schema.patterns);
  for (const pattern of schema.patterns) walkPattern(place, pattern, into);
}

function refuseSameForm(patterns: readonly ResolvedPattern[]): void {
  const seen = new Map<string, ResolvedPattern>();
  for (const item of patterns) {
    const form = patternForm(item.pattern);
    const other = seen.get(form);
    if (other !== undefined && item.schema.xColumn.table !== undefined) {
      throw new SchemaError(
        "schema/family-pattern",
        `This pattern matches the names that ${other.pattern} matches before it.`,
        {
          where: item.where,
          next: "Remove one of the two, or make them differ in more than the names of their groups.",
        },
      );
    }
    seen.set(form, item);
  }
}

const emptyDraft = (): BlobDraft => ({ columns: [], serialized: [], families: [] });

/** The value columns of a member: itself, or the leaves of an object. */
function memberValues(blob: BlobName, item: ResolvedPattern): ColumnDraft[] {
  const inside = emptyDraft();
  walkProperty({ blob, path: [], segments: [], groups: [] }, item.schema, inside);
  if (inside.families.length > 0) {
    throw new SchemaError("schema/family", "A member of a family holds patterns of its own.", {
      where: item.where,
      next: "Give a table to the inner pattern only.",
    });
  }
  if (inside.columns.length > 0) return inside.columns;
  throw new SchemaError("schema/family", "The members of this family have no value that can be a column.", {
    where: item.where,
    next: 'Give the pattern a type such as "number", or an object with properties.',
  });
}

function keysOf(item: ResolvedPattern, groups: readonly string[]): Map<string, KeyType> {
  const found = new Map(Object.entries(item.schema.xColumn.keys ?? {}));
  const where = item.schema.xColumnWhere.get("keys") ?? item.where;
  const missing = groups.find((group) => !found.has(group));
  if (missing !== undefined) {
    throw new SchemaError(
      "schema/family-keys",
      `The group ${missing} is no key, so rows could not give their names back.`,
      {
        where,
        next: `Add "${missing}" to x-column.keys.`,
      },
    );
  }
  const unfilled = [...found].find(([key, type]) => type === "int64" && !groups.includes(key));
  if (unfilled !== undefined) {
    throw new SchemaError("schema/family-keys", `No group fills the int64 key ${unfilled[0]}.`, {
      where,
      next: `Add a group (?<${unfilled[0]}>…) to the pattern, or make the key a string.`,
    });
  }
  return found;
}

function walkPattern(place: Place, item: ResolvedPattern, into: BlobDraft): void {
  const { table } = item.schema.xColumn;
  if (table === undefined && !leadsToFamily(item.schema)) return;
  const { pattern, template, groups: own } = readPattern(item.pattern, item.where);
  const twice = own.find((group) => place.groups.includes(group));
  if (twice !== undefined) {
    throw new SchemaError("schema/family-pattern", `The group ${twice} stands in an outer pattern too.`, {
      where: item.where,
      next: "Give it another name.",
    });
  }
  const segments = [...place.segments, { pattern, template }];
  const groups = [...place.groups, ...own];
  if (table === undefined) {
    const inside = emptyDraft();
    walkObject({ ...place, segments, groups }, item.schema, inside);
    into.families.push(...inside.families);
    return;
  }
  into.families.push({
    blob: place.blob,
    table,
    path: segments,
    keys: keysOf(item, groups),
    groups,
    values: memberValues(place.blob, item),
    description: item.schema.description,
    where: item.schema.xColumnWhere.get("table") ?? item.where,
    keysWhere: item.schema.xColumnWhere.get("keys") ?? item.where,
    patternWhere: item.where,
  });
}

function leadsToFamily(schema: ResolvedSchema): boolean {
  if (schema.patterns.some((item) => item.schema.xColumn.table !== undefined || leadsToFamily(item.schema)))
    return true;
  return [...schema.properties.values()].some(leadsToFamily);
}

/**
 * Walks the schema of a blob and sorts its places: columns, families, and what stays in the residual. A pattern without
 * `x-column.table`, and what is inside it, only validates: its members stay in the residual as undeclared.
 * @throws SchemaError `schema/family`, `schema/family-pattern`, `schema/family-keys` or `schema/x-column-type`.
 */
export function walkBlob(blob: BlobName, root: ResolvedSchema): BlobDraft {
  const draft = emptyDraft();
  walkObject({ blob, path: [], segments: [], groups: [] }, root, draft);
  return draft;
}
