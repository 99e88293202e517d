import { BLOBS, type BlobName } from "../blob.js";
import { type Finding, finding } from "../finding.js";
import { comparePaths, formatPointer, type Path } from "../json/pointer.js";
import type { ResolvedSchema } from "../schema/resolve.js";
import type { Retired } from "../schema/x-column.js";
import { declaredColumn, fixedColumn } from "./column.js";
import { allocateIds, derivedId } from "./ids.js";
import { foldName, type Naming, plainName } from "./names.js";
import type { Column, Residual } from "./plan.js";
import { checkPublished, type Unavailable } from "./published.js";
import { type SettledName, settle } from "./settle.js";
import type { FixedColumn } from "./tables.js";
import type { ColumnDraft } from "./walk.js";

/** What one table is made of. */
export interface TableParts {
  readonly name: string;
  readonly fixed: readonly FixedColumn[];
  readonly residuals: readonly { readonly name: string; readonly blob: BlobName }[];
  /** Declared columns in table order. */
  readonly drafts: readonly ColumnDraft[];
  /** Set when the drafts are values of a family, relative to the member. */
  readonly scope?: "value";
  readonly withdrawn: readonly ResolvedSchema[];
  readonly retired: readonly Retired[];
  readonly naming: Naming;
}

/** Columns of one table with their ids and names: fixed ones, then declared ones in the order of the drafts. */
export interface BuiltTable {
  readonly fixed: readonly Column[];
  readonly declared: readonly Column[];
  readonly residuals: readonly Residual[];
  readonly findings: readonly Finding[];
}

const fixedId = (table: string, name: string): number => derivedId(table, "", name);

function unavailable(parts: TableParts): Unavailable {
  const names = [...parts.fixed, ...parts.residuals].map((item) => item.name);
  return checkPublished({
    table: parts.name,
    fixed: names.map((name) => ({ name, id: fixedId(parts.name, name) })),
    columns: parts.drafts.map((draft) => draft.schema),
    withdrawn: parts.withdrawn,
    retired: parts.retired,
  });
}

function byPath(a: ColumnDraft, b: ColumnDraft): number {
  return BLOBS.indexOf(a.blob) - BLOBS.indexOf(b.blob) || comparePaths(a.path, b.path);
}

/** Values of a family have no blob of their own in their id: several families may fill one column. */
function draftId(parts: TableParts, draft: ColumnDraft, name: string): number {
  if (parts.scope === "value") return fixedId(parts.name, name);
  return derivedId(parts.name, draft.blob, formatPointer(draft.path));
}

function giveIds(parts: TableParts, names: ReadonlyMap<ColumnDraft, string>, taken: Unavailable) {
  const own = [...parts.fixed, ...parts.residuals].map((item) => item.name);
  const sorted = [...parts.drafts].sort(byPath);
  const wishes = [
    ...own.map((name) => ({ derived: fixedId(parts.name, name) })),
    ...sorted.map((draft) => ({
      given: draft.schema.xColumn.id,
      derived: draftId(parts, draft, names.get(draft) ?? ""),
    })),
  ];
  const ids = allocateIds(wishes, taken.ids);
  return {
    fixed: new Map(own.map((name, i) => [name, ids[i] ?? 0])),
    declared: new Map(sorted.map((draft, i) => [draft, ids[own.length + i] ?? 0])),
  };
}

const place = (blob: BlobName, path: Path): string => `${blob} ${formatPointer(path) || "(itself)"}`;

/** Why a path did not get the name of its keys alone; undefined when it did, or when only SQL or length stood against it. */
function obstacle(
  parts: TableParts,
  draft: ColumnDraft,
  settled: SettledName,
  owners: ReadonlyMap<string, ColumnDraft>,
): string | undefined {
  const plain = plainName(parts.scope ?? draft.blob, draft.path, parts.naming);
  const fixed = [...parts.fixed, ...parts.residuals].some((item) => foldName(item.name) === foldName(plain));
  const { name, wanted } = settled;
  if (foldName(name) === foldName(wanted)) {
    return fixed ? `the name ${plain} is that of a column that the table always has` : undefined;
  }
  const owner = owners.get(foldName(wanted));
  if (owner === undefined) return `the name ${wanted} was that of another column once`;
  return `the name ${wanted} is that of ${place(owner.blob, owner.path)}`;
}

function collision(
  parts: TableParts,
  draft: ColumnDraft,
  settled: SettledName,
  owners: ReadonlyMap<string, ColumnDraft>,
): Finding[] {
  const why = draft.schema.xColumn.name === undefined ? obstacle(parts, draft, settled, owners) : undefined;
  if (why === undefined) return [];
  const { blob, path } = draft;
  const message = `${place(blob, path)} is called ${settled.name} in ${parts.name}: ${why}.`;
  return [finding("column/collision", message, { blob, path: formatPointer(path) })];
}

/**
 * Gives all columns of one table their names and ids. Pure.
 * @throws SchemaError as `checkPublished` does.
 */
export function buildTable(parts: TableParts): BuiltTable {
  const taken = unavailable(parts);
  const wishes = parts.drafts.map(({ blob, path, schema }) => ({ blob, path, published: schema.xColumn.name }));
  const { naming, scope } = parts;
  const settled = settle(wishes, { naming, taken: taken.names, ...(scope === undefined ? {} : { scope }) });
  const nameOf = new Map(parts.drafts.map((draft, i) => [draft, settled[i]?.name ?? ""]));
  const owners = new Map([...nameOf].map(([draft, name]) => [foldName(name), draft]));
  const ids = giveIds(parts, nameOf, taken);
  return {
    fixed: parts.fixed.map((column) => fixedColumn(column, ids.fixed.get(column.name) ?? 0)),
    declared: parts.drafts.map((draft) => declaredColumn(draft, ids.declared.get(draft) ?? 0, nameOf.get(draft) ?? "")),
    residuals: parts.residuals.map(({ name, blob }) => ({ id: ids.fixed.get(name) ?? 0, name, blob })),
    findings: parts.drafts.flatMap((draft, i) => {
      const found = settled[i];
      return found === undefined ? [] : collision(parts, draft, found, owners);
    }),
  };
}
