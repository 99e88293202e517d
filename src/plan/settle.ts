import { BLOBS, type BlobName } from "../blob.js";
import { comparePaths, type Path } from "../json/pointer.js";
import {
  cutMiddle,
  foldName,
  longName,
  MAX_NAME_BYTES,
  type NameScope,
  type Naming,
  pathHash,
  plainName,
  tableNames,
} from "./names.js";

/** A path that wants a name in a table. */
export interface NameWish {
  readonly blob: BlobName;
  readonly path: Path;
  /** The name that a schema records for it. It stands as it is. */
  readonly published?: string | undefined;
}

export interface SettleOptions {
  readonly naming: Naming;
  /** Names that nobody may get: of key, computed and residual columns, old names, retired names. */
  readonly taken: Iterable<string>;
  /** Set for the values of a family, whose paths are relative to the member; else the scope is the blob of the path. */
  readonly scope?: "value";
}

/** The name that a path got. */
export interface SettledName {
  readonly name: string;
  /** The name it would have alone; the same as `name` unless another path or a name in `taken` has it. */
  readonly wanted: string;
}

const HASH_LENGTHS = [6, 8, 12, 16, 32, 64];

const blobOrder = (wish: NameWish): number => BLOBS.indexOf(wish.blob);

/** How far keys are from a name: lower-case letters, digits and `_`; the same with W&B's `/`; anything else. */
function tidiness(path: Path): number {
  if (path.every((key) => /^[a-z0-9_]+$/.test(key))) return 0;
  return path.every((key) => /^[a-z0-9_/]+$/.test(key)) ? 1 : 2;
}

/** A wish with the names that it leads to. */
interface Claim {
  readonly wish: NameWish;
  readonly scope: NameScope;
  readonly long: string;
  /** Whether the name is that of the keys alone, without the blob's name put before it. */
  readonly bare: boolean;
}

/** Who keeps a name: the literal key before the nested one, the bare before the prefixed, the tidier; then blob and path. */
function precedence(a: Claim, b: Claim): number {
  return (
    a.wish.path.length - b.wish.path.length ||
    Number(b.bare) - Number(a.bare) ||
    tidiness(a.wish.path) - tidiness(b.wish.path) ||
    blobOrder(a.wish) - blobOrder(b.wish) ||
    comparePaths(a.wish.path, b.wish.path)
  );
}

function withHash(long: string, hash: string, naming: Naming): string {
  const tail = `${naming === "snake" ? "_" : "."}${hash}`;
  return cutMiddle(long, MAX_NAME_BYTES - tail.length) + tail;
}

function firstFree(used: ReadonlySet<string>, wanted: string, hashed: (length: number) => string): string {
  if (!used.has(foldName(wanted))) return wanted;
  for (const length of HASH_LENGTHS) {
    const name = hashed(length);
    if (!used.has(foldName(name))) return name;
  }
  throw new RangeError(`Two paths have one digest: ${wanted}`);
}

function claimOf(wish: NameWish, options: SettleOptions, taken: ReadonlySet<string>): Claim {
  const scope: NameScope = options.scope ?? wish.blob;
  const reserved = options.scope === "value" ? taken : tableNames(scope);
  const long = longName(scope, wish.path, options.naming, reserved);
  return { wish, scope, long, bare: long === plainName(scope, wish.path, options.naming) };
}

/**
 * Gives every path of one table its name, in the order of the wishes. A published name stands; any other path gets the
 * name of `columnName`, and where it is taken, regardless of case, that name and a short hash of blob and pointer. So the
 * result does not depend on the order of the wishes, and adding a path never changes a published name.
 */
export function settle(wishes: readonly NameWish[], options: SettleOptions): SettledName[] {
  const { naming } = options;
  const taken = new Set([...options.taken].map(foldName));
  const used = new Set(taken);
  for (const wish of wishes) if (wish.published !== undefined) used.add(foldName(wish.published));
  const settled = new Map<NameWish, SettledName>();
  const claims = wishes.map((wish) => claimOf(wish, options, taken)).sort(precedence);
  for (const { wish, scope, long } of claims) {
    if (wish.published !== undefined) {
      settled.set(wish, { name: wish.published, wanted: wish.published });
      continue;
    }
    const wanted = cutMiddle(long);
    const name = firstFree(used, wanted, (length) => withHash(long, pathHash(scope, wish.path, length), naming));
    used.add(foldName(name));
    settled.set(wish, { name, wanted });
  }
  return wishes.map((wish) => settled.get(wish) ?? { name: "", wanted: "" });
}
