import { BLOBS, type BlobName } from "../blob.js";
import { formatPointer, type Path, parsePointer } from "../json/pointer.js";
import { columnName } from "../plan/names.js";
import type { Plan } from "../plan/plan.js";
import { nearestWord } from "../schema/nearest.js";
import { pathKey } from "./facts.js";
import type { PathEntry, Report } from "./schema.js";

/** A path that a schema or the data knows. */
export interface Known {
  readonly blob: BlobName;
  readonly path: Path;
  readonly pointer: string;
  readonly entry?: PathEntry;
}

/** How exactly a query spells a path: as a JSON Pointer, with plain slashes or dots, or not at all. */
type Match = "pointer" | "joined" | undefined;

/** One way to read a query: a path in one blob, or in any. */
export interface Reading {
  readonly blob: BlobName | undefined;
  readonly rest: string;
}

/** `config/lr`, `config:/lr`, `config /lr`, `config.lr` to blob and rest; a query without a blob to itself. */
export function readings(query: string): Reading[] {
  const all: Reading[] = [{ blob: undefined, rest: query }];
  for (const blob of BLOBS) {
    const after = query.startsWith(blob) ? query.slice(blob.length) : "";
    const match = /^(?:\s*:\s*|\s+)?([/.]?)(.*)$/s.exec(after);
    if (after === "" || match === null || !/^[\s:/.]/.test(after)) continue;
    const [, separator = "", rest = ""] = match;
    all.push({ blob, rest: separator === "." ? rest : `/${rest}` });
  }
  return all;
}

function matchPath(known: Pick<Known, "blob" | "path" | "pointer">, query: readonly Reading[]): Match {
  let joined = false;
  for (const { blob, rest } of query) {
    if (blob !== undefined && blob !== known.blob) continue;
    if (rest === known.pointer) return "pointer";
    const plain = rest.startsWith("/") ? rest.slice(1) : rest;
    joined ||= plain === known.path.join("/") || plain === known.path.join(".");
  }
  return joined ? "joined" : undefined;
}

/** Every path of the plan and of the report, once. */
export function knownPaths(plan: Plan, report: Report): Known[] {
  const known = new Map<string, Known>();
  const add = (blob: BlobName, pointer: string, entry?: PathEntry): void => {
    const path = parsePointer(pointer);
    known.set(pathKey(blob, pointer), { blob, path, pointer, ...(entry === undefined ? {} : { entry }) });
  };
  for (const table of plan.tables) {
    const inFamily = new Set(table.families.flatMap((family) => family.values.map((column) => column.id)));
    for (const { blob, path, id } of table.columns) {
      if (blob !== undefined && path !== undefined && !inFamily.has(id)) add(blob, path);
    }
  }
  for (const { blob, path } of plan.serialized) add(blob, path);
  for (const entry of report.paths) add(entry.blob, entry.path, entry);
  return [...known.values()];
}

/** Objects above known paths that are not known themselves. */
export function containersOf(known: readonly Known[]): Known[] {
  const taken = new Set(known.map((item) => pathKey(item.blob, item.pointer)));
  const found = new Map<string, Known>();
  for (const { blob, path } of known) {
    let pointer = "";
    path.slice(0, -1).forEach((segment, i) => {
      pointer += formatPointer([segment]);
      const key = pathKey(blob, pointer);
      if (!taken.has(key) && !found.has(key)) found.set(key, { blob, path: path.slice(0, i + 1), pointer });
    });
  }
  return [...found.values()];
}

/** The paths that a query spells: as JSON Pointers if any, else with plain slashes or dots. */
export function bestMatches(known: readonly Known[], query: readonly Reading[]): Known[] {
  const matches = known.map((item) => ({ item, match: matchPath(item, query) }));
  const exact = matches.filter(({ match }) => match === "pointer");
  return (exact.length > 0 ? exact : matches.filter(({ match }) => match === "joined")).map(({ item }) => item);
}

/** Paths that would have this name if they were columns. */
export function namesakes(plan: Plan, known: readonly Known[], query: string): Known[] {
  return known.filter(({ blob, path }) => path.length > 0 && columnName(blob, path, plan.naming) === query);
}

/** The blob that a query names. */
export function blobRoot(query: string): Known[] {
  return BLOBS.filter((blob) => blob === query).map((blob) => ({ blob, path: [], pointer: "" }));
}

const MAX_SUGGESTIONS = 5;

/** The part of a query that says most: its last key, else all of it. */
function lastWord(query: string): string {
  return query.split(/[/.]/).findLast((part) => part.length > 1) ?? query;
}

/** Known texts that are nearly spelled like the query, then the shortest that hold its last key. */
export function suggest(query: string, known: readonly string[]): string[] {
  const found = new Set<string>();
  const near = known.filter((text) => Math.abs(text.length - query.length) <= Math.max(1, query.length / 3));
  while (found.size < MAX_SUGGESTIONS) {
    const next = nearestWord(
      query,
      near.filter((text) => !found.has(text)),
    );
    if (next === undefined) break;
    found.add(next);
  }
  const word = lastWord(query).toLowerCase();
  const holding = known
    .filter((text) => text.toLowerCase().includes(word))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return [...new Set([...found, ...holding.slice(0, MAX_SUGGESTIONS)])].slice(0, MAX_SUGGESTIONS);
}
