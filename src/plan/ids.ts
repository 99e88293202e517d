import { digest } from "./digest.js";

/** Ids are Parquet field ids: 31 bits, and 0 means none. */
export const MAX_ID = 0x7fffffff;

/**
 * The id that a column has unless it is taken: the first 31 bits of the digest of table, blob and JSON Pointer, 1 in
 * place of 0. Key, computed, residual and family value columns have the blob "" and their name as pointer.
 */
export function derivedId(table: string, blob: string, pointer: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = digest([table, blob, pointer]);
  return ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d || 1;
}

/** A column that wants an id within one table. */
export interface IdWish {
  /** The id that a schema records for it; it stands as it is. */
  readonly given?: number | undefined;
  readonly derived: number;
}

const next = (id: number): number => (id >= MAX_ID ? 1 : id + 1);

/**
 * Gives the columns of one table their ids. A given id stands. Any other column gets its derived id or, where that is
 * given, retired or got by an earlier wish, the next free one; 1 follows the largest.
 */
export function allocateIds(wishes: readonly IdWish[], retired: Iterable<number>): number[] {
  const used = new Set(retired);
  for (const wish of wishes) if (wish.given !== undefined) used.add(wish.given);
  return wishes.map((wish) => {
    if (wish.given !== undefined) return wish.given;
    let id = wish.derived;
    while (used.has(id)) id = next(id);
    used.add(id);
    return id;
  });
}
