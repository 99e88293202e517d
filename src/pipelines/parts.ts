import { type LiveRun, liveVersions, runText } from "../store/live.js";
import type { Version } from "../store/manifest.js";
import { compareText } from "../store/segment-key.js";
import type { Part } from "./tables-manifest.js";

/** A part that has to be written, under the id of the part it replaces or a new one. */
export interface PartDraft {
  readonly id: number;
  readonly kind: Part["kind"];
  readonly runs: readonly RunVersions[];
}

/** The raw versions of a part, ascending. */
export function versionsOf(part: PartDraft): number[] {
  return part.runs.flatMap((run) => run.versions).sort((a, b) => a - b);
}

export interface PartPlan {
  readonly keep: readonly Part[];
  readonly write: readonly PartDraft[];
  /** Parts whose runs are gone. */
  readonly drop: readonly Part[];
  readonly nextPart: number;
}

/** A run's versions of one kind, in the order of run keys. */
export interface RunVersions {
  readonly run: string;
  readonly versions: readonly number[];
  readonly rows: number;
  readonly growing: boolean;
}

/** A new part takes runs until it has this many rows. */
export const PART_ROWS = 400_000;

/** Runs that have rows of a kind, with the live versions that hold them, logs in order of start. */
export function runVersions(
  all: readonly Version[],
  runs: readonly LiveRun[],
  kind: "history" | "system_event",
): RunVersions[] {
  const live = liveVersions(all, kind);
  const byRun = new Map<string, Version[]>();
  for (const version of all.filter((item) => live.has(item.id))) {
    const run = runText(version.log);
    byRun.set(run, [...(byRun.get(run) ?? []), version]);
  }
  return runs.flatMap((run) => {
    const logs = byRun.get(runText(run.key)) ?? [];
    const rows = logs.reduce((sum, log) => sum + log.rows[kind], 0);
    const versions = logs.sort((a, b) => compareText(a.log.start, b.log.start) || a.id - b.id).map((log) => log.id);
    return rows === 0 ? [] : [{ run: runText(run.key), versions, rows, growing: run.state === "growing" }];
  });
}

/** Groups runs that are in no part yet: a growing run alone, finished ones together up to PART_ROWS. */
function groupNew(runs: readonly RunVersions[]): RunVersions[][] {
  const groups: RunVersions[][] = [];
  let open: RunVersions[] = [];
  let rows = 0;
  for (const run of runs) {
    if (run.growing) {
      groups.push([run]);
      continue;
    }
    if (open.length > 0 && rows + run.rows > PART_ROWS) {
      groups.push(open);
      open = [];
      rows = 0;
    }
    open.push(run);
    rows += run.rows;
  }
  return open.length === 0 ? groups : [...groups, open];
}

function isSame(part: Part, draft: PartDraft | undefined): boolean {
  const versions = draft === undefined ? [] : versionsOf(draft);
  return versions.length === part.versions.length && versions.every((id, i) => id === part.versions[i]);
}

/**
 * Decides which parts of a kind stay, which are written again and which are new. A run stays in the part it is in: when
 * one of its logs changes, that part is rewritten with the run's present versions.
 */
export function planParts(
  kind: Part["kind"],
  old: readonly Part[],
  runs: readonly RunVersions[],
  nextPart: number,
): PartPlan {
  const home = new Map(old.flatMap((part) => part.runs.map((run): [string, number] => [run, part.id])));
  const wanted = new Map<number, RunVersions[]>();
  const fresh: RunVersions[] = [];
  for (const run of runs) {
    const part = home.get(run.run);
    const members = part === undefined ? fresh : (wanted.get(part) ?? []);
    members.push(run);
    if (part !== undefined) wanted.set(part, members);
  }
  const drafts = new Map([...wanted].map(([id, members]): [number, PartDraft] => [id, { id, kind, runs: members }]));
  const keep = old.filter((part) => isSame(part, drafts.get(part.id)));
  for (const part of keep) drafts.delete(part.id);
  let next = nextPart;
  const added = groupNew(fresh).map((members): PartDraft => ({ id: next++, kind, runs: members }));
  const drop = old.filter((part) => !keep.includes(part) && !drafts.has(part.id));
  return { keep, write: [...drafts.values(), ...added], drop, nextPart: next };
}
