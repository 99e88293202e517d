import type { BlobName } from "../blob.js";
import { SchemaError } from "../errors.js";
import { formatDouble } from "../json/number.js";
import { parsePointer } from "../json/pointer.js";
import type { JsonNode } from "../json/read.js";
import { formatTimestamp } from "../json/timestamp.js";
import type { Column, Family, LogicalType, Table } from "../plan/plan.js";
import type { Row } from "./flatten.js";
import { type BlobShape, fillTemplate, type RecordShape, type ShapeNode, templateGroups } from "./shape.js";
import { elementType, type Value } from "./value.js";
import { readBlob } from "./walk.js";

/** A JSON value being put together: an object with members, or a finished text. */
interface Draft {
  members: Map<string, Draft>;
  text?: string | undefined;
}

const newDraft = (): Draft => ({ members: new Map() });

function put(root: Draft, path: readonly string[], text: string): void {
  let draft = root;
  for (const key of path) {
    let next = draft.members.get(key);
    if (next === undefined) {
      next = newDraft();
      draft.members.set(key, next);
    }
    draft = next;
  }
  draft.text = text;
}

/**
 * Puts a residual over what the cells gave; where both have a value the residual wins. What no cell reaches into is
 * spliced whole, so only as deep as columns go does it matter how deep the text is.
 */
function putResidual(draft: Draft, node: JsonNode, text: string): void {
  if (node.kind !== "object" || draft.members.size === 0) {
    draft.text = text.slice(node.start, node.end);
    return;
  }
  draft.text = undefined;
  for (const member of node.members) {
    const next = draft.members.get(member.key) ?? newDraft();
    draft.members.set(member.key, next);
    putResidual(next, member.value, text);
  }
}

function printDraft(draft: Draft): string {
  if (draft.text !== undefined) return draft.text;
  return `{${[...draft.members].map(([key, value]) => `${JSON.stringify(key)}:${printDraft(value)}`).join(",")}}`;
}

/** The JSON text of a cell. Non-finite numbers are bare tokens, timestamps are in the canonical spelling. */
export function printCell(value: Value, type: LogicalType): string {
  if (value === null) return "null";
  const element = elementType(type);
  if (element !== undefined && Array.isArray(value)) {
    return `[${value.map((item: Value) => printCell(item, element)).join(",")}]`;
  }
  if (typeof value === "number") return formatDouble(value);
  if (typeof value === "bigint") return type === "timestamp" ? JSON.stringify(formatTimestamp(value)) : String(value);
  return type === "json" ? String(value) : JSON.stringify(value);
}

function putColumns(draft: Draft, columns: readonly Column[], base: readonly string[], row: Row): boolean {
  let any = false;
  for (const column of columns) {
    const value = row.get(column.name) ?? null;
    if (value === null) continue;
    put(draft, [...base, ...parsePointer(column.path ?? "")], printCell(value, column.type));
    any = true;
  }
  return any;
}

/** Columns of a blob that a record's own row holds. */
function columnsOf(node: ShapeNode): Column[] {
  const own = node.column === undefined ? [] : [node.column];
  return [...own, ...[...node.children.values()].flatMap(columnsOf)];
}

interface MemberRule {
  readonly rule: Family;
  readonly groups: readonly string[];
}

function groupsOf(rule: Family): string[] {
  return rule.path.flatMap((segment) => (typeof segment === "string" ? [] : templateGroups(segment.template)));
}

const pathText = (rule: Family): string =>
  JSON.stringify(rule.path.map((segment) => (typeof segment === "string" ? segment : { is: segment.template })));

/**
 * The rules that fill a table from a blob, one for each set of keys.
 * @throws SchemaError when two rules with the same keys give different names: their rows could not be told apart.
 */
