import type { BlobName } from "../blob.js";
import { parsePointer } from "../json/pointer.js";
import { fitsOf } from "../plan/fits.js";
import type { Column, Plan, ScalarType, Table } from "../plan/plan.js";
import { elementType } from "../plan/type.js";
import type { DeclaredPaths } from "../profile/infer-declared.js";
import { type Counts, classesOf, groupCounts, valueCount } from "../profile/infer-kinds.js";
import type { PathProfile, Profile } from "../profile/profile.js";
import { outcomeOf } from "./paths.js";
import type { ColumnEntry } from "./schema.js";
import { isUnlisted, profileAt, unlistedMembers, walkProfile } from "./walk.js";

type Fill = Pick<ColumnEntry, "filled" | "filled_at_least" | "nulls" | "misfits" | "misfit_types" | "misfits_at_most">;

const NOTHING: Fill = { filled: 0, nulls: 0, misfits: 0, misfit_types: {} };

/** The counts of what does not fit a scalar type; nulls aside. */
function misfitCounts(type: ScalarType, zone: Column["zone"], counts: Counts): Counts {
  const fitting = fitsOf(type, zone);
  return Object.fromEntries(classesOf(counts).filter(([name]) => name !== "null" && !fitting.has(name)));
}

const isListClass = (name: string): boolean => name === "list" || name === "empty_list";

function listMisfits(
  element: ScalarType,
  zone: Column["zone"],
  node: PathProfile,
): { counts: Counts; atMost: boolean } {
  const others = Object.fromEntries(classesOf(node.counts).filter(([name]) => name !== "null" && !isListClass(name)));
  const elements = valueCount(misfitCounts(element, zone, node.items?.counts ?? {}));
  const lists = Math.min(elements, node.counts.list ?? 0);
  return lists === 0 ? { counts: others, atMost: false } : { counts: { ...others, list: lists }, atMost: lists > 1 };
}

/** How a column fares with the values of one path. */
export function fillOf(column: Pick<Column, "type" | "zone">, node: PathProfile): Fill {
  const element = elementType(column.type);
  const { counts, atMost } =
    element === undefined
      ? { counts: misfitCounts(column.type as ScalarType, column.zone, node.counts), atMost: false }
      : listMisfits(element, column.zone, node);
  const nulls = node.counts.null ?? 0;
  const misfits = valueCount(counts);
  const fill = { filled: valueCount(node.counts) - nulls - misfits, nulls, misfits, misfit_types: groupCounts(counts) };
  return atMost ? { ...fill, misfits_at_most: true } : fill;
}

function addFills(a: Fill, b: Fill): Fill {
  const types = new Map(Object.entries(a.misfit_types));
  for (const [group, count] of Object.entries(b.misfit_types)) types.set(group, (types.get(group) ?? 0) + count);
  const sum = {
    filled: a.filled + b.filled,
    nulls: a.nulls + b.nulls,
    misfits: a.misfits + b.misfits,
    misfit_types: Object.fromEntries(types),
  };
  return a.misfits_at_most || b.misfits_at_most ? { ...sum, misfits_at_most: true } : sum;
}

/** The blob whose records are the rows of a table. */
const ROWS_OF: Partial<Record<Table["kind"], BlobName>> = {
  runs: "run",
  history: "history",
  system_metrics: "system_event",
  sweeps: "sweep",
};

const head = (table: Table, column: Column) => ({
  table: table.name,
  column: column.name,
  id: column.id,
  type: column.type,
  ...(column.blob === undefined ? {} : { blob: column.blob }),
});

/** What the members of families put into their columns, by column id. */
function familyFills(profile: Profile, declared: DeclaredPaths): Map<number, Fill> {
  const fills = new Map<number, Fill>();
  for (const { blob, path, node } of walkProfile(profile)) {
    const standing = declared.at(blob, path);
    if (standing.kind !== "member") continue;
    const outcome = outcomeOf(standing);
    if (outcome?.decision !== "promoted" || outcome.inside) continue;
    const { id } = outcome.column;
    fills.set(id, addFills(fills.get(id) ?? NOTHING, fillOf(outcome.column, node)));
  }
  return fills;
}

const atLeast = (fill: Fill, applies: boolean): Fill => (applies ? { ...fill, filled_at_least: true } : fill);

/** Fill and misfits of every column that is read from the data, in the order of the plan. */
export function columnEntries(plan: Plan, profile: Profile, declared: DeclaredPaths): ColumnEntry[] {
  const members = familyFills(profile, declared);
  const blobs = new Set<BlobName>();
  for (const { blob, path } of unlistedMembers(profile)) {
    if (["container", "member"].includes(declared.at(blob, path).kind)) blobs.add(blob);
  }
  return plan.tables.flatMap((table) => {
    const memberIds = new Set(table.families.flatMap((family) => family.values.map((column) => column.id)));
    const rowsBlob = ROWS_OF[table.kind];
    const rows = rowsBlob === undefined ? 0 : (profile.blobs[rowsBlob]?.records ?? 0);
    return table.columns.flatMap((column): ColumnEntry[] => {
      if (memberIds.has(column.id)) {
        const unlisted = table.families.some((family) => blobs.has(family.blob));
        const fill = atLeast(members.get(column.id) ?? NOTHING, unlisted);
        return [{ ...head(table, column), rows: fill.filled + fill.nulls + fill.misfits, ...fill }];
      }
      if (column.blob === undefined || column.computed === true) return [];
      const path = column.path ?? "";
      const node = profileAt(profile, column.blob, parsePointer(path));
      const unlisted = node === undefined && isUnlisted(profile, column.blob, parsePointer(path));
      const fill = atLeast(node === undefined ? NOTHING : fillOf(column, node), unlisted);
      return [{ ...head(table, column), path, rows, ...fill }];
    });
  });
}
