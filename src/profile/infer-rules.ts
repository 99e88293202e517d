import type { BlobName } from "../blob.js";
import type { Path } from "../json/pointer.js";
import type { LogicalType, SerializedReason } from "../plan/plan.js";
import { isMetricBlob, kindsOf, valueCount } from "./infer-kinds.js";
import { elementType, SCALAR_RULES, type ScalarRuleId } from "./infer-scalars.js";
import type { PathProfile } from "./profile.js";

/** Where inference draws its lines. */
export interface Thresholds {
  /** Longest path of a column, in segments; deeper objects stay whole in the residual. */
  readonly maxDepth: number;
  /** Distinct member names from which an object is looked at as a map. */
  readonly maxMembers: number;
  /** Columns of one table, those it has already included. */
  readonly maxColumns: number;
  /** Smallest share of records, 0 to 1, that have a value other than null; 0 switches the rule off. */
  readonly minFill: number;
}

/** Columns for all that W&B's users are known to log, and no table that Postgres (1,600 columns) refuses. */
export const DEFAULT_THRESHOLDS: Thresholds = { maxDepth: 4, maxMembers: 64, maxColumns: 1500, minFill: 0 };

/** One undeclared path, as the rules see it. */
export interface Subject {
  readonly blob: BlobName;
  readonly path: Path;
  readonly node: PathProfile;
  /** Usable records of the blob. */
  readonly records: number;
  /** Pointer of a path of the same blob that has the same value in every record. */
  readonly twin: string | undefined;
  readonly thresholds: Thresholds;
}

/** What a rule says of a path. `descend`: the object is taken apart, its members are decided one by one. */
export type Verdict =
  | { readonly decision: "promoted"; readonly type: LogicalType }
  | { readonly decision: "serialized"; readonly reason: SerializedReason; readonly detail?: string }
  | { readonly decision: "descend" };

/** One rule: applies or says nothing. The first rule that applies decides. */
export interface Rule {
  readonly id: RuleId;
  readonly says: string;
  readonly decide: (subject: Subject) => Verdict | undefined;
}

type OwnRuleId =
  | "system-stream"
  | "null-only"
  | "empty"
  | "mixed-kinds"
  | "typed-value"
  | "nested-too-deep"
  | "object-map"
  | "members"
  | "list-of-objects"
  | "list-of-nulls"
  | "list-of-mixed"
  | "too-sparse"
  | "duplicate-of"
  | "list";
export type RuleId = OwnRuleId | ScalarRuleId | "over-budget";

const serialized = (reason: SerializedReason, applies: boolean): Verdict | undefined =>
  applies ? { decision: "serialized", reason } : undefined;

const count = (node: PathProfile, ...names: (keyof PathProfile["counts"])[]): number =>
  names.reduce((sum, name) => sum + (node.counts[name] ?? 0), 0);

const isObject = (subject: Subject): boolean => kindsOf(subject.node.counts, subject.blob).has("object");
const isList = (subject: Subject): boolean => kindsOf(subject.node.counts, subject.blob).has("list");

function filled(node: PathProfile): number {
  return valueCount(node.counts) - count(node, "null");
}

/** Whether most members of an object are each absent from most of its records, and there are many; or too many to tell. */
function isMap({ node, thresholds }: Subject): boolean {
  if (node.crowded) return true;
  const members = [...(node.children?.values() ?? [])];
  if (members.length <= thresholds.maxMembers) return false;
  const objects = count(node, "object", "empty_object");
  const sparse = members.filter((member) => valueCount(member.counts) * 2 < objects);
  return sparse.length * 2 > members.length;
}

function listOfMixed({ node, blob }: Subject): boolean {
  const items = node.items?.counts ?? {};
  const kinds = kindsOf(items, blob);
  return kinds.has("list") || kinds.size > 1 || elementType(items, blob) === undefined;
}

function listVerdict(subject: Subject): Verdict | undefined {
  if (!isList(subject)) return undefined;
  const type = elementType(subject.node.items?.counts ?? {}, subject.blob);
  return type === undefined ? undefined : { decision: "promoted", type: `list<${type}>` };
}

