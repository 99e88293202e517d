import { LARGE_BYTES } from "../engines/duckdb/prove.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import { formatPointer } from "../json/pointer.js";
import { HAZARD, type Profile, UNUSABLE } from "../profile/profile.js";
import { NO_TWINS, type TwinCandidate, type Twins, twinCandidates, twinsOf } from "../profile/twins.js";
import type { RawStore } from "../store/raw-store.js";
import type { Environment, Limits } from "./environment.js";
import { liveRelation } from "./live-segments.js";
import { withSession } from "./run-records.js";

/** Texts that DuckDB's JSON functions do not read as they are; where one or a long one occurs nothing is proven of its blob. */
const UNREADABLE = HAZARD.LONE_SURROGATE | HAZARD.NUL | HAZARD.DEEP;

/** The candidates of one blob whose values are equal in every run. */
async function proven(
  session: Session,
  source: string,
  candidates: readonly TwinCandidate[],
): Promise<TwinCandidate[]> {
  const [first] = candidates;
  if (first === undefined) return [];
  const blob = quoteIdentifier(first.blob);
  const hazards = quoteIdentifier(`${first.blob}_hazards`);
  const safe = `CASE WHEN (${hazards} & ${UNUSABLE}) = 0 THEN ${blob} END`;
  const list = (paths: readonly (readonly string[])[]): string =>
    `[${paths.map((path) => quoteLiteral(formatPointer(path))).join(", ")}]`;
  const columns = [
    `unnest(json_extract(${safe}, ${list(candidates.map((item) => item.path))})::VARCHAR[]) AS a`,
    `unnest(json_extract(${safe}, ${list(candidates.map((item) => item.twin))})::VARCHAR[]) AS b`,
    `unnest(range(${candidates.length})) AS i`,
  ];
  const pairs = `SELECT ${columns.join(", ")} FROM ${source} WHERE ${blob} IS NOT NULL`;
  const rows = await session.rows(
    `SELECT i FROM (${pairs}) GROUP BY i HAVING bool_and(a IS NOT DISTINCT FROM b) ORDER BY i`,
  );
  return rows.flatMap(([i]) => candidates[Number(i)] ?? []);
}

/**
 * Finds paths whose values another path holds too, in every run: W&B's clients write a nested value under its literal
 * key as well, and nobody needs the column twice.
 */
export async function findTwins(store: RawStore, profile: Profile, limits: Limits, env: Environment): Promise<Twins> {
  const candidates = twinCandidates(profile).filter(({ blob }) => {
    const about = profile.blobs[blob];
    return about !== undefined && (about.hazards & UNREADABLE) === 0 && about.maxBytes <= LARGE_BYTES;
  });
  const source = liveRelation(store, "run");
  if (candidates.length === 0 || source === undefined) return NO_TWINS;
  return withSession(env, limits, async (session) => {
    const found: TwinCandidate[] = [];
    for (const blob of new Set(candidates.map((item) => item.blob))) {
      const own = candidates.filter((item) => item.blob === blob);
      found.push(...(await proven(session, source, own)));
    }
    return twinsOf(found);
  });
}
