import { formatPointer } from "../json/pointer.js";
import type { Column } from "./plan.js";
import type { FixedColumn } from "./tables.js";
import type { ColumnDraft } from "./walk.js";

/** A copy without the members that are undefined; the order stays. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** The column of a declared path. Members stand in the order of `ColumnSchema`, so that equal plans have equal texts. */
export function declaredColumn(draft: ColumnDraft, id: number, name: string): Column {
  const { unit, since, until, source, sensitive, was } = draft.schema.xColumn;
  return defined({
    id,
    name,
    type: draft.type,
    blob: draft.blob,
    path: formatPointer(draft.path),
    zone: draft.zone,
    description: draft.schema.description,
    unit,
    since,
    until,
    source,
    sensitive: sensitive === true ? true : undefined,
    was: was === undefined || was.length === 0 ? undefined : [...was],
  }) as Column;
}

/** A key, computed or other column that no path fills. */
export function fixedColumn(fixed: FixedColumn, id: number): Column {
  const { name, type, computed, description, unit } = fixed;
  return defined({ id, name, type, computed, description, unit }) as Column;
}
