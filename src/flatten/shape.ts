import { type BlobName, RECORD_BLOBS, type RecordKind } from "../blob.js";
import { SchemaError } from "../errors.js";
import { parsePointer } from "../json/pointer.js";
import type { Column, Family, Plan, Table } from "../plan/plan.js";

/** A place in a blob that the plan knows: a column, an inner object of columns, or a place where patterns apply. */
export interface ShapeNode {
  readonly children: Map<string, ShapeNode>;
  readonly patterns: ShapePattern[];
  /** What the patterns made of names so far; null when none matched. */
  readonly matched: Map<string, FoundMember | null>;
  /** Number of the object that had a member here last: a key that is there twice is known by it. */
  seen: number;
  column?: Column;
  /** Set where a family's path ends: the value here, if it fits, is one row. */
  family?: ShapeFamily;
  /** A path that a schema serializes although a pattern beside it would match: it stays in the residual whole. */
  sealed?: true;
}

export interface ShapePattern {
  readonly expression: RegExp;
  readonly template: string;
  readonly next: ShapeNode;
}

/** One rule of a family table. */
export interface ShapeFamily {
  readonly table: Table;
  readonly rule: Family;
  /** Value columns by path relative to the member. */
  readonly values: ShapeNode;
}

/** How one blob of a record kind is spread over tables. */
export interface BlobShape {
  readonly blob: BlobName;
  readonly root: ShapeNode;
  /** Where leftovers go: the residual column `name` of the table `table`. */
  readonly residual: { readonly table: Table; readonly name: string };
}

/** The tables of one record kind. */
export interface RecordShape {
  readonly kind: RecordKind;
  /** The table of the record's own row; of system events, the table that their members fill. */
  readonly table: Table;
  readonly blobs: readonly BlobShape[];
  /** Tables that families of this kind fill. */
  readonly familyTables: readonly Table[];
}

const MAIN_TABLE: Record<RecordKind, string> = {
  run: "runs",
  history: "history",
  system_event: "system_metrics",
  sweep: "sweeps",
};

const newNode = (): ShapeNode => ({ children: new Map(), patterns: [], matched: new Map(), seen: 0 });

function descend(node: ShapeNode, key: string): ShapeNode {
  let child = node.children.get(key);
  if (child === undefined) {
    child = newNode();
    node.children.set(key, child);
  }
  return child;
}

function place(root: ShapeNode, column: Column): void {
  let node = root;
  for (const key of parsePointer(column.path ?? "")) node = descend(node, key);
  node.column = column;
}

function placeFamily(root: ShapeNode, table: Table, rule: Family): void {
  let node = root;
  for (const segment of rule.path) {
    if (typeof segment === "string") {
      node = descend(node, segment);
      continue;
    }
    let pattern = node.patterns.find(
      (item) => item.template === segment.template && item.expression.source === segment.pattern,
    );
    if (pattern === undefined) {
      pattern = { expression: new RegExp(segment.pattern, "u"), template: segment.template, next: newNode() };
      node.patterns.push(pattern);
    }
    node = pattern.next;
  }
  const values = newNode();
  for (const column of rule.values) place(values, column);
  node.family = { table, rule, values };
}

/** Keeps patterns from taking a member that the schema serializes by its name. */
function seal(root: ShapeNode, path: readonly string[]): void {
  let parent: ShapeNode | undefined = root;
  for (const key of path.slice(0, -1)) parent = parent?.children.get(key);
  const key = path.at(-1);
  if (parent === undefined || key === undefined || parent.patterns.length === 0) return;
  if (!parent.children.has(key)) parent.children.set(key, { ...newNode(), sealed: true });
}

function residualOf(plan: Plan, blob: BlobName): BlobShape["residual"] {
  for (const table of plan.tables) {
    const residual = table.residuals.find((item) => item.blob === blob);
    if (residual !== undefined) return { table, name: residual.name };
  }
  throw new SchemaError("plan/residual", `The plan has no residual column for the blob ${blob}.`, {
    next: "Run `wandb-columns generate`.",
  });
}

