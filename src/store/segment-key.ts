import { type Static, Type } from "@sinclair/typebox";

/**
 * Place of a row in the order of a segment: by entity, project, run_id, log, step, ordinal. `step` (history) is the
 * decimal digits of an int64; `ordinal` is there for history and system_event.
 */
export const SegmentKeySchema = Type.Object(
  {
    entity: Type.String(),
    project: Type.String(),
    run_id: Type.String(),
    log: Type.String(),
    step: Type.Optional(Type.String({ pattern: "^-?[0-9]{1,19}$" })),
    ordinal: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
);
export type SegmentKey = Static<typeof SegmentKeySchema>;

/** Moves surrogates, which stand for code points beyond U+FFFF, behind the rest of the code units. */
const rankOf = (unit: number): number => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

/** Order of texts by their UTF-8 bytes: the order of DuckDB, Postgres' C collation and Parquet. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rankOf(x) - rankOf(y);
  }
  return a.length - b.length;
}

/** Order of keys of one kind. Negative when `a` comes first, 0 when equal. */
export function compareKeys(a: SegmentKey, b: SegmentKey): number {
  const logs =
    compareText(a.entity, b.entity) ||
    compareText(a.project, b.project) ||
    compareText(a.run_id, b.run_id) ||
    compareText(a.log, b.log);
  if (logs !== 0) return logs;
  const x = BigInt(a.step ?? 0);
  const y = BigInt(b.step ?? 0);
  if (x !== y) return x < y ? -1 : 1;
  return (a.ordinal ?? 0) - (b.ordinal ?? 0);
}
