import { FINDING_CODES, type Finding, finding, type Severity } from "../finding.js";
import { formatPointer } from "../json/pointer.js";
import { type Plan, SERIALIZED_REASONS } from "../plan/plan.js";
import { BOUNDS, roomAt } from "../profile/bounds.js";
import { infer } from "../profile/infer.js";
import { declaredPaths } from "../profile/infer-declared.js";
import { valueCount } from "../profile/infer-kinds.js";
import type { Decision, SchemaPatch } from "../profile/infer-patch.js";
import { DEFAULT_THRESHOLDS, type Thresholds } from "../profile/infer-rules.js";
import type { Profile } from "../profile/profile.js";
import { columnEntries } from "./columns.js";
import { pathKey, projectText, type RunFact, runKeysOf } from "./facts.js";
import { pathEntries } from "./paths.js";
import { REASONS } from "./reasons.js";
import {
  type ColumnEntry,
  type FindingGroup,
  type PathEntry,
  type ProjectEntry,
  REPORT_FORMAT,
  type Report,
} from "./schema.js";
import { profileAt, unlistedMembers } from "./walk.js";

/** All that a report is made from. Plain data. */
export interface ReportInput {
  readonly plan: Plan;
  readonly profile: Profile;
  /** One for each run of the raw store. */
  readonly runs: readonly RunFact[];
  readonly findings: readonly Finding[];
  /** One value of a path as JSON text, by `pathKey`. Paths without one get none. */
  readonly examples?: ReadonlyMap<string, string>;
  /** What inference would use; decides how many decisions are open. Default `DEFAULT_THRESHOLDS`. */
  readonly thresholds?: Thresholds;
}

const SEVERITIES: readonly Severity[] = ["error", "warning", "note"];

/** Findings by code, errors first, codes in alphabetical order; none is left out. */
export function groupFindings(findings: readonly Finding[]): FindingGroup[] {
  const groups = new Map<Finding["code"], Finding[]>();
  for (const item of findings) {
    const known = groups.get(item.code);
    if (known === undefined) groups.set(item.code, [item]);
    else known.push(item);
  }
  return [...groups]
    .map(([code, items]) => ({
      code,
      severity: FINDING_CODES[code].severity,
      says: FINDING_CODES[code].says,
      count: items.reduce((sum, item) => sum + (item.count ?? 1), 0),
      findings: items.map((item) => ({ ...item })),
    }))
    .sort(
      (a, b) =>
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
    );
}

/** How many open decisions the runs of each project take part in, by `entity/project`. */
export function newPathsByProject(profile: Profile, patch: SchemaPatch): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (patch.decisions.length === 0) return counts;
  const keys = runKeysOf(profile);
  for (const { blob, path } of patch.decisions) {
    const about = keys.get(blob) ?? [];
    const runs = [...(profileAt(profile, blob, path)?.runs ?? [])];
    const projects = new Set(runs.flatMap((run) => about[run] ?? []).map(projectText));
    for (const project of projects) counts.set(project, (counts.get(project) ?? 0) + 1);
  }
  return counts;
}

