import { readJson } from "../../src/json/read.js";

/** A value of a JSON object: its path and its exact text. */
export type Item = readonly [path: readonly string[], text: string];

interface Draft {
  readonly members: Map<string, Draft>;
  text?: string;
}

function print(draft: Draft): string {
  if (draft.text !== undefined && draft.members.size === 0) return draft.text;
  return `{${[...draft.members].map(([key, value]) => `${JSON.stringify(key)}:${print(value)}`).join(",")}}`;
}

/** The object that has these values; a path below that of an empty object fills it. */
export function objectText(items: readonly Item[]): string {
  const root: Draft = { members: new Map() };
  for (const [path, text] of items) {
    let draft = root;
    for (const key of path) {
      const next = draft.members.get(key) ?? { members: new Map() };
      draft.members.set(key, next);
      draft = next;
    }
    if (draft.text !== undefined) throw new Error(`Two values at ${JSON.stringify(path)}`);
    draft.text = text;
  }
  return print(root);
}

/** The members of a JSON object text that pass, as an object text. */
export function pick(text: string, keep: (key: string) => boolean): string {
  const root = readJson(text);
  if (root.kind !== "object") throw new TypeError(`An object is wanted, found ${root.kind}`);
  const members = root.members.filter((member) => keep(member.key));
  return `{${members.map((member) => text.slice(member.keyStart, member.value.end)).join(",")}}`;
}
