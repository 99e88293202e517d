import { formatPointer } from "../../json/pointer.js";
import type { Leftover } from "./prove.js";
import { quoteLiteral } from "./types.js";

type Kind = Leftover["when"];

interface Leaf {
  readonly key: string;
  readonly kind: Kind;
  /** `value`: the expression of its text; `null`, `empty`: its place in the list of its kind. */
  readonly text: string;
  index: number;
  readonly pointer: string;
}

interface Group {
  readonly leaves: Leaf[];
  readonly groups: Map<string, Group>;
}

/** SQL of a residual: columns to compute beside the row, and the expression of the residual text over them. */
export interface ResidualSql {
  /** `name → expression` over the text column; empty when only values are ever left. */
  readonly lists: ReadonlyMap<string, string>;
  readonly text: string;
  /** Whether the text can be other than NULL. */
  readonly occurs: boolean;
}

/** Kinds whose leaves are looked up by a list of paths, and the JSON text that such a leaf has where it is left. */
const LISTED = { null: "null", empty: "{}" } as const;
const LISTED_KINDS = ["null", "empty"] as const;

const newGroup = (): Group => ({ leaves: [], groups: new Map() });

function stringList(items: readonly string[]): string {
  return `[${items.map(quoteLiteral).join(", ")}]`;
}

const member = (key: string, value: string): string => `${quoteLiteral(`${JSON.stringify(key)}:`)} || ${value}`;

/**
 * Texts of a list with commas between them; NULL when there are none. Not `nullif(concat_ws(…), '')`, which names its
 * operand twice: of groups in groups the innermost would be worked out twice as often with every level.
 */
const joined = (list: string): string => `list_aggr(${list}, 'string_agg', ',')`;

/** Members of one object as a list of texts, NULL where there is none; its leaves of a listed kind are a slice of their list. */
function printMembers(group: Group, name: (kind: keyof typeof LISTED) => string): string[] {
  const single = group.leaves.flatMap(({ kind, key, text }) =>
    kind === "value" ? [member(key, text)] : kind === "nothing" ? [quoteLiteral(`${JSON.stringify(key)}:null`)] : [],
  );
  const nested = [...group.groups].map(([key, inner]) => member(key, printGroup(inner, name)));
  const lists = LISTED_KINDS.flatMap((kind) => {
    const leaves = group.leaves.filter((leaf) => leaf.kind === kind);
    const [first] = leaves;
    if (first === undefined) return [];
    const texts = stringList(leaves.map((leaf) => `${JSON.stringify(leaf.key)}:${LISTED[kind]}`));
    const slice = `${name(kind)}[${first.index + 1}:${first.index + leaves.length}]`;
    const kept = `list_transform(list_zip(${texts}, ${slice}), lambda x: CASE WHEN x[2] = '${LISTED[kind]}' THEN x[1] END)`;
    return [joined(kept)];
  });
  return [...single, ...lists, ...nested];
}

function printGroup(group: Group, name: (kind: keyof typeof LISTED) => string): string {
  return `('{' || ${joined(`[${printMembers(group, name).join(", ")}]`)} || '}')`;
}

/** Numbers the leaves of each listed kind group by group, so that the leaves of one object stand together in their list. */
function number(group: Group, pointers: Record<keyof typeof LISTED, string[]>): void {
  for (const leaf of group.leaves) {
    if (leaf.kind === "null" || leaf.kind === "empty") leaf.index = pointers[leaf.kind].push(leaf.pointer) - 1;
  }
  for (const inner of group.groups.values()) number(inner, pointers);
}

function groupOf(root: Group, path: readonly string[]): Group {
  let group = root;
  for (const key of path) {
    const next = group.groups.get(key) ?? newGroup();
    group.groups.set(key, next);
    group = next;
  }
  return group;
}

/** What a residual is compiled over. */
export interface ResidualInput {
  readonly leftovers: readonly Leftover[];
  /** The expression of the value of a leftover `value`, by its place among those. */
  readonly value: (index: number) => string | undefined;
  /** The text column; and the same where a member may be null, else NULL. */
  readonly text: string;
  readonly textWithNulls: string;
  /** Prefix of the names of the list columns. */
  readonly prefix: string;
}

/** Compiles what may be left of a clean row into SQL. */
export function compileResidual({ leftovers, value, text, textWithNulls, prefix }: ResidualInput): ResidualSql {
  if (leftovers.length === 0) return { lists: new Map(), text: "NULL::VARCHAR", occurs: false };
  const root = newGroup();
  let values = 0;
  for (const { path, when } of leftovers) {
    const expression = when === "value" ? (value(values++) ?? "NULL::VARCHAR") : "";
    const leaf = { key: path.at(-1) ?? "", kind: when, text: expression, pointer: formatPointer(path), index: 0 };
    groupOf(root, path.slice(0, -1)).leaves.push(leaf);
  }
  const pointers: Record<keyof typeof LISTED, string[]> = { null: [], empty: [] };
  number(root, pointers);
  const name = (kind: keyof typeof LISTED): string => `${prefix}_${kind}`;
  const lists = LISTED_KINDS.filter((kind) => pointers[kind].length > 0).map((kind): [string, string] => [
    name(kind),
    `json_extract(${kind === "null" ? textWithNulls : text}, ${stringList(pointers[kind])})::VARCHAR[]`,
  ]);
  const always = leftovers.some(({ when }) => when === "nothing");
  const printed = printGroup(root, name);
  return {
    lists: new Map(lists),
    text: always ? `CASE WHEN ${text} IS NOT NULL THEN ${printed} END` : printed,
    occurs: true,
  };
}
