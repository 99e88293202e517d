import type { BlobName, RunKey } from "../blob.js";
import { formatPointer, type Path, parsePointer } from "../json/pointer.js";
import type { Column, SerializedReason, Table } from "../plan/plan.js";
import type { DeclaredPaths, PathStanding } from "../profile/infer-declared.js";
import { type Counts, groupCounts, valueCount } from "../profile/infer-kinds.js";
import type { PathProfile, Profile } from "../profile/profile.js";
import type { RunSet } from "../profile/run-set.js";
import { pathKey, type RunFact, runKeysOf, runText } from "./facts.js";
import type { PathEntry } from "./schema.js";
import { walkProfile } from "./walk.js";

/** What becomes of the values at a path; `undefined` in a container, whose members are decided one by one. */
export type Outcome =
  | { readonly decision: "promoted"; readonly table: Table; readonly column: Column; readonly inside: boolean }
  | {
      readonly decision: "serialized";
      readonly reason: SerializedReason;
      readonly detail?: string;
      readonly inside: boolean;
    };

function memberOutcome(standing: Extract<PathStanding, { kind: "member" }>): Outcome | undefined {
  const { family, table, rest } = standing;
  if (!standing.keysFit) return { decision: "serialized", reason: "object-map", inside: rest.length > 0 };
  for (const column of family.values) {
    const path = parsePointer(column.path ?? "");
    if (path.length <= rest.length && path.every((key, i) => key === rest[i])) {
      return columnOutcome(table, column, rest.length > path.length);
    }
    if (rest.length < path.length && rest.every((key, i) => key === path[i])) return undefined;
  }
  return { decision: "serialized", reason: "undeclared", inside: false };
}

/** Below a column of type json all is inside it; below any other column there are only misfits. */
function columnOutcome(table: Table, column: Column, inside: boolean): Outcome {
  if (!inside || column.type === "json") return { decision: "promoted", table, column, inside };
  return { decision: "serialized", reason: "type-conflict", detail: `inside a misfit of ${column.name}`, inside };
}

/** What the plan makes of a path. */
export function outcomeOf(standing: PathStanding): Outcome | undefined {
  if (standing.kind === "container") return undefined;
  if (standing.kind === "undeclared") return { decision: "serialized", reason: "undeclared", inside: false };
  if (standing.kind === "member") return memberOutcome(standing);
  if (standing.kind === "column") return columnOutcome(standing.table, standing.column, standing.rest.length > 0);
  const { reason, detail } = standing.serialized;
  const inside = standing.rest.length > 0;
  return { decision: "serialized", reason, inside, ...(detail === undefined ? {} : { detail }) };
}

/** Counts without the objects whose members are all paths themselves. */
function ownCounts({ counts: { object = 0, ...own }, others }: PathProfile): Counts {
  return others === undefined || object === 0 ? own : { object, ...own };
}

const UNLISTED = "members whose names are too many or too long to list";

/** Why values that are no objects are left over where the plan has only members. */
function leftoverReason(own: Counts): SerializedReason {
  const groups = Object.keys(groupCounts(own));
  if (groups.every((group) => group === "null")) return "null-only";
  return Object.keys(own).every((name) => name === "null" || name === "empty_object") ? "empty" : "type-conflict";
}

/** What a path's entry counts and how it is decided; undefined when the path is no path of its own. */
function ownDecision(standing: PathStanding, node: PathProfile): { counts: Counts; outcome: Outcome } | undefined {
  const outcome = outcomeOf(standing);
  const own = ownCounts(node);
  const hasOwn = valueCount(own) > 0;
  if (outcome === undefined) {
    if (!hasOwn) return undefined;
    if (node.others !== undefined) {
      return {
        counts: own,
        outcome: { decision: "serialized", reason: "undeclared", detail: UNLISTED, inside: false },
      };
    }
    return {
      counts: own,
      outcome: { decision: "serialized", reason: leftoverReason(own), detail: "elsewhere an object", inside: false },
    };
  }
  const whole = standing.kind !== "undeclared" && !outcome.inside;
  return whole || hasOwn ? { counts: whole ? node.counts : own, outcome } : undefined;
}

interface Seen {
  readonly keys: readonly RunKey[];
  /** Position of each run in time. */
  readonly ranks: Int32Array;
}

const NOTHING_SEEN: Seen = { keys: [], ranks: new Int32Array(0) };

function runsInTime(keys: readonly RunKey[], started: ReadonlyMap<string, string>): Seen {
  const order = keys
    .map((key, index) => ({ index, start: started.get(runText(key)) ?? "" }))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.index - b.index));
  const ranks = new Int32Array(keys.length);
  for (const [position, { index }] of order.entries()) ranks[index] = position;
  return { keys, ranks };
}

function firstAndLast(runs: RunSet, { keys, ranks }: Seen): Pick<PathEntry, "first_run" | "last_run"> {
  const found = runs.extremes(ranks);
  const [first, last] = found === undefined ? [] : [keys[found.first], keys[found.last]];
  return first === undefined || last === undefined ? {} : { first_run: runText(first), last_run: runText(last) };
}

function entryOf(blob: BlobName, path: Path, node: PathProfile, own: { counts: Counts; outcome: Outcome }): PathEntry {
  const { outcome, counts } = own;
  const decided =
    outcome.decision === "promoted"
      ? {
          decision: outcome.decision,
          table: outcome.table.name,
          column: outcome.column.name,
          type: outcome.column.type,
        }
      : {
          decision: outcome.decision,
          reason: outcome.reason,
          ...(outcome.detail === undefined ? {} : { detail: outcome.detail }),
        };
  const unlisted = node.others === undefined ? {} : { unlisted: valueCount(node.others.counts) };
  const seen = { types: groupCounts(counts), rows: valueCount(counts), runs: node.runs.size, ...unlisted };
  return { blob, path: formatPointer(path), ...decided, ...seen };
}

/** What inference proposes for a path or for the object around it that it decides whole. */
function proposalFor(blob: BlobName, path: Path, proposals: ReadonlyMap<string, string>): Pick<PathEntry, "proposal"> {
  let pointer = "";
  for (const key of path) {
    pointer += formatPointer([key]);
    const found = proposals.get(pathKey(blob, pointer));
    if (found !== undefined) return { proposal: found };
  }
  return {};
}

/**
 * Every path of a profile, once, with what the plan makes of it: by blob, in order of path. An object whose members are
 * decided one by one is a path of its own only where it holds something that is no object; a member inside a serialized
 * path or a json column shares its fate.
 */
export function pathEntries(
  profile: Profile,
  declared: DeclaredPaths,
  facts: readonly RunFact[],
  examples: ReadonlyMap<string, string>,
  proposals: ReadonlyMap<string, string>,
): PathEntry[] {
  const started = new Map(facts.map((fact) => [runText(fact), fact.started ?? ""]));
  const seen = new Map([...runKeysOf(profile)].map(([blob, runs]) => [blob, runsInTime(runs, started)]));
  const entries: PathEntry[] = [];
  for (const { blob, path, node } of walkProfile(profile)) {
    const own = ownDecision(declared.at(blob, path), node);
    if (own === undefined) continue;
    const entry = entryOf(blob, path, node, own);
    const example = examples.get(pathKey(blob, entry.path));
    const proposal = entry.reason === "undeclared" ? proposalFor(blob, path, proposals) : {};
    const times = firstAndLast(node.runs, seen.get(blob) ?? NOTHING_SEEN);
    entries.push({ ...entry, ...proposal, ...(example === undefined ? {} : { example }), ...times });
  }
  return entries;
}
