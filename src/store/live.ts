import type { RecordKind, RunKey } from "../blob.js";
import type { Version } from "./manifest.js";
import { type LogKey, type LogState, SOURCES, type SourceName } from "./raw-record.js";
import { compareText } from "./segment-key.js";

/** What the store knows of one run, over all logs of the source that wins for it. */
export interface LiveRun {
  readonly key: RunKey;
  readonly source: SourceName;
  /** The logs of that source, by time of start. */
  readonly logs: readonly Version[];
  /** `damaged` when a log is, else the state of the last log. */
  readonly state: LogState;
  /** Rows of the live history, which another source may have given. */
  readonly history_rows: number;
  /** W&B's own count of history rows; undefined when no source gave one. */
  readonly expected: number | undefined;
  /** When the latest of its logs was imported: ISO 8601, UTC. */
  readonly fetched_at: string;
}

/** One text for the identity of a run, of use as a map key. */
export function runText(key: RunKey): string {
  return JSON.stringify([key.entity, key.project, key.run_id]);
}

/** One text for the identity of a log, of use as a map key. */
export function logText(log: LogKey): string {
  return JSON.stringify([log.entity, log.project, log.run_id, log.source, log.start]);
}

/** A canonical timestamp with all nine digits of its fraction, so that its text sorts by time; other texts as they are. */
function sortable(start: string): string {
  const [, seconds, fraction = ""] = /^(.*:\d\d)(?:\.(\d{1,9}))?Z$/s.exec(start) ?? [];
  return seconds === undefined ? start : `${seconds}.${fraction.padEnd(9, "0")}Z`;
}

/**
 * Order of the logs of one run: by the time of their start. As text "…00.5Z" would come before "…00Z", which is earlier.
 */
export function compareLogs(a: Version, b: Version): number {
  const [x, y] = [a.log.start, b.log.start];
  return compareText(sortable(x), sortable(y)) || compareText(x, y) || a.id - b.id;
}

/** Rows that a version has of a kind; every version has one row of kind run. */
export function rowsOf(version: Version, kind: RecordKind): number {
  if (kind === "run") return 1;
  return kind === "sweep" ? 0 : version.rows[kind];
}

/** Whether the store has rows of a kind of this version. */
export function hasRows(version: Version, kind: RecordKind): boolean {
  return rowsOf(version, kind) > 0 && version.dropped?.includes(kind) !== true;
}

const grouped = new WeakMap<readonly Version[], ReadonlyMap<string, readonly Version[]>>();

/** The versions of each run, by `runText`; worked out once for a list. */
export function versionsByRun(versions: readonly Version[]): ReadonlyMap<string, readonly Version[]> {
  const known = grouped.get(versions);
  if (known !== undefined) return known;
  const runs = new Map<string, Version[]>();
  for (const version of versions) {
    const key = runText(version.log);
    const group = runs.get(key);
    if (group === undefined) runs.set(key, [version]);
    else group.push(version);
  }
  grouped.set(versions, runs);
  return runs;
}

/** Sources that name a log after its file: of them equal logs of one run are copies, and count once. */
const NAMED_BY_FILE: ReadonlySet<SourceName> = new Set(["json-lines"]);

/** The version whose records a version of the same run repeats, and which counts in its place; else undefined. */
export function copiedVersion(version: Version, versions: readonly Version[]): Version | undefined {
  const { source } = version.log;
  if (!NAMED_BY_FILE.has(source)) return undefined;
  const first = versions.find((other) => other.digest === version.digest && other.log.source === source);
  return first === version ? undefined : first;
}

/** The versions of one run that count for a kind: those of the first source in SOURCES that has rows of it. */
function winners(versions: readonly Version[], kind: RecordKind): Version[] {
  const having = versions.filter((version) => hasRows(version, kind));
  if (having.length <= 1) return having;
  const source = SOURCES.find((name) => having.some((version) => version.log.source === name));
  const ofSource = having.filter((version) => version.log.source === source);
  return ofSource.filter((version) => copiedVersion(version, ofSource) === undefined);
}

/** Ids of the versions whose rows of a kind count. */
export function liveVersions(versions: readonly Version[], kind: RecordKind): Set<number> {
  const live = new Set<number>();
  for (const group of versionsByRun(versions).values()) for (const { id } of winners(group, kind)) live.add(id);
  return live;
}

/**
 * Whether rows that `gc` has dropped of a version would count by now: what took their place has none any more. Then its
 * log has to be imported again even if it did not change.
 */
export function missesRows(version: Version, versions: Iterable<Version>): boolean {
  const { dropped, log } = version;
  if (dropped === undefined) return false;
  const { entity, project, run_id } = log;
  const whole: Version = { ...version, dropped: [] };
  const ofRun = [...versions].flatMap((other) => {
    const { log: its } = other;
    const isSame = its.run_id === run_id && its.project === project && its.entity === entity;
    return isSame ? [other.id === version.id ? whole : other] : [];
  });
  return dropped.some((kind) => winners(ofRun, kind).includes(whole));
}

function maximum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function liveRun(group: readonly Version[]): LiveRun {
  const logs = winners(group, "run").sort(compareLogs);
  const last = logs.at(-1) as Version;
  const { entity, project, run_id, source } = last.log;
  return {
    key: { entity, project, run_id },
    source,
    logs,
    state: logs.some((log) => log.state === "damaged") ? "damaged" : last.state,
    history_rows: winners(group, "history").reduce((sum, version) => sum + version.rows.history, 0),
    expected: maximum(group.map((version) => version.expectedRows)),
    fetched_at:
      logs
        .map((log) => log.fetched_at)
        .sort()
        .at(-1) ?? "",
  };
}

/** Every run of the store, in order of key. */
export function liveRuns(versions: readonly Version[]): LiveRun[] {
  const runs = [...versionsByRun(versions).values()].map(liveRun);
  return runs.sort(
    (a, b) =>
      compareText(a.key.entity, b.key.entity) ||
      compareText(a.key.project, b.key.project) ||
      compareText(a.key.run_id, b.key.run_id),
  );
}
