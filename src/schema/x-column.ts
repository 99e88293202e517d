import type { ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type Locator, SchemaError } from "../errors.js";
import { parsePointer } from "../json/pointer.js";
import type { JsonNode } from "../json/read.js";
import { locate, memberOf, nodeAt, plainValue, type SchemaDocument, whereIs } from "./document.js";
import { nearestWord } from "./nearest.js";

/** An id and a name that a column once had and that are never given again. */
export interface Retired {
  readonly id: number;
  readonly table: string;
  readonly name: string;
}

/** Type of a family's key column. */
export type KeyType = "string" | "int64";

/** The annotation keyword `x-column`. Its meta-schema is `x-column.schema.json`. */
export interface XColumn {
  readonly id?: number;
  readonly name?: string;
  readonly was?: readonly string[];
  readonly unit?: string;
  readonly promote?: boolean;
  readonly reason?: string;
  readonly detail?: string;
  readonly table?: string;
  readonly keys?: Readonly<Record<string, KeyType>>;
  readonly type?: string;
  readonly zone?: "utc";
  readonly sensitive?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly source?: string;
  readonly retired?: readonly Retired[];
}

/**
 * Where an `x-column` stands. `root`: at the root of a file. `branch`: in `allOf` of a root. `property`: on a member of `properties`. `pattern`: on a
 * member of `patternProperties`. `definition`: in `$defs`, so that it is one of the two before. `inside`: where no
 * column comes from, such as below `items` or `if`.
 */
export type XColumnRole = "root" | "branch" | "property" | "pattern" | "definition" | "inside";

const DOCUMENTARY = ["unit", "since", "until", "source"] as const;
const COLUMN = [
  ...DOCUMENTARY,
  "id",
  "name",
  "was",
  "promote",
  "reason",
  "detail",
  "type",
  "zone",
  "sensitive",
] as const;
const FAMILY = [...COLUMN, "table", "keys"] as const;

/** What may stand in an `x-column`, by the place of it. */
export const X_COLUMN_ROLES: Record<XColumnRole, ReadonlySet<string>> = {
  root: new Set([...DOCUMENTARY, "retired"]),
  branch: new Set(DOCUMENTARY),
  property: new Set(COLUMN),
  pattern: new Set(FAMILY),
  definition: new Set(FAMILY),
  inside: new Set(DOCUMENTARY),
};

const SAYS: Record<XColumnRole, string> = {
  root: "at the root of a schema",
  branch: "in allOf of a root",
  property: "on a property",
  pattern: "on a pattern",
  definition: "in $defs",
  inside: "where no column comes from",
};

/** Checks one `x-column` value against its meta-schema. Throws SchemaError with the place of the offending part. */
export type XColumnCheck = (document: SchemaDocument, node: JsonNode) => XColumn;

function describe(error: ErrorObject, known: readonly string[]): { path: string[]; key?: string; says: string } {
  const path = parsePointer(error.instancePath);
  if (error.keyword !== "additionalProperties") return { path, says: error.message ?? error.keyword };
  const key = String(error.params["additionalProperty"]);
  const near = nearestWord(key, known);
  return { path, key, says: `has no ${JSON.stringify(key)}${near === undefined ? "" : `; did you mean "${near}"?`}` };
}

function wordsOf(meta: SchemaDocument): string[] {
  const properties = memberOf(meta.root, "properties")?.value;
  return properties?.kind === "object" ? properties.members.map((member) => member.key) : [];
}

function fail(document: SchemaDocument, node: JsonNode, error: ErrorObject, known: readonly string[]): never {
  const { path, key, says } = describe(error, known);
  const at = nodeAt(node, path) ?? node;
  const member = key === undefined ? undefined : memberOf(at, key);
  throw new SchemaError("schema/x-column", `x-column${error.instancePath} ${says}.`, {
    where: member === undefined ? whereIs(document, at) : locate(document, member.keyStart),
    next: `An x-column may have: ${known.join(", ")}.`,
  });
}

/**
 * The check that a meta-schema makes.
 * @throws SchemaError `schema/meta` when the meta-schema itself is no schema.
 */
export function xColumnCheck(meta: SchemaDocument): XColumnCheck {
  const ajv = new Ajv2020({ strict: false, logger: false, meta: false, validateSchema: false });
  const known = wordsOf(meta);
  let validate: ReturnType<typeof ajv.compile<XColumn>>;
  try {
    validate = ajv.compile<XColumn>(meta.value as object);
  } catch (error) {
    throw new SchemaError("schema/meta", `The meta-schema of x-column is not usable: ${String(error)}.`, {
      where: { file: meta.file },
      next: "Install wandb-columns again.",
      cause: error,
    });
  }
  return (document, node) => {
    const found: unknown = plainValue(node, document.text);
    if (validate(found)) return found;
    const error = validate.errors?.find((item) => item.keyword === "additionalProperties") ?? validate.errors?.[0];
    if (error === undefined)
      throw new SchemaError("schema/x-column", "x-column is not valid.", { where: whereIs(document, node) });
    return fail(document, node, error, known);
  };
}

/**
 * Refuses what may not stand in an `x-column` of this place.
 * @throws SchemaError `schema/x-column-place`.
 */
export function checkRole(document: SchemaDocument, node: JsonNode, role: XColumnRole): void {
  if (node.kind !== "object") return;
  const misplaced = node.members.find((member) => !X_COLUMN_ROLES[role].has(member.key));
  if (misplaced === undefined) return;
  throw new SchemaError("schema/x-column-place", `x-column.${misplaced.key} has no meaning ${SAYS[role]}.`, {
    where: locate(document, misplaced.keyStart),
    next: `There x-column may have: ${[...X_COLUMN_ROLES[role]].join(", ")}.`,
  });
}

/**
 * The value of an `x-column` of a checked document. Call it only on nodes that `checkDocument` has passed: the form of
 * the value is the meta-schema's promise.
 */
export function plainXColumn(document: SchemaDocument, node: JsonNode): XColumn {
  return plainValue(node, document.text) as XColumn;
}

/** The place of one keyword of an `x-column`, else of the whole. */
export function whereInXColumn(document: SchemaDocument, node: JsonNode, key: string): Locator {
  const member = memberOf(node, key);
  return member === undefined ? whereIs(document, node) : locate(document, member.keyStart);
}
