import type { Family } from "../plan/plan.js";

/** A member that a family takes: the keys that lead to it and the key columns they give. */
export interface FamilyExample {
  readonly path: readonly string[];
  readonly keys: Readonly<Record<string, string>>;
}

/** The source of a named group, up to its own closing parenthesis; undefined when the pattern has no such group. */
function groupSource(pattern: string, name: string): string | undefined {
  const opening = `(?<${name}>`;
  const start = pattern.indexOf(opening);
  if (start < 0) return undefined;
  const from = start + opening.length;
  const token = /\\.|\[(?:\\.|[^\]\\])*\]|[()]/gsu;
  token.lastIndex = from;
  let depth = 1;
  for (let found = token.exec(pattern); found !== null; found = token.exec(pattern)) {
    if (found[0] === "(") depth += 1;
    if (found[0] === ")") depth -= 1;
    if (depth === 0) return pattern.slice(from, found.index);
  }
  return undefined;
}

/** A piece of a pattern without any operator or class. */
const LITERAL = /^(?:[^\\.*+?^${}()|[\]]|\\[^a-zA-Z0-9])+$/u;

/** Texts worth trying for a group: the first of its alternatives that is a literal, the group's name, a number. */
function candidates(source: string, name: string): string[] {
  const literals = source
    .split("|")
    .filter((part) => LITERAL.test(part))
    .map((part) => part.replace(/\\(.)/gsu, "$1"));
  return [...literals, name, "0", "1", "a", "A"];
}

function exampleText(pattern: string, name: string): string | undefined {
  const source = groupSource(pattern, name);
  if (source === undefined) return undefined;
  const whole = new RegExp(`^(?:${source})$`, "u");
  return candidates(source, name).find((candidate) => whole.test(candidate));
}

function segmentExample(
  pattern: string,
  template: string,
): { key: string; groups: Record<string, string> } | undefined {
  const groups: Record<string, string> = {};
  for (const [, name = ""] of template.matchAll(/\{([^{}]+)\}/g)) {
    const found = exampleText(pattern, name);
    if (found === undefined) return undefined;
    groups[name] = found;
  }
  const key = template.replace(/\{([^{}]+)\}/g, (_, name: string) => groups[name] ?? "");
  return new RegExp(pattern, "u").test(key) ? { key, groups } : undefined;
}

function matches(family: Family, path: readonly string[]): boolean {
  if (family.path.length !== path.length) return false;
  return family.path.every((segment, i) =>
    typeof segment === "string" ? segment === path[i] : new RegExp(segment.pattern, "u").test(path[i] ?? ""),
  );
}

/**
 * A member that the family takes, made from its patterns; undefined when none could be made up, or when one of the
 * `earlier` families of the same blob would take it first.
 */
export function familyExample(family: Family, earlier: readonly Family[] = []): FamilyExample | undefined {
  const path: string[] = [];
  const keys: Record<string, string> = {};
  for (const segment of family.path) {
    const found =
      typeof segment === "string" ? { key: segment, groups: {} } : segmentExample(segment.pattern, segment.template);
    if (found === undefined) return undefined;
    path.push(found.key);
    Object.assign(keys, found.groups);
  }
  return earlier.some((other) => matches(other, path)) ? undefined : { path, keys };
}
