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

/** Order of texts by their UTF-8 bytes: the order of DuckDB, Postgres' C collation and Parquet. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
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
