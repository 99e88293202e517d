import { BLOBS, type BlobName } from "../blob.js";
import { comparePaths, formatPointer, type Path } from "../json/pointer.js";
import { overBudget } from "./infer-budget.js";
import type { DeclaredPaths, PathStanding } from "./infer-declared.js";
import { groupCounts, valueCount } from "./infer-kinds.js";
import { asOverBudget, type Decision, type ProposedProperty, propertyFor, type SchemaPatch } from "./infer-patch.js";
import { applyRules, type RuleId, type Thresholds, type Verdict } from "./infer-rules.js";
import type { BlobProfile, PathProfile, Profile } from "./profile.js";
import { NO_TWINS, type Twins } from "./twins.js";

interface Proposal extends ProposedProperty {
  readonly decision?: Decision;
}

/** Reasons that state what was not known yet; values that came later reopen the question. */
const PROVISIONAL: ReadonlySet<string> = new Set(["null-only", "empty"]);

function isProvisional(standing: PathStanding): boolean {
  return standing.kind === "serialized" && standing.rest.length === 0 && PROVISIONAL.has(standing.serialized.reason);
}

function decisionOf(
  blob: BlobName,
  path: Path,
  rule: RuleId,
  verdict: Verdict,
  node: PathProfile,
): Decision | undefined {
  if (verdict.decision === "descend") return undefined;
  const counts = { rows: valueCount(node.counts), runs: node.runs.size, types: groupCounts(node.counts) };
  return { blob, path, rule, ...verdict, ...counts };
}

/** Proposals for one path and all below it; none where a schema decides. */
function propose(
  blob: BlobName,
  about: BlobProfile,
  declared: DeclaredPaths,
  thresholds: Thresholds,
  twins: ReadonlyMap<string, string>,
): Proposal[] {
  const records = about.records - about.unusable;
  const found: Proposal[] = [];
  const members = (path: Path, node: PathProfile): void => {
    for (const [key, child] of node.children ?? []) visit([...path, key], child, false);
  };
  const visit = (path: Path, node: PathProfile, inside: boolean): void => {
    const standing: PathStanding = inside ? { kind: "undeclared" } : declared.at(blob, path);
    const provisional = isProvisional(standing);
    if (standing.kind === "container") members(path, node);
    if (standing.kind !== "undeclared" && !provisional) return;
    const { rule, verdict } = applyRules({
      blob,
      path,
      node,
      records,
      thresholds,
      twin: twins.get(formatPointer(path)),
    });
    if (provisional && verdict.decision === "serialized" && PROVISIONAL.has(verdict.reason)) return;
    const mark = provisional ? ({ replaces: true } as const) : {};
    const decision = decisionOf(blob, path, rule, verdict, node);
    const property = { path, property: propertyFor(verdict, node), ...mark };
    found.push(decision === undefined ? property : { ...property, decision: { ...decision, ...mark } });
    if (verdict.decision !== "descend") return;
    for (const [key, child] of node.children ?? []) visit([...path, key], child, true);
  };
  members([], about.root);
  return found.sort((a, b) => comparePaths(a.path, b.path));
}

function withBudget(proposal: Proposal, over: ReadonlySet<Decision>): Proposal {
  const { decision } = proposal;
  if (decision === undefined || !over.has(decision)) return proposal;
  const { type: _type, ...rest } = decision;
  return {
    ...proposal,
    property: asOverBudget(proposal.property),
    decision: { ...rest, rule: "over-budget", decision: "serialized", reason: "over-budget" },
  };
}

/**
 * Proposes a schema for every path of a profile that no schema decides, by the rules of `infer-rules.ts`. Pure: the
 * same profile gives the same patch, and a profile does not depend on the order of the data. Paths declared null-only or
 * empty are decided anew once values have come. `twins` says which paths repeat another one; without it none is taken to
 * do so. The root of a blob is always taken apart, whatever its size.
 */
export function infer(
  profile: Profile,
  declared: DeclaredPaths,
  thresholds: Thresholds,
  twins: Twins = NO_TWINS,
): SchemaPatch {
  const proposals = BLOBS.flatMap((blob) => {
    const about = profile.blobs[blob];
    return about === undefined
      ? []
      : [[blob, propose(blob, about, declared, thresholds, twins.get(blob) ?? new Map())] as const];
  });
  const decided = proposals.flatMap(([, list]) =>
    list.flatMap(({ decision }) => (decision === undefined ? [] : [decision])),
  );
  const over = overBudget(decided, declared.width, thresholds.maxColumns);
  const settled = proposals.map(([blob, list]) => [blob, list.map((item) => withBudget(item, over))] as const);
  return {
    properties: new Map(
      settled.flatMap(([blob, list]) =>
        list.length === 0 ? [] : [[blob, list.map(({ decision: _decision, ...property }) => property)] as const],
      ),
    ),
    decisions: settled.flatMap(([, list]) =>
      list.flatMap(({ decision }) => (decision === undefined ? [] : [decision])),
    ),
  };
}
