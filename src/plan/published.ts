import { type Locator, SchemaError } from "../errors.js";
import type { ResolvedSchema } from "../schema/resolve.js";
import type { Retired } from "../schema/x-column.js";
import { foldName, MAX_NAME_BYTES } from "./names.js";

/** What the schemas record of one table's columns, and what the table has of itself. */
export interface TableRecord {
  readonly table: string;
  /** Names and derived ids of key, computed and residual columns. */
  readonly fixed: readonly { readonly name: string; readonly id: number }[];
  /** Declared columns. */
  readonly columns: readonly ResolvedSchema[];
  /** Declared places that are no columns but keep an id or names they once had. */
  readonly withdrawn: readonly ResolvedSchema[];
  readonly retired: readonly Retired[];
}

/** Ids and names that no column may be given. */
export interface Unavailable {
  readonly ids: readonly number[];
  readonly names: readonly string[];
}

function refuse(code: string, message: string, where: Locator, next: string): never {
  throw new SchemaError(code, message, { where, next });
}

const placeOf = (schema: ResolvedSchema, key: string): Locator => schema.xColumnWhere.get(key) ?? schema.where;

function checkName(name: string, where: Locator): void {
  const bytes = Buffer.byteLength(name, "utf8");
  if (name !== "" && bytes <= MAX_NAME_BYTES && !name.includes("\u0000") && !/\p{Surrogate}/u.test(name)) return;
  refuse(
    "schema/name",
    `The name ${JSON.stringify(name)} cannot be a column: it has ${bytes} bytes, or characters that SQL refuses.`,
    where,
    `Write 1 to ${MAX_NAME_BYTES} bytes of UTF-8 without U+0000.`,
  );
}

function checkNames(record: TableRecord): void {
  const owners = new Map<string, string>();
  for (const { name } of record.fixed) owners.set(foldName(name), "a column that the table always has");
  for (const { name } of record.retired) owners.set(foldName(name), "a retired column");
  for (const { xColumn } of record.withdrawn) {
    if (xColumn.name !== undefined) owners.set(foldName(xColumn.name), "a path that was a column once");
  }
  for (const schema of record.columns) {
    const { name } = schema.xColumn;
    if (name === undefined) continue;
    const where = placeOf(schema, "name");
    checkName(name, where);
    const owner = owners.get(foldName(name));
    if (owner !== undefined) {
      refuse("schema/name", `${record.table}.${name} is taken by ${owner}.`, where, "Choose another x-column.name.");
    }
    owners.set(foldName(name), "another column; names are compared without regard to case");
  }
  checkOldNames(record, owners);
}

function checkOldNames(record: TableRecord, owners: ReadonlyMap<string, string>): void {
  for (const schema of record.columns) {
    for (const old of schema.xColumn.was ?? []) {
      const owner = owners.get(foldName(old));
      if (owner === undefined) continue;
      refuse(
        "schema/name",
        `The old name ${old} in ${record.table} is taken by ${owner}.`,
        placeOf(schema, "was"),
        "An old name is never used again: rename the other column.",
      );
    }
  }
}

function checkIds(record: TableRecord): void {
  const owners = new Map<number, string>();
  for (const { id, name } of record.fixed) owners.set(id, name);
  for (const { id, name } of record.retired) owners.set(id, `${name}, which is retired`);
  for (const schema of [...record.columns, ...record.withdrawn]) {
    const { id, name } = schema.xColumn;
    if (id === undefined) continue;
    const owner = owners.get(id);
    if (owner !== undefined) {
      refuse(
        "schema/id-taken",
        `The id ${id} in ${record.table} is that of ${owner}.`,
        placeOf(schema, "id"),
        "Set another x-column.id: any number from 1 to 2147483647 that is free.",
      );
    }
    owners.set(id, name ?? "another column");
  }
}

/**
 * Checks what the schemas record of a table and gives what no column may get: retired and withdrawn ids, and all old,
 * retired, withdrawn and fixed names.
 * @throws SchemaError `schema/name` when two columns have one name, regardless of case, when a name is an old, retired or
 * fixed one, is empty, over 63 bytes, or has U+0000; `schema/id-taken` when an id is given twice, retired, or a fixed column's.
 */
export function checkPublished(record: TableRecord): Unavailable {
  checkNames(record);
  checkIds(record);
  const withdrawn = record.withdrawn.map((schema) => schema.xColumn);
  const ids = [...record.retired.map((item) => item.id), ...withdrawn.flatMap((item) => item.id ?? [])];
  const old = [...record.columns.map((schema) => schema.xColumn), ...withdrawn].flatMap((item) => item.was ?? []);
  const names = [
    ...record.fixed.map((item) => item.name),
    ...record.retired.map((item) => item.name),
    ...withdrawn.flatMap((item) => item.name ?? []),
    ...old,
  ];
  return { ids, names };
}
