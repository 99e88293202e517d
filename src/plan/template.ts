import { type Locator, SchemaError } from "../errors.js";

/** A pattern whose named groups are keys, and the template that turns keys back into the name. */
export interface KeyedPattern {
  readonly pattern: string;
  /** Such as `system.gpu.{gpu}.{metric}`. */
  readonly template: string;
  /** Names of the groups, in order. */
  readonly groups: readonly string[];
}

/** What a part of a pattern is: the characters it stands for, or a group. */
type Part = { readonly literal: string } | { readonly group: string };

const GROUP_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ESCAPABLE = /[\^$\\.*+?()[\]{}|/-]/;
const SPECIAL = /[\^$.*+?()[\]{}|]/;

function refuse(pattern: string, where: Locator, says: string): never {
  throw new SchemaError(
    "schema/family-pattern",
    `No name can be made from keys by ${JSON.stringify(pattern)}: ${says}.`,
    {
      where,
      next: "Write ^, then literal text and named groups in turn, then $: ^system\\.gpu\\.(?<gpu>\\d+)\\.(?<metric>.+)$.",
    },
  );
}

/** Offset after the parenthesis that closes the one at `start`; -1 when there is none. */
function groupEnd(pattern: string, start: number): number {
  let depth = 0;
  let inClass = false;
  for (let i = start; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === "\\") i += 1;
    else if (inClass) inClass = character !== "]";
    else if (character === "[") inClass = true;
    else if (character === "(") depth += 1;
    else if (character === ")") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}

function readGroup(pattern: string, at: number, where: Locator): { part: Part; end: number } {
  const end = groupEnd(pattern, at);
  const name = /^\(\?<([^=!>]+)>/.exec(pattern.slice(at))?.[1];
  if (name === undefined) return refuse(pattern, where, "a group has no name");
  if (!GROUP_NAME.test(name)) return refuse(pattern, where, `the name of the group ${name} is not of ASCII letters`);
  if (pattern.slice(at, end).includes("(?<", 3)) return refuse(pattern, where, `there is a named group inside ${name}`);
  return { part: { group: name }, end };
}

function readLiteral(pattern: string, at: number, where: Locator): { part: Part; end: number } {
  const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  if (character === "\\") {
    const escaped = pattern[at + 1] ?? "";
    if (!ESCAPABLE.test(escaped)) return refuse(pattern, where, `\\${escaped} outside a group is no literal text`);
    return { part: { literal: escaped }, end: at + 2 };
  }
  if (SPECIAL.test(character)) return refuse(pattern, where, `${character} stands outside a group`);
  return { part: { literal: character }, end: at + character.length };
}

function readParts(pattern: string, where: Locator): Part[] {
  if (!pattern.startsWith("^")) refuse(pattern, where, "it does not begin with ^");
  if (!pattern.endsWith("$")) refuse(pattern, where, "it does not end with $");
  const parts: Part[] = [];
  let at = 1;
  while (at < pattern.length - 1) {
    const read = pattern[at] === "(" ? readGroup : readLiteral;
    const { part, end } = read(pattern, at, where);
    if ("group" in part && "group" in (parts.at(-1) ?? {}))
      refuse(pattern, where, `no text before the group ${part.group}`);
    parts.push(part);
    at = end;
  }
  if (at !== pattern.length - 1) refuse(pattern, where, "it does not end with $");
  return parts;
}

function refuseBraces(pattern: string, parts: readonly Part[], where: Locator): void {
  if (parts.some((part) => "literal" in part && /[{}]/.test(part.literal)))
    refuse(pattern, where, "it has a literal brace");
}

/**
 * The template of a pattern: `^system\.gpu\.(?<gpu>\d+)\.(?<metric>.+)$` to `system.gpu.{gpu}.{metric}`.
 * @throws SchemaError `schema/family-pattern` when the pattern is not `^`, literal text and named groups in turn, `$`, when
 * it has no group or one name twice, a group inside a group that is named, or a literal brace.
 */
export function readPattern(pattern: string, where: Locator): KeyedPattern {
  const parts = readParts(pattern, where);
  refuseBraces(pattern, parts, where);
  const groups = parts.flatMap((part) => ("group" in part ? [part.group] : []));
  if (groups.length === 0) refuse(pattern, where, "it has no named group");
  if (new Set(groups).size < groups.length) refuse(pattern, where, "a group name stands twice");
  const template = parts.map((part) => ("group" in part ? `{${part.group}}` : part.literal)).join("");
  return { pattern, template, groups };
}

/** The pattern without the names of its groups: two patterns of one form match the same names. */
export function patternForm(pattern: string): string {
  return pattern.replace(/\(\?<[A-Za-z_][A-Za-z0-9_]*>/g, "(");
}