/** The shape of one blob: every column, family and residual that reads it. */
export function shapeBlob(plan: Plan, blob: BlobName): BlobShape {
  const root = newNode();
  for (const table of plan.tables) {
    const memberValues = new Set(table.families.flatMap((rule) => rule.values.map((column) => column.id)));
    for (const column of table.columns) {
      if (column.blob === blob && column.computed !== true && !memberValues.has(column.id)) place(root, column);
    }
    for (const rule of table.families) if (rule.blob === blob) placeFamily(root, table, rule);
  }
  for (const item of plan.serialized) if (item.blob === blob) seal(root, parsePointer(item.path));
  return { blob, root, residual: residualOf(plan, blob) };
}

/** The shapes of all blobs of a record kind. @throws SchemaError when the plan lacks a table or residual it needs. */
export function shapeRecord(plan: Plan, kind: RecordKind): RecordShape {
  const table = plan.tables.find((item) => item.name === MAIN_TABLE[kind]);
  if (table === undefined) throw new SchemaError("plan/table", `The plan has no table ${MAIN_TABLE[kind]}.`);
  const blobNames: readonly BlobName[] = RECORD_BLOBS[kind];
  const blobs = blobNames.map((blob) => shapeBlob(plan, blob));
  const familyTables = plan.tables.filter((item) => item.families.some((rule) => blobNames.includes(rule.blob)));
  return { kind, table, blobs, familyTables };
}

const GROUP = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Names of the groups of a template, in order. */
export function templateGroups(template: string): string[] {
  return [...template.matchAll(GROUP)].map((match) => match[1] as string);
}

/** A template with its groups filled in. */
export function fillTemplate(template: string, keys: ReadonlyMap<string, string>): string {
  return template.replace(GROUP, (_whole, name: string) => keys.get(name) ?? "");
}

const INTEGER_KEY = /^(?:0|-?[1-9]\d{0,18})$/;

function isKeyOf(table: Table, name: string, text: string): boolean {
  const type = table.columns.find((column) => column.name === name)?.type;
  if (type !== "int64") return true;
  return INTEGER_KEY.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/**
 * The keys that a member name has under a pattern, or undefined when the pattern does not match, a group is empty, a
 * key does not have its column's type, or the keys do not give back the exact name.
 */
export function matchName(pattern: ShapePattern, name: string): Map<string, string> | undefined {
  const groups = pattern.expression.exec(name)?.groups;
  if (groups === undefined) return undefined;
  const keys = new Map<string, string>();
  for (const key of templateGroups(pattern.template)) {
    const text = groups[key];
    if (text === undefined || text === "" || !text.isWellFormed()) return undefined;
    keys.set(key, text);
  }
  return fillTemplate(pattern.template, keys) === name ? keys : undefined;
}

/** Whether all keys fit the key columns of a family table. */
export function keysFit(table: Table, keys: ReadonlyMap<string, string>): boolean {
  return [...keys].every(([name, text]) => isKeyOf(table, name, text));
}

/** What a member name means: its place, and the keys that its name holds. */
interface FoundMember {
  readonly next: ShapeNode;
  readonly keys: ReadonlyMap<string, string>;
}

const NO_KEYS: ReadonlyMap<string, string> = new Map();

function matchPatterns(node: ShapeNode, name: string): FoundMember | undefined {
  for (const pattern of node.patterns) {
    const keys = matchName(pattern, name);
    if (keys !== undefined) return { next: pattern.next, keys };
  }
  return undefined;
}

/** A copy, since a piece of a text keeps the whole of it in memory. Lone surrogates survive. */
const copyOf = (text: string): string => JSON.parse(JSON.stringify(text)) as string;

function keptMember({ next, keys }: FoundMember): FoundMember {
  return { next, keys: new Map([...keys].map(([name, text]) => [name, copyOf(text)])) };
}

/** Names that are remembered at a place: records mostly repeat those of others. */
const MOST_NAMES = 10_000;

/** What a member name that is no literal child means at a place: the first pattern that matches. */
export function resolvePattern(node: ShapeNode, name: string): FoundMember | undefined {
  if (node.patterns.length === 0) return undefined;
  const known = node.matched.get(name);
  if (known !== undefined) return known === null ? undefined : known;
  const found = matchPatterns(node, name);
  if (node.matched.size < MOST_NAMES) {
    node.matched.set(copyOf(name), found === undefined ? null : keptMember(found));
  }
  return found;
}

/** What a member name means at a place: the literal child, else the first pattern that matches. */
export function resolveMember(node: ShapeNode, name: string): FoundMember | undefined {
  const literal = node.children.get(name);
  return literal === undefined ? resolvePattern(node, name) : { next: literal, keys: NO_KEYS };
}
