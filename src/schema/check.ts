import { Ajv2020 } from "ajv/dist/2020.js";
import { SchemaError } from "../errors.js";
import { parsePointer } from "../json/pointer.js";
import type { JsonMember, JsonNode } from "../json/read.js";
import { locate, memberOf, nodeAt, type SchemaDocument, stringOf, whereIs } from "./document.js";
import { DRAFT, KEYWORDS, type Keyword } from "./keywords.js";
import { nearestWord } from "./nearest.js";
import { checkRole, type XColumnCheck, type XColumnRole } from "./x-column.js";

interface Checking {
  readonly document: SchemaDocument;
  /** Undefined when the meta-schema of x-column is not installed. */
  readonly xColumn: XColumnCheck | undefined;
}

function keywordOf(document: SchemaDocument, member: JsonMember): Keyword {
  const keyword = KEYWORDS.get(member.key);
  if (keyword !== undefined && keyword.use !== "refuse") return keyword;
  const near = keyword === undefined ? nearestWord(member.key, [...KEYWORDS.keys()]) : undefined;
  const name = JSON.stringify(member.key);
  throw new SchemaError(
    "schema/keyword",
    keyword === undefined ? `${name} is no keyword.` : `${name} is not supported.`,
    {
      where: locate(document, member.keyStart),
      next:
        keyword?.instead ?? (near === undefined ? "Remove it, or describe it in $comment." : `Did you mean "${near}"?`),
    },
  );
}

function checkXColumn(checking: Checking, node: JsonNode, role: XColumnRole): void {
  const { document, xColumn } = checking;
  if (xColumn === undefined) {
    throw new SchemaError("schema/meta", "The meta-schema x-column.schema.json is missing.", {
      where: whereIs(document, node),
      next: "Install wandb-columns again.",
    });
  }
  xColumn(document, node);
  checkRole(document, node, role);
}

function checkPattern(document: SchemaDocument, source: string, offset: number): void {
  try {
    new RegExp(source, "u");
  } catch (error) {
    throw new SchemaError("schema/pattern", `${JSON.stringify(source)} is no regular expression: ${String(error)}.`, {
      where: locate(document, offset),
      next: "Write an ECMAScript regular expression that is valid with the u flag.",
      cause: error,
    });
  }
}

const INNER_ROLE: ReadonlyMap<string, XColumnRole> = new Map<string, XColumnRole>([
  ["properties", "property"],
  ["patternProperties", "pattern"],
  ["$defs", "definition"],
]);

function checkValue(checking: Checking, member: JsonMember, role: XColumnRole): void {
  const { document } = checking;
  const text = stringOf(member.value);
  if (member.key === "x-column") checkXColumn(checking, member.value, role);
  if (member.key === "pattern" && text !== undefined) checkPattern(document, text, member.value.start);
  if (member.key === "$schema" && text?.replace(/#$/, "") !== DRAFT) {
    throw new SchemaError("schema/draft", `$schema is ${JSON.stringify(text)}, expected draft 2020-12.`, {
      where: whereIs(document, member.value),
      next: `Write "${DRAFT}", or leave $schema out.`,
    });
  }
  if (member.key === "$id" && role !== "root") {
    throw new SchemaError("schema/id", "$id stands inside a schema; only a file has one.", {
      where: locate(document, member.keyStart),
      next: "Remove it, or move the schema to a file of its own.",
    });
  }
}

function innerSchemas(member: JsonMember, keyword: Keyword): { node: JsonNode; name?: JsonMember }[] {
  const { value } = member;
  if (keyword.holds === "schema") return [{ node: value }];
  if (keyword.holds === "list" && value.kind === "array") return value.items.map((node) => ({ node }));
  if (keyword.holds === "map" && value.kind === "object") {
    return value.members.map((name) => ({ node: name.value, name }));
  }
  return [];
}

/** A branch of a root's allOf is no column, yet its properties are; elsewhere a branch is what it is a branch of. */
function roleInside(member: JsonMember, keyword: Keyword, role: XColumnRole): XColumnRole {
  if (keyword.hot !== true || role === "inside") return "inside";
  return INNER_ROLE.get(member.key) ?? (role === "root" ? "branch" : role);
}

function checkSchema(checking: Checking, node: JsonNode, role: XColumnRole): void {
  if (node.kind !== "object") return;
  for (const member of node.members) {
    const keyword = keywordOf(checking.document, member);
    checkValue(checking, member, role);
    for (const inner of innerSchemas(member, keyword)) {
      if (member.key === "patternProperties" && inner.name !== undefined) {
        checkPattern(checking.document, inner.name.key, inner.name.keyStart);
      }
      checkSchema(checking, inner.node, roleInside(member, keyword, role));
    }
  }
}

let compiled: Ajv2020 | undefined;

function checkDraft(document: SchemaDocument): void {
  compiled ??= new Ajv2020({ strict: false, logger: false, validateFormats: false });
  const draft = compiled;
  if (draft.validateSchema(withoutDraft(document.value)) === true) return;
  const error = draft.errors?.[0];
  const path = parsePointer(error?.instancePath ?? "");
  throw new SchemaError(
    "schema/draft",
    `The value of ${error?.instancePath || "the root"} ${error?.message ?? "is wrong"}.`,
    {
      where: whereIs(document, nodeAt(document.root, path) ?? document.root),
      next: "See https://json-schema.org/draft/2020-12 for what the keyword takes.",
    },
  );
}

/** Without `$schema`, whose errors are ours, and so that Ajv takes its default, 2020-12. */
function withoutDraft(value: unknown): object {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter(([key]) => key !== "$schema"));
}

/**
 * Checks one schema file: every keyword is known and supported, every value has the form that draft 2020-12 asks for,
 * every x-column obeys its meta-schema and stands where it means something.
 * @throws SchemaError `schema/keyword`, `schema/draft`, `schema/id`, `schema/pattern`, `schema/x-column`,
 * `schema/x-column-place` or `schema/meta`, with file, line and column.
 */
export function checkDocument(document: SchemaDocument, xColumn: XColumnCheck | undefined): void {
  checkSchema({ document, xColumn }, document.root, "root");
  checkDraft(document);
}

/** The `retired` list at the root of a file; empty when there is none. Call it on checked documents. */
export function retiredNode(document: SchemaDocument): JsonNode | undefined {
  return memberOf(memberOf(document.root, "x-column")?.value, "retired")?.value;
}