/** Runs by project, in order of entity and project. */
export function runsByProject(runs: readonly RunFact[]): [string, RunFact[]][] {
  const projects = new Map<string, RunFact[]>();
  for (const run of runs) {
    const known = projects.get(projectText(run));
    if (known === undefined) projects.set(projectText(run), [run]);
    else known.push(run);
  }
  return [...projects].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** How often each text occurs, most first, ties in alphabetical order. */
export function tally(texts: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

export const historyRows = (runs: readonly RunFact[]): number => runs.reduce((sum, run) => sum + run.history_rows, 0);

function projectEntries(runs: readonly RunFact[], newPaths: ReadonlyMap<string, number>): ProjectEntry[] {
  return runsByProject(runs).flatMap(([text, members]) => {
    const [first] = members;
    if (first === undefined) return [];
    return {
      entity: first.entity,
      project: first.project,
      runs: members.length,
      states: tally(members.map((run) => run.state)),
      history_rows: historyRows(members),
      new_paths: newPaths.get(text) ?? 0,
    };
  });
}

function reasonTotals(paths: readonly PathEntry[]): Report["reasons"] {
  return SERIALIZED_REASONS.map((reason) => ({
    reason,
    paths: paths.filter((entry) => entry.reason === reason).length,
    says: REASONS[reason].says,
  }))
    .filter((entry) => entry.paths > 0)
    .sort((a, b) => b.paths - a.paths || SERIALIZED_REASONS.indexOf(a.reason) - SERIALIZED_REASONS.indexOf(b.reason));
}

function totalsOf(
  input: ReportInput,
  parts: Pick<Report, "projects" | "columns" | "paths">,
  toDecide: number,
): Report["totals"] {
  const familyTables = new Set(input.plan.tables.filter((table) => table.kind === "family").map((table) => table.name));
  const promoted = parts.paths.filter((entry) => entry.decision === "promoted").length;
  return {
    projects: parts.projects.length,
    runs: input.runs.length,
    history_rows: historyRows(input.runs),
    tables: input.plan.tables.length,
    columns: parts.columns.filter((column) => !familyTables.has(column.table)).length,
    families: familyTables.size,
    paths: parts.paths.length,
    promoted,
    serialized: parts.paths.length - promoted,
    to_decide: toDecide,
    misfits: parts.columns.reduce((sum, column) => sum + column.misfits, 0),
  };
}

/**
 * What became of every path that was ever seen. Pure; the same input in any order of runs gives the same report, but for
 * the order of findings of one code, which is kept.
 */
export function buildReport(input: ReportInput): Report {
  const declared = declaredPaths(input.plan);
  const patch = infer(input.profile, declared, input.thresholds ?? DEFAULT_THRESHOLDS);
  const parts = {
    projects: projectEntries(input.runs, newPathsByProject(input.profile, patch)),
    columns: columnEntries(input.plan, input.profile, declared),
    paths: pathEntries(input.profile, declared, input.runs, input.examples ?? new Map(), proposalsOf(patch)),
  };
  return {
    format: REPORT_FORMAT,
    totals: totalsOf(input, parts, patch.decisions.length),
    reasons: reasonTotals(parts.paths),
    projects: parts.projects,
    findings: groupFindings(input.findings),
    columns: parts.columns,
    paths: parts.paths,
  };
}

/** A finding for every column with misfits. */
export function misfitFindings(columns: readonly ColumnEntry[]): Finding[] {
  return columns
    .filter((column) => column.misfits > 0)
    .map((column) => ({
      code: "value/misfit",
      severity: FINDING_CODES["value/misfit"].severity,
      message: `${column.misfits} of ${column.filled + column.misfits} values do not fit column ${column.table}.${column.column} (${column.type}).`,
      ...(column.blob === undefined ? {} : { blob: column.blob }),
      ...(column.path === undefined ? {} : { path: column.path }),
      count: column.misfits,
      evidence: Object.entries(column.misfit_types)
        .map(([type, count]) => `${type} ${count}`)
        .join(", "),
    }));
}

/** A finding for every object with members that are not paths of their own. */
export function unlistedFindings(profile: Profile): Finding[] {
  return [...unlistedMembers(profile)].map(({ blob, path, node, others }) => {
    const crowd = roomAt(BOUNDS, path.length) === 0 ? "they are too deep" : "there are too many paths";
    const why = node.crowded ? crowd : `names longer than ${BOUNDS.nameBytes} bytes`;
    const message = `Some members are counted together, not one by one: ${why}.`;
    return finding("path/unlisted", message, { blob, path: formatPointer(path), count: valueCount(others.counts) });
  });
}

/** A finding for every decision that no schema has taken. */
export function undeclaredFindings(patch: SchemaPatch): Finding[] {
  return patch.decisions.map((decision) => ({
    code: "path/undeclared",
    severity: FINDING_CODES["path/undeclared"].severity,
    message: `No schema speaks of this path; inference proposes: ${proposalText(decision)}.`,
    blob: decision.blob,
    path: formatPointer(decision.path),
    count: decision.rows,
  }));
}

/** A decision in words: `column of type float64 (rule number)`. */
export function proposalText(decision: Decision): string {
  const what = decision.decision === "promoted" ? `column of type ${decision.type}` : `no column, ${decision.reason}`;
  return `${what} (rule ${decision.rule})`;
}

function proposalsOf(patch: SchemaPatch): ReadonlyMap<string, string> {
  return new Map(
    patch.decisions.map((decision) => [pathKey(decision.blob, formatPointer(decision.path)), proposalText(decision)]),
  );
}
