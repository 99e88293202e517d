import type { Session } from "../engines/duckdb/session.js";
import type { Finding } from "../finding.js";
import { infer } from "../profile/infer.js";
import { declaredPaths } from "../profile/infer-declared.js";
import type { Thresholds } from "../profile/infer-rules.js";
import type { Profile } from "../profile/profile.js";
import { runText } from "../report/facts.js";
import { buildReport, groupFindings, misfitFindings, undeclaredFindings, unlistedFindings } from "../report/report.js";
import type { Report } from "../report/schema.js";
import type { RawStore } from "../store/raw-store.js";
import type { Environment, Limits } from "./environment.js";
import { findExamples } from "./examples.js";
import type { PlannedProject } from "./project.js";
import { completenessFindings } from "./run-facts.js";
import { readRunFacts, withSession } from "./run-records.js";

/** A report, and every finding in it as a list. */
export interface MadeReport {
  readonly report: Report;
  readonly findings: readonly Finding[];
  /** Whether inference has something to propose. */
  readonly open: boolean;
}

/** The same finding about the same place, told by two parts of the program, counts once. */
function distinct(findings: readonly Finding[]): Finding[] {
  const key = (item: Finding): string =>
    JSON.stringify([item.code, item.run === undefined ? null : runText(item.run), item.blob, item.path, item.where]);
  const completeness: ReadonlySet<Finding["code"]> = new Set(["run/growing", "run/short"]);
  const seen = new Set<string>();
  return findings.filter((item) => {
    if (!completeness.has(item.code)) return true;
    const id = key({ ...item, where: {} });
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

/** Paths whose values may be shown: not those of columns that a schema calls sensitive. */
function shown(planned: PlannedProject, report: Report): Report["paths"] {
  const hidden = new Set(
    planned.plan.tables.flatMap((table) =>
      table.columns.filter((column) => column.sensitive === true).map((column) => `${table.name} ${column.name}`),
    ),
  );
  return report.paths.filter(
    (path) => path.reason !== "sensitive" && !hidden.has(`${path.table ?? ""} ${path.column ?? ""}`),
  );
}

async function readReport(
  session: Session,
  store: RawStore,
  planned: PlannedProject,
  profile: Profile,
  thresholds: Thresholds,
  more: readonly Finding[],
  env: Environment,
): Promise<MadeReport> {
  const runs = await readRunFacts(session, store, false);
  const known = [...store.findings(), ...store.runs().flatMap(completenessFindings), ...more, ...planned.findings];
  const input = { plan: planned.plan, profile, runs, thresholds };
  const bare = buildReport({ ...input, findings: [] });
  const patch = infer(profile, declaredPaths(planned.plan), thresholds);
  const paths = [...undeclaredFindings(patch), ...unlistedFindings(profile)];
  const findings = distinct([...known, ...misfitFindings(bare.columns), ...paths]);
  const examples = await findExamples(session, store, shown(planned, bare), env);
  const shownPaths = bare.paths.map((path) => {
    const example = examples.get(`${path.blob}${path.path}`);
    return example === undefined ? path : { ...path, example };
  });
  return {
    report: { ...bare, paths: shownPaths, findings: groupFindings(findings) },
    findings,
    open: patch.properties.size > 0,
  };
}

/**
 * Reports what became of every path that the raw store has ever seen. Reads; writes nothing.
 * @param more findings that the store does not keep, such as those of files that were not recognised.
 */
export function makeReport(
  store: RawStore,
  planned: PlannedProject,
  options: { readonly thresholds: Thresholds; readonly limits: Limits; readonly more?: readonly Finding[] },
  env: Environment,
): Promise<MadeReport> {
  const { thresholds, limits, more = [] } = options;
  return withSession(env, limits, async (session) =>
    readReport(session, store, planned, await store.profile(), thresholds, more, env),
  );
}
