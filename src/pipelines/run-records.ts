import { join } from "node:path";
import { type BlobName, RECORD_BLOBS } from "../blob.js";
import { LARGE_BYTES } from "../engines/duckdb/prove.js";
import { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier } from "../engines/duckdb/types.js";
import { type JsonNode, JsonSyntaxError, readJson } from "../json/read.js";
import { HAZARD, UNUSABLE } from "../profile/profile.js";
import type { RunFact } from "../report/facts.js";
import { type LiveRun, runText } from "../store/live.js";
import type { RawStore } from "../store/raw-store.js";
import type { Environment, Limits } from "./environment.js";
import { liveRelation } from "./live-segments.js";
import { historyStatus } from "./run-facts.js";

/** An export may be at work beside it. */
const READING_SHARE = 0.2;

/** Opens an engine whose temporary folder is the system's, for what only reads. */
export async function withSession<T>(
  env: Environment,
  limits: Limits,
  act: (session: Session) => Promise<T>,
): Promise<T> {
  const temp = await env.files.mkdtemp(join(env.machine.temp, "wandb-columns-"));
  try {
    // The thread that asks is at work, too; one that only waits for another spins.
    const threads = Math.max(1, limits.threads - 1);
    const session = await Session.open({ memory: limits.memory * READING_SHARE, threads, temp });
    try {
      return await act(session);
    } finally {
      session.close();
    }
  } finally {
    await env.files.rm(temp, { recursive: true, force: true });
  }
}

interface RunRecord {
  readonly state: string | undefined;
  readonly started: string | undefined;
}

function stringMember(root: JsonNode, key: string): string | undefined {
  if (root.kind !== "object") return undefined;
  const value = root.members.find((member) => member.key === key)?.value;
  return value?.kind === "string" ? value.value : undefined;
}

/** State and start of a run in its blob; both undefined when the text is no JSON object. */
function runRecord(text: string): RunRecord {
  try {
    const root = readJson(text);
    return { state: stringMember(root, "state"), started: stringMember(root, "createdAt") };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { state: undefined, started: undefined };
  }
}

/** What a JSON text says if it is a string. */
function stringOf(value: unknown): string | undefined {
  return typeof value === "string" && value.startsWith('"') ? String(JSON.parse(value)) : undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** State and start by version. Texts that DuckDB cannot parse come whole and are read here. */
async function runRecords(session: Session, store: RawStore): Promise<Map<number, RunRecord>> {
  const source = liveRelation(store, "run");
  if (source === undefined) return new Map();
  const plain = `(run_hazards & ${UNUSABLE | HAZARD.LONE_SURROGATE | HAZARD.DEEP} = 0 AND strlen(run) <= ${LARGE_BYTES})`;
  const members = `json_extract(run, ['$.state', '$.createdAt'])::VARCHAR[]`;
  const query = `SELECT version, m[1], m[2], whole FROM (
    SELECT version, CASE WHEN ${plain} THEN ${members} END AS m, CASE WHEN NOT (${plain}) THEN '.' || run END AS whole
    FROM ${source})`;
  const rows = await session.rows(query);
  return new Map(
    rows.map(([version, state, started, whole]) => {
      const odd = text(whole);
      const record = { state: stringOf(state), started: stringOf(started) };
      return [Number(version), odd === undefined ? record : runRecord(odd.slice(1))];
    }),
  );
}

/** Bytes of JSON text by run, over all kinds. */
async function textBytes(session: Session, store: RawStore): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const kind of ["run", "history"] as const) {
    const source = liveRelation(store, kind);
    if (source === undefined) continue;
    const blobs: readonly BlobName[] = RECORD_BLOBS[kind];
    const size = blobs.map((blob) => `coalesce(strlen(${quoteIdentifier(blob)}), 0)`).join(" + ");
    const keys = ["entity", "project", "run_id"];
    const rows = await session.rows(
      `SELECT ${keys.map((key) => `'.' || ${key}`).join(", ")}, sum(${size})::DOUBLE FROM ${source} GROUP BY ${keys.join(", ")}`,
    );
    for (const [entity, project, run_id, bytes] of rows) {
      const key = runText({
        entity: String(entity).slice(1),
        project: String(project).slice(1),
        run_id: String(run_id).slice(1),
      });
      sums.set(key, (sums.get(key) ?? 0) + Number(bytes));
    }
  }
  return sums;
}

function runFact(run: LiveRun, record: RunRecord | undefined, bytes: number | undefined): RunFact {
  const first = run.logs[0]?.log.start;
  const started = record?.started ?? (first === "" ? undefined : first);
  return {
    ...run.key,
    state: record?.state ?? "unknown",
    ...(started === undefined ? {} : { started }),
    fetched_at: run.fetched_at,
    history_rows: run.history_rows,
    ...(run.expected === undefined ? {} : { history_rows_expected: run.expected }),
    history_status: historyStatus(run),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

/** What the raw store knows of each run, in order of key. `sizes` adds the bytes of text, which have to be read. */
export async function readRunFacts(session: Session, store: RawStore, sizes: boolean): Promise<RunFact[]> {
  const records = await runRecords(session, store);
  const bytes = sizes ? await textBytes(session, store) : undefined;
  return store.runs().map((run) => {
    const last = run.logs.at(-1);
    const record = last === undefined ? undefined : records.get(last.id);
    return runFact(run, record, bytes?.get(runText(run.key)));
  });
}
