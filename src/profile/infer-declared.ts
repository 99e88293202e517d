import type { BlobName } from "../blob.js";
import { type Path, parsePointer } from "../json/pointer.js";
import type { Column, Family, Plan, Serialized, Table } from "../plan/plan.js";

/**
 * What the plan says of a path. A column, a serialized path and a family member speak for everything below them: `rest`
 * is the part of the path below the place that decides, empty at the place itself. A container leads to decided paths
 * and is not decided itself.
 */
export type PathStanding =
  | { readonly kind: "undeclared" }
  | { readonly kind: "container" }
  | { readonly kind: "column"; readonly table: Table; readonly column: Column; readonly rest: Path }
  | { readonly kind: "serialized"; readonly serialized: Serialized; readonly rest: Path }
  | {
      readonly kind: "member";
      readonly table: Table;
      readonly family: Family;
      /** Whether the keys give back the exact name and fit their columns; when not, the member stays in the residual. */
      readonly keysFit: boolean;
      readonly rest: Path;
    };

/** Which paths a plan decides. */
export interface DeclaredPaths {
  at(blob: BlobName, path: Path): PathStanding;
  /** Columns that each table has already, with key, computed and residual columns. */
  readonly width: ReadonlyMap<string, number>;
}

interface Pattern {
  readonly expression: RegExp;
  readonly template: string;
  readonly next: Place;
}

interface Place {
  readonly children: Map<string, Place>;
  readonly patterns: Pattern[];
  decided?: (rest: Path, keys: ReadonlyMap<string, string> | undefined) => PathStanding;
}

const newPlace = (): Place => ({ children: new Map(), patterns: [] });

function literal(place: Place, key: string): Place {
  const known = place.children.get(key);
  if (known !== undefined) return known;
  const child = newPlace();
  place.children.set(key, child);
  return child;
}

function patterned(place: Place, pattern: string, template: string): Place {
  const known = place.patterns.find((item) => item.expression.source === pattern && item.template === template);
  if (known !== undefined) return known.next;
  const next = newPlace();
  place.patterns.push({ expression: new RegExp(pattern, "u"), template, next });
  return next;
}

const GROUP = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The keys of a name under a pattern; undefined when they do not give back the name. */
function keysOf(pattern: Pattern, name: string): Map<string, string> | undefined {
  const groups = pattern.expression.exec(name)?.groups ?? {};
  const keys = new Map<string, string>();
  for (const [, group = ""] of pattern.template.matchAll(GROUP)) {
    const text = groups[group];
    if (text === undefined || text === "" || !text.isWellFormed()) return undefined;
    keys.set(group, text);
  }
  const again = pattern.template.replace(GROUP, (_whole, group: string) => keys.get(group) ?? "");
  return again === name ? keys : undefined;
}

const INTEGER_KEY = /^(?:0|-?[1-9]\d{0,18})$/;

function fitKeyColumns(table: Table, keys: ReadonlyMap<string, string>): boolean {
  return [...keys].every(([name, text]) => {
    if (table.columns.find((column) => column.name === name)?.type !== "int64") return true;
    return INTEGER_KEY.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  });
}

function placeTable(roots: Map<BlobName, Place>, table: Table): void {
  const root = (blob: BlobName): Place => {
    const known = roots.get(blob) ?? newPlace();
    roots.set(blob, known);
    return known;
  };
  const memberColumns = new Set(table.families.flatMap((family) => family.values.map((column) => column.id)));
  for (const column of table.columns) {
    if (column.blob === undefined || column.computed === true || memberColumns.has(column.id)) continue;
    const place = parsePointer(column.path ?? "").reduce(literal, root(column.blob));
    place.decided = (rest) => ({ kind: "column", table, column, rest });
  }
  for (const family of table.families) {
    let place = root(family.blob);
    for (const part of family.path) {
      place = typeof part === "string" ? literal(place, part) : patterned(place, part.pattern, part.template);
    }
    place.decided = (rest, keys) => {
      const keysFit = keys !== undefined && fitKeyColumns(table, keys);
      return { kind: "member", table, family, keysFit, rest };
    };
  }
}

interface Step {
  readonly next: Place;
  /** Undefined when a name on the way is not given back by its keys. */
  readonly keys: ReadonlyMap<string, string> | undefined;
}

/** One step down: the literal key, else the first pattern whose keys give back the name, else the first that matches it. */
function step(from: Step, key: string): Step | undefined {
  const child = from.next.children.get(key);
  if (child !== undefined) return { next: child, keys: from.keys };
  const matching = from.next.patterns.filter((item) => item.expression.test(key));
  for (const pattern of matching) {
    const keys = keysOf(pattern, key);
    if (keys !== undefined) return { next: pattern.next, keys: from.keys && new Map([...from.keys, ...keys]) };
  }
  const first = matching[0];
  return first === undefined ? undefined : { next: first.next, keys: undefined };
}

function standing(root: Place | undefined, path: Path): PathStanding {
  if (root === undefined) return path.length === 0 ? { kind: "container" } : { kind: "undeclared" };
  let at: Step = { next: root, keys: new Map() };
  for (let i = 0; ; i++) {
    if (at.next.decided !== undefined) return at.next.decided(path.slice(i), at.keys);
    const key = path[i];
    if (key === undefined) return { kind: "container" };
    const found = step(at, key);
    if (found === undefined) return { kind: "undeclared" };
    at = found;
  }
}

/**
 * Which paths a plan decides, by blob and path. Pure. The root of every blob is a container.
 * A name goes to its literal key, else to the first pattern that matches it, as in `flatten`.
 */
export function declaredPaths(plan: Plan): DeclaredPaths {
  const roots = new Map<BlobName, Place>();
  for (const table of plan.tables) placeTable(roots, table);
  for (const serialized of plan.serialized) {
    const root = roots.get(serialized.blob) ?? newPlace();
    roots.set(serialized.blob, root);
    const place = parsePointer(serialized.path).reduce(literal, root);
    place.decided = (rest) => ({ kind: "serialized", serialized, rest });
  }
  return {
    at: (blob, path) => standing(roots.get(blob), path),
    width: new Map(plan.tables.map((table) => [table.name, table.columns.length + table.residuals.length])),
  };
}