const SHAPE_RULES: readonly Rule[] = [
  {
    id: "system-stream",
    says: "In system_metrics and system_event member names are data: what no family takes is an object-map.",
    decide: ({ blob }) => serialized("object-map", blob === "system_metrics" || blob === "system_event"),
  },
  {
    id: "null-only",
    says: "Only nulls were seen: null-only. Decided anew when a value comes.",
    decide: ({ node }) => serialized("null-only", filled(node) === 0),
  },
  {
    id: "empty",
    says: "Only empty objects and lists (and nulls) were seen: empty. Decided anew when a value comes.",
    decide: ({ node }) => serialized("empty", filled(node) === count(node, "empty_object", "empty_list")),
  },
  {
    id: "mixed-kinds",
    says: "Values of several kinds (boolean, numeric, string, list, object; nulls aside): type-conflict.",
    decide: ({ node, blob }) => serialized("type-conflict", kindsOf(node.counts, blob).size > 1),
  },
  {
    id: "typed-value",
    says: "Objects, some with a string `_type` (W&B's media, histograms, tables): typed-value, whole.",
    decide: ({ node }) => serialized("typed-value", count(node, "typed_object") > 0),
  },
  {
    id: "nested-too-deep",
    says: "An object whose members would have paths of more than `maxDepth` segments: nested-too-deep, whole.",
    decide: (subject) =>
      serialized("nested-too-deep", isObject(subject) && subject.path.length >= subject.thresholds.maxDepth),
  },
  {
    id: "object-map",
    says: "An object with more than `maxMembers` names, most in few of its records, or with too many to list: object-map, whole.",
    decide: (subject) => serialized("object-map", isObject(subject) && isMap(subject)),
  },
  {
    id: "members",
    says: "Any other object is taken apart: its members are decided one by one.",
    decide: (subject) => (isObject(subject) ? { decision: "descend" } : undefined),
  },
  {
    id: "list-of-objects",
    says: "Lists with an object in them: array-of-objects.",
    decide: ({ node }) =>
      serialized(
        "array-of-objects",
        node.items !== undefined && count(node.items, "object", "typed_object", "empty_object") > 0,
      ),
  },
  {
    id: "list-of-nulls",
    says: "Lists with nothing but nulls in them: null-only.",
    decide: (subject) =>
      serialized("null-only", isList(subject) && subject.node.items !== undefined && filled(subject.node.items) === 0),
  },
  {
    id: "list-of-mixed",
    says: "Lists of lists, lists whose elements are of several kinds or have one that no common type holds: type-conflict.",
    decide: (subject) => serialized("type-conflict", isList(subject) && listOfMixed(subject)),
  },
  {
    id: "too-sparse",
    says: "Fewer than `minFill` of the blob's records have a value other than null: too-sparse.",
    decide: ({ node, records, thresholds }) => serialized("too-sparse", filled(node) < thresholds.minFill * records),
  },
  {
    id: "duplicate-of",
    says: "A shorter path spells this one (`a/b` or `a.b` beside `a: {b}`) and has the same value in every run: duplicate-of.",
    decide: ({ twin }) =>
      twin === undefined ? undefined : { decision: "serialized", reason: "duplicate-of", detail: twin },
  },
  {
    id: "list",
    says: "Any other list has elements of one scalar type, by the rules below, and nulls: a list column.",
    decide: listVerdict,
  },
];

const scalarRules: readonly Rule[] = SCALAR_RULES.map((rule) => ({
  id: rule.id,
  says: rule.says,
  decide: ({ node, blob }) => {
    const type = rule.type({ counts: node.counts, kinds: kindsOf(node.counts, blob), metric: isMetricBlob(blob) });
    if (type === undefined) return undefined;
    return type === "conflict" ? { decision: "serialized", reason: "type-conflict" } : { decision: "promoted", type };
  },
}));

/** All rules for one path, in order. `over-budget` looks at a whole table and comes after them: see `infer-budget.ts`. */
export const RULES: readonly Rule[] = [...SHAPE_RULES, ...scalarRules];

/** The first rule that applies and what it says. @throws RangeError when none does, which the last rules make impossible. */
export function applyRules(subject: Subject): { readonly rule: RuleId; readonly verdict: Verdict } {
  for (const rule of RULES) {
    const verdict = rule.decide(subject);
    if (verdict !== undefined) return { rule: rule.id, verdict };
  }
  throw new RangeError(`No rule decides ${subject.blob} ${subject.path.join("/")}`);
}
