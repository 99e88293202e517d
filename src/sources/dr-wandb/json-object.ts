import { type JsonMember, type JsonNode, type JsonObject, JsonSyntaxError, readJson } from "../../json/read.js";

/** A JSON value with the text that its spans point into. */
export interface Located<Node extends JsonNode = JsonNode> {
  readonly text: string;
  readonly node: Node;
}

/** A member of an object that is being put together: its key, and the text of its value as it came. */
export interface MemberText {
  readonly key: string;
  readonly text: string;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a text; why it cannot be read, in words with the place, when it cannot. */
export function locate(bytes: Uint8Array): Located | { readonly problem: string } {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return { problem: "it is not valid UTF-8" };
  }
  try {
    return { text, node: readJson(text) };
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { problem: `${error.message} (character ${error.offset})` };
    throw error;
  }
}

export function isObject(value: Located): value is Located<JsonObject> {
  return value.node.kind === "object";
}

/** The text of a value as it came. */
export function textOf({ text, node }: Located): string {
  return text.slice(node.start, node.end);
}

/** The members of an object; of a key that is there twice, both. */
export function membersOf({ text, node }: Located<JsonObject>): (MemberText & { readonly value: Located })[] {
  return node.members.map(({ key, value }) => ({
    key,
    text: text.slice(value.start, value.end),
    value: { text, node: value },
  }));
}

/** The value of a key; the first when the key is there twice. */
export function memberOf({ text, node }: Located<JsonObject>, key: string): Located | undefined {
  const member = node.members.find((item) => item.key === key);
  return member === undefined ? undefined : { text, node: member.value };
}

/** An object of these members, value bytes unchanged. */
export function objectText(members: readonly MemberText[]): string {
  return `{${members.map(({ key, text }) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

type Pair = readonly [JsonNode, JsonNode];

/** The pairs of values that must be equal for two objects to be; undefined when their keys differ or repeat. */
function memberPairs(a: readonly JsonMember[], b: readonly JsonMember[]): Pair[] | undefined {
  const others = new Map(b.map((member) => [member.key, member.value]));
  if (a.length !== b.length || others.size !== b.length) return undefined;
  const pairs: Pair[] = [];
  for (const { key, value } of a) {
    const other = others.get(key);
    if (other === undefined) return undefined;
    pairs.push([value, other]);
    others.delete(key);
  }
  return pairs;
}

/** The pairs inside that must be equal for two values to be; undefined when these differ already. */
function innerPairs(a: Located, b: Located): readonly Pair[] | undefined {
  const [x, y] = [a.node, b.node];
  if (x.kind === "object" && y.kind === "object") return memberPairs(x.members, y.members);
  if (x.kind === "array" && y.kind === "array") {
    const { items } = y;
    return x.items.length === items.length ? x.items.map((item, i) => [item, items[i] as JsonNode]) : undefined;
  }
  if (x.kind === "string" && y.kind === "string") return x.value === y.value ? [] : undefined;
  return x.kind === y.kind && textOf(a) === textOf(b) ? [] : undefined;
}

/**
 * Whether two values are the same token by token: objects whatever the order of their keys, strings unescaped, numbers
 * by their text. An object with a key twice equals nothing.
 */
export function sameJson(a: Located, b: Located): boolean {
  const todo: Pair[] = [[a.node, b.node]];
  for (let pair = todo.pop(); pair !== undefined; pair = todo.pop()) {
    const inner = innerPairs({ text: a.text, node: pair[0] }, { text: b.text, node: pair[1] });
    if (inner === undefined) return false;
    for (const item of inner) todo.push(item);
  }
  return true;
}
