/**
 * What a keyword of JSON Schema means for columns.
 * - `identify`: names or refers to schemas.
 * - `traverse`: leads to schemas that can be columns.
 * - `refine`: decides the type of a column.
 * - `annotate`: is documentation.
 * - `validate`: narrows payloads and changes no column.
 * - `cold`: would change a column in a way that is not supported, so it stands only where no column comes from: in
 *   schemas that no blob refers to, inside `$defs` that are not used, below `x-column: {"promote": false}`.
 * - `refuse`: is never supported.
 */
export type KeywordUse = "identify" | "traverse" | "refine" | "annotate" | "validate" | "cold" | "refuse";

/** What stands in a keyword's value: no schema, one, a list of them, or a map of them by name. */
export type KeywordHolds = "value" | "schema" | "list" | "map";

export interface Keyword {
  readonly use: KeywordUse;
  readonly holds: KeywordHolds;
  /** Whether the schemas inside can be columns. */
  readonly hot?: boolean;
  /** What to write instead; given with `cold` and `refuse`. */
  readonly instead?: string;
}

const TYPE_ARRAY = 'Write a type array such as ["number", "null"], or x-column {"promote": false}.';
const FLAT = 'List the properties plainly, or write x-column {"promote": false}.';
const LIST = 'Describe all elements by items, or write x-column {"promote": false}.';
const DEFS = "Use $defs and $ref with a JSON Pointer.";

const value = (use: KeywordUse, instead?: string): Keyword =>
  instead === undefined ? { use, holds: "value" } : { use, holds: "value", instead };
const schemas = (use: KeywordUse, holds: KeywordHolds, instead?: string): Keyword =>
  instead === undefined ? { use, holds, hot: use === "traverse" } : { use, holds, instead };

/** Every keyword of draft 2020-12 and some of older drafts. A keyword that is not here is an error. */
export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ["$schema", value("identify")],
  ["$id", value("identify")],
  ["$ref", value("identify")],
  ["$defs", { use: "identify", holds: "map", hot: true }],
  ["allOf", schemas("traverse", "list")],
  ["properties", schemas("traverse", "map")],
  ["patternProperties", schemas("traverse", "map")],
  ["items", { use: "refine", holds: "schema" }],
  ["type", value("refine")],
  ["format", value("refine")],
  ["enum", value("refine")],
  ["const", value("refine")],
  ["minimum", value("refine")],
  ["maximum", value("refine")],
  ["exclusiveMinimum", value("refine")],
  ["exclusiveMaximum", value("refine")],
  ["multipleOf", value("refine")],
  ["x-column", value("refine")],
  ["title", value("annotate")],
  ["description", value("annotate")],
  ["$comment", value("annotate")],
  ["default", value("annotate")],
  ["examples", value("annotate")],
  ["deprecated", value("annotate")],
  ["readOnly", value("annotate")],
  ["writeOnly", value("annotate")],
  ["contentEncoding", value("annotate")],
  ["contentMediaType", value("annotate")],
  ["required", value("validate")],
  ["additionalProperties", schemas("validate", "schema")],
  ["propertyNames", schemas("validate", "schema")],
  ["minProperties", value("validate")],
  ["maxProperties", value("validate")],
  ["dependentRequired", value("validate")],
  ["minItems", value("validate")],
  ["maxItems", value("validate")],
  ["uniqueItems", value("validate")],
  ["contains", schemas("validate", "schema")],
  ["minContains", value("validate")],
  ["maxContains", value("validate")],
  ["minLength", value("validate")],
  ["maxLength", value("validate")],
  ["pattern", value("validate")],
  ["anyOf", schemas("cold", "list", TYPE_ARRAY)],
  ["oneOf", schemas("cold", "list", TYPE_ARRAY)],
  ["not", schemas("cold", "schema", FLAT)],
  ["if", schemas("cold", "schema", FLAT)],
  ["then", schemas("cold", "schema", FLAT)],
  ["else", schemas("cold", "schema", FLAT)],
  ["dependentSchemas", schemas("cold", "map", FLAT)],
  ["unevaluatedProperties", schemas("cold", "schema", FLAT)],
  ["prefixItems", schemas("cold", "list", LIST)],
  ["unevaluatedItems", schemas("cold", "schema", LIST)],
  ["contentSchema", schemas("cold", "schema", FLAT)],
  ["$anchor", value("refuse", DEFS)],
  ["$dynamicRef", value("refuse", DEFS)],
  ["$dynamicAnchor", value("refuse", DEFS)],
  ["$recursiveRef", value("refuse", DEFS)],
  ["$recursiveAnchor", value("refuse", DEFS)],
  ["$vocabulary", value("refuse", "Leave it out: every schema here is plain draft 2020-12 with x-column.")],
  ["definitions", value("refuse", "Since draft 2019-09 it is called $defs.")],
  ["dependencies", value("refuse", "Since draft 2019-09 it is dependentRequired and dependentSchemas.")],
  ["additionalItems", value("refuse", "Since draft 2020-12 it is items beside prefixItems.")],
  ["nullable", value("refuse", 'Write "null" in the type array.')],
]);

/** The draft that all schema files are written in; `$schema` may be left out. */
export const DRAFT = "https://json-schema.org/draft/2020-12/schema";
