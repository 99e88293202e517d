import type { BlobName } from "../blob.js";
import { parsePointer } from "../json/pointer.js";
import type { Column, Plan, Residual, Serialized, Table } from "../plan/plan.js";

/** Columns of one table that belong together, in table order. */
export interface Section {
  /** `all` for a short table; else `key`, the blobs, and `computed` in a table that has no blob. */
  readonly label: BlobName | "all" | "key" | "computed";
  readonly groups: readonly ColumnGroup[];
  readonly residuals: readonly Residual[];
  readonly serialized: readonly Serialized[];
}

/** Columns of one section that share the beginning of their path. */
export interface ColumnGroup {
  /** The shared beginning, such as `train/` or `/optimizer/`; empty for columns that share none. */
  readonly prefix: string;
  readonly columns: readonly Column[];
}

/** A table with at most this many columns and one residual is one section. */
const SHORT = 12;
/** A section with more columns than this is told apart by the beginnings of the paths. */
const LONG = 60;
/** A shared beginning gets a group of its own from this many columns on. */
const WORTH = 5;

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** `/train~1loss` to `train/`, `/optimizer/lr` to `/optimizer/`, `/loss` to the empty string. */
function prefixOf(column: Column): string {
  const [first = "", ...rest] = parsePointer(column.path ?? "");
  if (rest.length > 0) return `/${first}/`;
  return /^[^/.]+[/.](?=.)/.exec(first)?.[0] ?? "";
}

function groupsOf(columns: readonly Column[]): ColumnGroup[] {
  if (columns.length <= LONG) return columns.length === 0 ? [] : [{ prefix: "", columns }];
  const byPrefix = groupBy(columns, prefixOf);
  const small = new Set([...byPrefix].filter(([, members]) => members.length < WORTH).map(([prefix]) => prefix));
  const groups = groupBy(columns, (column) => (small.has(prefixOf(column)) ? "" : prefixOf(column)));
  const alone = groups.get("") ?? [];
  groups.delete("");
  const rest = [...groups].map(([prefix, members]) => ({ prefix, columns: members }));
  return alone.length === 0 ? rest : [{ prefix: "", columns: alone }, ...rest];
}

function serializedIn(plan: Plan, blobs: readonly string[]): Serialized[] {
  return plan.serialized.filter(({ blob }) => blobs.includes(blob));
}

function wholeTable(table: Table, plan: Plan): Section {
  const { columns, residuals } = table;
  const serialized = serializedIn(
    plan,
    residuals.map(({ blob }) => blob),
  );
  return { label: "all", groups: [{ prefix: "", columns }], residuals, serialized };
}

/** The sections of a table in the order in which they first occur: key, then blob after blob. */
export function sectionsOf(table: Table, plan: Plan): Section[] {
  if (table.columns.length <= SHORT && table.residuals.length <= 1) return [wholeTable(table, plan)];
  const key = new Set(table.key);
  const main = table.columns.find((column) => column.blob !== undefined)?.blob ?? "computed";
  const columns = groupBy(table.columns, (column) =>
    key.has(column.name) && column.blob === undefined ? "key" : (column.blob ?? main),
  );
  const labels = new Set([...columns.keys(), ...table.residuals.map(({ blob }) => blob)]);
  return [...labels].map((label) => {
    const residuals = table.residuals.filter(({ blob }) => blob === label);
    const serialized = serializedIn(
      plan,
      residuals.map(({ blob }) => blob),
    );
    return { label, groups: groupsOf(columns.get(label) ?? []), residuals, serialized };
  });
}
