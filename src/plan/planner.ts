import { BLOBS, type BlobName } from "../blob.js";
import type { Finding } from "../finding.js";
import type { Registry } from "../schema/registry.js";
import type { ResolvedSchema } from "../schema/resolve.js";
import { type BuiltTable, buildTable } from "./build-table.js";
import { type FamilyGroups, familyTable, groupFamilies, systemMetricFamilies, systemMetricValue } from "./families.js";
import type { Naming } from "./names.js";
import type { Column, Plan, Table } from "./plan.js";
import { type FixedColumn, LEADING_TABLES, SYSTEM_METRIC_VALUE, type TableLayout, TRAILING_TABLES } from "./tables.js";
import { type BlobDraft, walkBlob } from "./walk.js";

export interface PlanOptions {
  /** Style of the names that no schema records. */
  readonly naming: Naming;
}

/** A plan, and what is worth knowing of how it came about. */
export interface Planned {
  readonly plan: Plan;
  /** `column/collision`: paths that could not have the name they wanted. */
  readonly findings: readonly Finding[];
}

type Drafts = ReadonlyMap<BlobName, BlobDraft>;

interface PlannedTable {
  readonly table: Table;
  readonly findings: readonly Finding[];
}

/** Columns in table order: those that come first, the others as they are, those that come last. */
function ordered(layout: TableLayout, columns: readonly Column[]): Column[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const named = (names: readonly string[]): Column[] => names.flatMap((name) => byName.get(name) ?? []);
  const first = named(layout.first);
  const last = named(layout.last);
  const placed = new Set([...first, ...last]);
  return [...first, ...columns.filter((column) => !placed.has(column)), ...last];
}

/** Declared places of these blobs that once were columns: their ids and names are not free. */
function withdrawnOf(layout: TableLayout, drafts: Drafts): ResolvedSchema[] {
  const schemas = layout.blobs.flatMap((blob) => drafts.get(blob)?.serialized.map((item) => item.schema) ?? []);
  return schemas.filter(({ xColumn }) => xColumn.id !== undefined || xColumn.name !== undefined);
}

function fixedOf(layout: TableLayout): readonly FixedColumn[] {
  return layout.kind === "system_metrics" ? [...layout.fixed, SYSTEM_METRIC_VALUE] : layout.fixed;
}

function columnsOf(layout: TableLayout, built: BuiltTable): Column[] {
  const isValue = (column: Column): boolean =>
    layout.kind === "system_metrics" && column.name === SYSTEM_METRIC_VALUE.name;
  const fixed = built.fixed.map((column) => (isValue(column) ? systemMetricValue(column.id) : column));
  return ordered(layout, [...fixed, ...built.declared]);
}

function layoutTable(
  layout: TableLayout,
  drafts: Drafts,
  families: FamilyGroups,
  registry: Registry,
  naming: Naming,
): PlannedTable {
  const built = buildTable({
    name: layout.name,
    fixed: fixedOf(layout),
    residuals: layout.residuals,
    drafts: layout.blobs.flatMap((blob) => drafts.get(blob)?.columns ?? []),
    withdrawn: withdrawnOf(layout, drafts),
    retired: registry.retired.filter((item) => item.table === layout.name),
    naming,
  });
  const { name, kind, description, key } = layout;
  const columns = columnsOf(layout, built);
  const value = columns.find((column) => column.name === SYSTEM_METRIC_VALUE.name);
  const table: Table = {
    name,
    kind,
    description,
    key: [...key],
    columns,
    residuals: [...built.residuals],
    families:
      kind === "system_metrics" && value !== undefined ? systemMetricFamilies(families.systemMetrics, value) : [],
  };
  return { table, findings: built.findings };
}

function walkAll(registry: Registry): Drafts {
  return new Map(BLOBS.map((blob) => [blob, walkBlob(blob, registry.root(blob))]));
}

/**
 * Makes the column plan of a project from its schemas. Pure: same schemas, same plan, whatever the order of the files.
 * Tables `runs`, `history`, `system_metrics`, `sweeps`, one for each `x-column.table` of families in ascending order,
 * `misfits`, `columns`. Columns stand in the order of key, life, then blob after blob in the order in which the schemas
 * declare them, built-in schemas first. A member that is declared by name is no member of a family.
 * @throws SchemaError with file, line, column and next step: `schema/name`, `schema/id-taken`, `schema/family`,
 * `schema/family-pattern`, `schema/family-keys`, `schema/family-table`, `schema/x-column-type`.
 */
export function planColumns(registry: Registry, options: PlanOptions): Planned {
  const { naming } = options;
  const drafts = walkAll(registry);
  const families = groupFamilies([...drafts.values()].flatMap((draft) => draft.families));
  const layouts = (list: readonly TableLayout[]): PlannedTable[] =>
    list.map((layout) => layoutTable(layout, drafts, families, registry, naming));
  const planned = [
    ...layouts(LEADING_TABLES),
    ...[...families.tables].map(([name, group]) =>
      familyTable(name, group, { naming, retired: registry.retired.filter((item) => item.table === name) }),
    ),
    ...layouts(TRAILING_TABLES),
  ];
  const plan: Plan = {
    format: 1,
    naming,
    tables: planned.map((item) => item.table),
    serialized: [...drafts.values()].flatMap((draft) => draft.serialized.map((item) => item.entry)),
    retired: registry.retired.map(({ id, table, name }) => ({ id, table, name })),
  };
  return { plan, findings: planned.flatMap((item) => item.findings) };
}
