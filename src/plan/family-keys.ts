import { type BlobName, RECORD_BLOBS, RECORD_KINDS, type RecordKind } from "../blob.js";
import { type Locator, SchemaError } from "../errors.js";
import type { KeyType } from "../schema/x-column.js";
import { foldName, MAX_NAME_BYTES } from "./names.js";
import { type FixedColumn, ORDINAL_KEY, RUN_KEY, STEP_KEY, SWEEP_KEY } from "./tables.js";
import type { FamilyDraft } from "./walk.js";
import { SYSTEM_COLUMNS } from "./words.js";

/** What rows of a family carry before the family's own keys, by the kind of record they come from. */
const RECORD_KEYS: Record<RecordKind, readonly FixedColumn[]> = {
  run: RUN_KEY,
  history: [...RUN_KEY, ...STEP_KEY],
  system_event: [...RUN_KEY, ...ORDINAL_KEY],
  sweep: SWEEP_KEY,
};

const RECORD_KEY_NAMES: ReadonlySet<string> = new Set(
  Object.values(RECORD_KEYS).flatMap((keys) => keys.map((key) => foldName(key.name))),
);

const KEY_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function refuseKeys(family: FamilyDraft, message: string, next: string): never {
  throw new SchemaError("schema/family-keys", message, { where: family.keysWhere, next });
}

function refuseTable(where: Locator, message: string, next: string): never {
  throw new SchemaError("schema/family-table", message, { where, next });
}

function kindOf(blob: BlobName): RecordKind {
  const kind = RECORD_KINDS.find((item) => (RECORD_BLOBS[item] as readonly BlobName[]).includes(blob));
  if (kind === undefined) throw new RangeError(`No record has the blob ${blob}`);
  return kind;
}

/**
 * The key columns that rows of these families have from their record.
 * @throws SchemaError `schema/family-table` when the families are of two kinds of records.
 */
export function recordKeys(table: string, families: readonly FamilyDraft[]): readonly FixedColumn[] {
  const kinds = new Map(families.map((family) => [kindOf(family.blob), family]));
  const [first, second] = [...kinds];
  if (first === undefined) throw new RangeError(`No family fills ${table}`);
  if (second !== undefined) {
    refuseTable(
      second[1].where,
      `Families of ${first[0]} and of ${second[0]} records cannot share ${table}.`,
      "Give one of them another table.",
    );
  }
  return RECORD_KEYS[first[0]];
}

/** Why a key column cannot have this name; undefined when it can. */
function nameObstacle(name: string): string | undefined {
  if (!KEY_NAME.test(name)) return "it is not of letters, digits and _";
  if (name.length > MAX_NAME_BYTES) return `it has more than ${MAX_NAME_BYTES} letters`;
  if (RECORD_KEY_NAMES.has(foldName(name))) return "it is a key of records";
  if (SYSTEM_COLUMNS.has(foldName(name))) return "databases keep a column of that name";
  return undefined;
}

interface Key {
  readonly name: string;
  readonly type: KeyType;
}

function refuseOther(family: FamilyDraft, known: Key, { name, type }: Key): void {
  const { table } = family;
  if (known.name !== name) {
    const next = "Spell both the same way, or give one of them another name.";
    refuseKeys(family, `The keys ${known.name} and ${name} of ${table} differ in case only.`, next);
  }
  if (known.type !== type) {
    refuseKeys(family, `The key ${name} of ${table} is both string and int64.`, "Give it one type.");
  }
}

function refuseUnfilled(family: FamilyDraft, keys: Iterable<Key>): void {
  const unfilled = [...keys].find(({ name, type }) => type === "int64" && !family.groups.includes(name));
  if (unfilled === undefined) return;
  refuseKeys(
    family,
    `No group fills the int64 key ${unfilled.name} of ${family.table}.`,
    "Make the key a string, or give this family another table.",
  );
}

/**
 * The key columns that the families of one table declare, in the order of the schema. Names of record keys of any kind,
 * names that databases keep for themselves and names that differ in case only are no keys.
 * @throws SchemaError `schema/family-keys`.
 */
export function familyKeys(families: readonly FamilyDraft[]): FixedColumn[] {
  const found = new Map<string, Key>();
  for (const family of families) {
    for (const [name, type] of family.keys) {
      const why = nameObstacle(name);
      if (why !== undefined) {
        const next = "Use letters, digits and _, at most 63, and no name of a record's key.";
        refuseKeys(family, `${JSON.stringify(name)} cannot be a key of ${family.table}: ${why}.`, next);
      }
      const key = { name, type };
      const known = found.get(foldName(name)) ?? key;
      refuseOther(family, known, key);
      found.set(foldName(name), known);
    }
  }
  for (const family of families) refuseUnfilled(family, found.values());
  return [...found.values()].map(({ name, type }) => ({
    name,
    type,
    description: `Key of the family: the group ${name} of the name.`,
  }));
}