function memberRules(table: Table, blob: BlobName): MemberRule[] {
  const rules = new Map<string, MemberRule>();
  for (const rule of table.families.filter((item) => item.blob === blob)) {
    const groups = groupsOf(rule);
    const id = [...groups].sort().join();
    const known = rules.get(id);
    if (known !== undefined && pathText(known.rule) !== pathText(rule)) {
      throw new SchemaError(
        "plan/ambiguous-family",
        `Two patterns of table ${table.name} have the same keys (${id}) and different names.`,
        {
          next: "Give one of them a table or a key of its own in the schema.",
        },
      );
    }
    if (known === undefined) rules.set(id, { rule, groups });
  }
  return [...rules.values()];
}

function keyText(row: Row, name: string): string {
  const value = row.get(name);
  return value === undefined || value === null ? "" : String(value);
}

/** What rebuilding needs to know of a record kind, worked out once. */
export interface Rebuilder {
  readonly shape: RecordShape;
  readonly blobs: readonly {
    readonly shape: BlobShape;
    readonly columns: readonly Column[];
    readonly members: ReadonlyMap<string, readonly MemberRule[]>;
  }[];
}

/** Prepares to rebuild records of a shape. @throws SchemaError when family rows could not be told apart. */
export function prepareRebuild(shape: RecordShape): Rebuilder {
  const blobs = shape.blobs.map((blob) => ({
    shape: blob,
    columns: columnsOf(blob.root),
    members: new Map(shape.familyTables.map((table) => [table.name, memberRules(table, blob.blob)])),
  }));
  return { shape, blobs };
}

function putMembers(draft: Draft, rules: readonly MemberRule[], rows: readonly Row[]): boolean {
  let any = false;
  const names = new Set(rules.flatMap((item) => item.groups));
  for (const row of rows) {
    const filled = [...names].filter((name) => keyText(row, name) !== "");
    const found = rules.find(
      (item) => item.groups.length === filled.length && item.groups.every((name) => filled.includes(name)),
    );
    if (found === undefined) continue;
    const keys = new Map(filled.map((name) => [name, keyText(row, name)]));
    const base = found.rule.path.map((segment) =>
      typeof segment === "string" ? segment : fillTemplate(segment.template, keys),
    );
    any = putColumns(draft, found.rule.values, base, row) || any;
  }
  return any;
}

const BASE64 = "base64:";

/** What a residual text that is no JSON object prints as: `{"raw": text}`, or `{"raw_base64": …}` for bytes that are no text. */
function printRaw(text: string): string {
  if (text.startsWith(BASE64)) return `{"raw_base64":${JSON.stringify(text.slice(BASE64.length))}}`;
  return `{"raw":${JSON.stringify(text)}}`;
}

/**
 * The inverse of `flattenRecord`: the JSON text of each blob that the record had, from its row, its family rows (by
 * table; for a run, snapshot rows included) and nothing else. Members come in no particular order. Computed columns
 * are not looked at.
 */
export function rebuildRecord(
  rebuilder: Rebuilder,
  row: Row,
  members: ReadonlyMap<string, readonly Row[]>,
): Map<BlobName, string> {
  const texts = new Map<BlobName, string>();
  for (const { shape, columns, members: rules } of rebuilder.blobs) {
    const draft = newDraft();
    let any = putColumns(draft, columns, [], row);
    for (const [table, rows] of members) any = putMembers(draft, rules.get(table) ?? [], rows) || any;
    const step = row.get("step");
    if (shape.blob === "history" && step !== undefined && step !== -1n) {
      put(draft, ["_step"], String(step));
      any = true;
    }
    const rest = row.get(shape.residual.name) ?? null;
    if (rest !== null) {
      const node = readBlob(String(rest));
      if ("why" in node) {
        texts.set(shape.blob, printRaw(String(rest)));
        continue;
      }
      putResidual(draft, node, String(rest));
    }
    if (any || rest !== null || shape.blob === "history") texts.set(shape.blob, printDraft(draft));
  }
  return texts;
}
