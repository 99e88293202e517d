import { type Locator, SchemaError } from "../errors.js";
import type { Finding } from "../finding.js";
import { formatPointer } from "../json/pointer.js";
import type { Retired } from "../schema/x-column.js";
import { buildTable } from "./build-table.js";
import { familyKeys, recordKeys } from "./family-keys.js";
import { pathTemplate, refuseMixedRows } from "./family-rows.js";
import { MAX_NAME_BYTES, type Naming } from "./names.js";
import type { Column, Family, Table } from "./plan.js";
import { LEADING_TABLES, SYSTEM_METRIC_KEYS, SYSTEM_METRIC_VALUE, TRAILING_TABLES } from "./tables.js";
import type { ColumnDraft, FamilyDraft } from "./walk.js";

const SYSTEM_METRICS = "system_metrics";
const TABLE_NAME = /^[a-z][a-z0-9_]*$/;

function refuse(code: string, message: string, where: Locator, next: string): never {
  throw new SchemaError(code, message, { where, next });
}

function checkTableName(family: FamilyDraft): void {
  const { table, where } = family;
  if (!TABLE_NAME.test(table) || table.length > MAX_NAME_BYTES) {
    refuse(
      "schema/family-table",
      `${JSON.stringify(table)} is no table name.`,
      where,
      "Use a-z, 0-9 and _, at most 63, a letter first.",
    );
  }
  if ([...LEADING_TABLES, ...TRAILING_TABLES].some((layout) => layout.name === table)) {
    refuse("schema/family-table", `The table ${table} takes no families.`, where, "Choose another table name.");
  }
}

function checkSystemMetrics(family: FamilyDraft): void {
  const { where, keysWhere } = family;
  if (family.blob !== "system_event" && family.blob !== "system_metrics") {
    refuse(
      "schema/family-table",
      `A family of ${family.blob} cannot fill system_metrics.`,
      where,
      "Choose another table name.",
    );
  }
  const known = SYSTEM_METRIC_KEYS.map((key) => key.name);
  const odd = [...family.keys].find(([name, type]) => !known.includes(name) || type !== "string");
  if (odd !== undefined) {
    refuse(
      "schema/family-keys",
      `system_metrics has no ${odd[1]} key ${odd[0]}.`,
      keysWhere,
      `Its keys are ${known.join(", ")}, each a string.`,
    );
  }
  const [value, more] = family.values;
  const named = ["name", "id", "was"].find((key) => value?.schema.xColumnWhere.has(key));
  if (named !== undefined) {
    refuse(
      "schema/family",
      `The value column of system_metrics is fixed; x-column.${named} cannot change it.`,
      value?.schema.xColumnWhere.get(named) ?? where,
      "Remove it.",
    );
  }
  if (value?.path.length !== 0 || value.type !== "float64" || more !== undefined) {
    refuse("schema/family", "system_metrics holds one number a row.", where, 'Write "type": "number" for the pattern.');
  }
}

/** The families of a plan, by table; those of `system_metrics` apart. */
export interface FamilyGroups {
  readonly systemMetrics: readonly FamilyDraft[];
  /** In ascending order of table name. */
  readonly tables: ReadonlyMap<string, readonly FamilyDraft[]>;
}

/** Sorts families by table and checks that their tables can hold them. @throws SchemaError `schema/family-table`, … */
export function groupFamilies(families: readonly FamilyDraft[]): FamilyGroups {
  const systemMetrics = families.filter((family) => family.table === SYSTEM_METRICS);
  for (const family of systemMetrics) checkSystemMetrics(family);
  refuseMixedRows(SYSTEM_METRICS, systemMetrics);
  const tables = new Map<string, FamilyDraft[]>();
  for (const family of families) {
    if (family.table === SYSTEM_METRICS) continue;
    checkTableName(family);
    tables.set(family.table, [...(tables.get(family.table) ?? []), family]);
  }
  return { systemMetrics, tables: new Map([...tables].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function toFamily(family: FamilyDraft, values: readonly Column[]): Family {
  const { blob, path, description } = family;
  return { blob, path: [...path], values: [...values], ...(description === "" ? {} : { description }) };
}

/** The families of `system_metrics`; their value is the column `value` of the table. */
export function systemMetricFamilies(families: readonly FamilyDraft[], value: Column): Family[] {
  return families.map((family) => toFamily(family, [{ ...value, blob: family.blob }]));
}

/** `value` of `system_metrics`, with the id that its name gives. */
export function systemMetricValue(id: number): Column {
  const { name, type, description } = SYSTEM_METRIC_VALUE;
  return { id, name, type, blob: "system_event", path: "", description };
}

interface Values {
  /** One draft a column, in the order of the first family that has it. */
  readonly drafts: readonly ColumnDraft[];
  readonly columnOf: (draft: ColumnDraft) => string;
}

/** Families of one table share the columns of equal relative path. */
function sharedValues(families: readonly FamilyDraft[]): Values {
  const byPath = new Map<string, ColumnDraft>();
  for (const family of families) {
    for (const draft of family.values) {
      const key = formatPointer(draft.path);
      const first = byPath.get(key) ?? draft;
      if (first.type !== draft.type) {
        refuse(
          "schema/family",
          `${family.table} has ${first.type} and ${draft.type} at ${key || "its value"}.`,
          draft.schema.where,
          "Give both patterns one type, or another table.",
        );
      }
      const { name } = draft.schema.xColumn;
      if (name !== undefined && first !== draft && first.schema.xColumn.name !== name) {
        refuse(
          "schema/family",
          `${family.table} has two names for ${key || "its value"}.`,
          draft.schema.where,
          "Give both patterns one x-column.name.",
        );
      }
      byPath.set(key, first);
    }
  }
  return { drafts: [...byPath.values()], columnOf: (draft) => formatPointer(draft.path) };
}

function describe(families: readonly FamilyDraft[]): string {
  const said = families.map((family) => family.description).find((text) => text !== "");
  const [first] = families;
  return said ?? (first === undefined ? "" : `One row for each ${pathTemplate(first)} in ${first.blob}.`);
}

/**
 * The table that some families fill.
 * @throws SchemaError `schema/family-table`, `schema/family-keys` or `schema/family` when their rows, keys or values do not
 * go together.
 */
export function familyTable(
  name: string,
  families: readonly FamilyDraft[],
  options: { readonly naming: Naming; readonly retired: readonly Retired[] },
): { table: Table; findings: readonly Finding[] } {
  const fixed = [...recordKeys(name, families), ...familyKeys(families)];
  refuseMixedRows(name, families);
  const values = sharedValues(families);
  const built = buildTable({
    name,
    fixed,
    residuals: [],
    drafts: values.drafts,
    scope: "value",
    withdrawn: [],
    ...options,
  });
  const columns = new Map(values.drafts.map((draft, i) => [values.columnOf(draft), built.declared[i]]));
  const valuesOf = (family: FamilyDraft): Column[] =>
    family.values.flatMap((draft) => {
      const column = columns.get(values.columnOf(draft));
      return column === undefined ? [] : [{ ...column, blob: family.blob }];
    });
  const table: Table = {
    name,
    kind: "family",
    description: describe(families),
    key: fixed.map((column) => column.name),
    columns: [...built.fixed, ...built.declared],
    residuals: [],
    families: families.map((family) => toFamily(family, valuesOf(family))),
  };
  return { table, findings: built.findings };
}
