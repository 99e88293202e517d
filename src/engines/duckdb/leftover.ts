import { formatPointer } from "../../json/pointer.js";
import type { Leftover } from "./prove.js";
import { quoteLiteral } from "./types.js";

type Kind = Leftover["when"];

interface Group {
  readonly leaves: { readonly key: string; readonly kind: Kind; readonly pointer: string; index: number }[];
  readonly groups: Map<string, Group>;
}

/** SQL of a residual: columns to compute beside the row, and the expression of the residual text over them. */
export interface ResidualSql {
  /** `name → expression` over the text column; empty when nothing is ever left. */
  readonly lists: ReadonlyMap<string, string>;
  readonly text: string;
  /** Whether the text can be other than NULL. */
  readonly occurs: boolean;
}

const KINDS: readonly Kind[] = ["value", "null", "empty"];

/** Keeps an extracted value only where a residual of this kind has it. */
const KEEP: Record<Kind, (list: string) => string> = {
  value: (list) => list,
  null: (list) => `list_transform(${list}, lambda x: CASE WHEN x = 'null' THEN x END)`,
  empty: (list) => `list_transform(${list}, lambda x: CASE WHEN x = '{}' THEN x END)`,
};

const newGroup = (): Group => ({ leaves: [], groups: new Map() });

function stringList(items: readonly string[]): string {
  return `[${items.map(quoteLiteral).join(", ")}]`;
}

/** Members of one object: its own leaves by kind, each kind a contiguous slice of its list, then nested objects. */
function printGroup(group: Group, name: (kind: Kind) => string): string {
  const parts: string[] = [];
  for (const kind of KINDS) {
    const leaves = group.leaves.filter((leaf) => leaf.kind === kind);
    const first = leaves[0];
    if (first === undefined) continue;
    const keys = stringList(leaves.map((leaf) => `${JSON.stringify(leaf.key)}:`));
    const slice = `${name(kind)}[${first.index + 1}:${first.index + leaves.length}]`;
    parts.push(`list_transform(list_zip(${keys}, ${slice}), lambda x: x[1] || x[2])`);
  }
  const nested = [...group.groups].map(
    ([key, inner]) => `${quoteLiteral(`${JSON.stringify(key)}:`)} || ${printGroup(inner, name)}`,
  );
  if (nested.length > 0) parts.push(`[${nested.join(", ")}]`);
  const all = parts.length === 1 ? parts[0] : `list_concat(${parts.join(", ")})`;
  return `('{' || nullif(array_to_string(${all}, ','), '') || '}')`;
}

/** Numbers the leaves of each kind group by group, so that the leaves of one object stand together in their list. */
function number(group: Group, pointers: Record<Kind, string[]>): void {
  for (const leaf of group.leaves) leaf.index = pointers[leaf.kind].push(leaf.pointer) - 1;
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

/** Compiles what may be left of a clean row into SQL. `column` is the text column, `prefix` names the list columns. */
export function compileResidual(leftovers: readonly Leftover[], column: string, prefix: string): ResidualSql {
  const root = newGroup();
  for (const { path, when } of leftovers) {
    const leaf = { key: path.at(-1) ?? "", kind: when, pointer: formatPointer(path), index: 0 };
    groupOf(root, path.slice(0, -1)).leaves.push(leaf);
  }
  if (leftovers.length === 0) return { lists: new Map(), text: "NULL::VARCHAR", occurs: false };
  const pointers: Record<Kind, string[]> = { value: [], null: [], empty: [] };
  number(root, pointers);
  const name = (kind: Kind): string => `${prefix}_${kind}`;
  const lists = KINDS.filter((kind) => pointers[kind].length > 0).map((kind): [string, string] => [
    name(kind),
    KEEP[kind](`json_extract(${column}, ${stringList(pointers[kind])})::VARCHAR[]`),
  ]);
  return { lists: new Map(lists), text: printGroup(root, name), occurs: true };
}
