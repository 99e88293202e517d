import { compileKind } from "../engines/duckdb/compile.js";
import { shapeRecord } from "../flatten/shape.js";
import type { Plan } from "../plan/plan.js";
import { emptyProfile } from "../profile/merge.js";
import type { RawStore } from "../store/raw-store.js";
import { liveRelation } from "./live-segments.js";

/** One query that fills a table. */
export interface PlannedQuery {
  readonly table: string;
  readonly kind: "run" | "history" | "system_event";
  readonly sql: string;
}

const KINDS = ["run", "history", "system_event"] as const;

/** The raw rows of a kind; without a store, of the files that a first import would write. */
function sourceOf(store: RawStore | undefined, kind: PlannedQuery["kind"]): string {
  const source = store === undefined ? undefined : liveRelation(store, kind);
  return source ?? `read_parquet('raw/${kind}/*.parquet')`;
}

/**
 * The queries that DuckDB runs to fill the tables of a plan from what the store holds now: records whose text is unusual
 * are not in them but in the condition on which they are left out, and are flattened one by one. Cells that the store
 * computes, such as history_rows, are joined when the queries run and NULL here.
 */
export async function planQueries(plan: Plan, store: RawStore | undefined): Promise<PlannedQuery[]> {
  const queries: PlannedQuery[] = [];
  for (const kind of KINDS) {
    const profile = store === undefined ? emptyProfile() : await store.profile([kind]);
    const relations = { source: sourceOf(store, kind), facts: undefined };
    const { clean } = compileKind(shapeRecord(plan, kind), profile, relations);
    for (const [table, sql] of clean) queries.push({ table, kind, sql });
  }
  return queries;
}
