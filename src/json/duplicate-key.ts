import type { JsonMember, JsonNode } from "./node.js";

/** Members that are compared each with each; more are put into a set. */
const FEW = 8;

function repeats(members: readonly JsonMember[]): boolean {
  if (members.length > FEW) {
    const keys = new Set<string>();
    for (const { key } of members) keys.add(key);
    return keys.size < members.length;
  }
  for (let i = 1; i < members.length; i++) {
    for (let k = 0; k < i; k++) if ((members[i] as JsonMember).key === (members[k] as JsonMember).key) return true;
  }
  return false;
}

const hasInside = (node: JsonNode): boolean => node.kind === "object" || node.kind === "array";

/** Whether any object inside has a key twice. */
export function hasDuplicateKey(root: JsonNode): boolean {
  const todo: JsonNode[] = [root];
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    if (node.kind === "array") {
      for (const item of node.items) if (hasInside(item)) todo.push(item);
    } else if (node.kind === "object") {
      if (repeats(node.members)) return true;
      for (const { value } of node.members) if (hasInside(value)) todo.push(value);
    }
  }
  return false;
}
