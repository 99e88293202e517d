import type { BlobName } from "../../blob.js";
import { keysFit, resolveMember, type ShapeFamily, type ShapeNode } from "../../flatten/shape.js";
import { formatPointer } from "../../json/pointer.js";
import type { Column } from "../../plan/plan.js";
import { type BlobProfile, HAZARD, type PathProfile, type ValueClass } from "../../profile/profile.js";
import { hazardsWithin } from "../../profile/values.js";
import { CLASS_HAZARD, CLASS_JSON_TYPES, isExact, RESPELLED } from "./exact.js";

/**
 * What of a clean row stays in the residual: a value at a path that is not null, or only a null or an empty object there;
 * `nothing`: every row has a null there.
 */
export interface Leftover {
  readonly path: readonly string[];
  readonly when: "value" | "null" | "empty" | "nothing";
}

/** A member of a family, found in the profile: rows of its table come from this path. */
export interface ProvenMember {
  readonly family: ShapeFamily;
  readonly keys: ReadonlyMap<string, string>;
  readonly path: readonly string[];
  /** Records that have it. */
  readonly records: number;
}

/**
 * What the profile proves of one blob: rows outside `hazards` and `checks` are clean, that is, DuckDB's JSON functions
 * give for them exactly what `flattenRecord` gives.
 */
export interface Proof {
  readonly blob: BlobName;
  /** Rows with one of these hazards are care rows. */
  hazards: number;
  /** By JSON Pointer, the results of `json_type` that make a row a care row. */
  readonly checks: Map<string, Set<string>>;
  /** Whether texts over a megabyte exist; they are care rows. */
  readonly large: boolean;
  /** Whether the root has members that the profile does not name: any row may have some, so all are care rows. */
  unnamed: boolean;
  /** Columns that occur at all; the rest are NULL everywhere. */
  readonly columns: Column[];
  readonly leftovers: Leftover[];
  readonly members: ProvenMember[];
}

/** Hazards that no engine function can be trusted with, whatever the plan. */
const ALWAYS =
  HAZARD.REFUSED |
  HAZARD.DUPLICATE_KEY |
  HAZARD.LONE_SURROGATE |
  HAZARD.NUL |
  HAZARD.DEEP |
  HAZARD.EXCESS_DIGITS |
  HAZARD.RANGE |
  HAZARD.NEGATIVE_ZERO_INTEGER |
  HAZARD.ODD_STEP;

/** Texts beyond this many bytes are care rows: one JSON function call on them takes too much memory. */
export const LARGE_BYTES = 1_000_000;

type Path = readonly string[];

function classesOf(profile: PathProfile): ValueClass[] {
  return (Object.keys(profile.counts) as ValueClass[]).filter((name) => (profile.counts[name] ?? 0) > 0);
}

class Prover {
  readonly proof: Proof;
  /** Records whose members are known. */
  readonly #usable: number;

  constructor(blob: BlobName, profile: BlobProfile) {
    this.#usable = profile.records - profile.unusable;
    const large = profile.maxBytes > LARGE_BYTES;
    const empty = { checks: new Map(), columns: [], leftovers: [], members: [] };
    this.proof = { blob, hazards: ALWAYS, large, unnamed: false, ...empty };
  }

  /** Makes rows in which a value of this class stands at the path care rows. */
  doubt(path: Path, name: ValueClass): void {
    const hazard = CLASS_HAZARD[name];
    if (hazard !== undefined) {
      this.proof.hazards |= hazard;
      return;
    }
    const pointer = formatPointer(path);
    const types = this.proof.checks.get(pointer) ?? new Set<string>();
    for (const type of CLASS_JSON_TYPES[name]) types.add(type);
    this.proof.checks.set(pointer, types);
  }

  /** Makes rows care rows that may have members here that the profile does not name. */
  doubtMembers(path: Path): void {
    if (path.length === 0) this.proof.unnamed = true;
    else this.doubt(path, "object");
  }

  leave(profile: PathProfile, path: Path): void {
    const classes = classesOf(profile);
    if (classes.includes("null")) this.leaveNull(profile, path);
    if (classes.every((name) => name === "null")) return;
    this.proof.hazards |= hazardsWithin(profile) & RESPELLED;
    this.proof.leftovers.push({ path, when: "value" });
  }

  leaveNull(profile: PathProfile, path: Path): void {
    this.proof.leftovers.push({ path, when: profile.counts.null === this.#usable ? "nothing" : "null" });
  }

  column(profile: PathProfile, column: Column, path: Path): void {
    this.proof.columns.push(column);
    for (const name of classesOf(profile)) {
      if (name === "null") this.leaveNull(profile, path);
      else if (!isExact(name, profile, column)) this.doubt(path, name);
    }
  }

  /** Checks that every value at a family member, or inside it, is a cell of its table. */
  memberValue(profile: PathProfile, shape: ShapeNode, path: Path): void {
    for (const name of classesOf(profile)) {
      if (shape.column !== undefined) {
        if (name === "null" || !isExact(name, profile, shape.column)) this.doubt(path, name);
      } else if (name !== "object" && name !== "typed_object") this.doubt(path, name);
    }
    if (shape.column !== undefined) return;
    if (profile.others !== undefined) this.doubtMembers(path);
    for (const [key, child] of profile.children ?? []) {
      const next = shape.children.get(key);
      if (next === undefined) this.doubt(path, "object");
      else this.memberValue(child, next, [...path, key]);
    }
  }

  inner(profile: PathProfile, shape: ShapeNode, path: Path, keys: ReadonlyMap<string, string>): void {
    if (profile.others !== undefined) this.doubtMembers(path);
    if (path.length > 0) {
      for (const name of classesOf(profile)) {
        if (name === "empty_object") this.proof.leftovers.push({ path, when: "empty" });
        else if (name !== "object" && name !== "typed_object") this.doubt(path, name);
      }
    }
    for (const [key, child] of profile.children ?? []) {
      if (!key.isWellFormed() || key.includes("\0")) continue;
      this.visit(child, shape, [...path, key], keys);
    }
  }

  visit(profile: PathProfile, parent: ShapeNode, path: Path, keys: ReadonlyMap<string, string>): void {
    if (this.proof.blob === "history" && path.length === 1 && path[0] === "_step") return;
    const found = resolveMember(parent, path.at(-1) ?? "");
    if (found === undefined || found.next.sealed === true) {
      this.leave(profile, path);
      return;
    }
    const all = new Map([...keys, ...found.keys]);
    const { family, column } = found.next;
    if (family !== undefined) {
      if (!keysFit(family.table, all)) {
        this.leave(profile, path);
        return;
      }
      const records = Object.values(profile.counts).reduce((sum, count) => sum + count, 0);
      this.proof.members.push({ family, keys: all, path, records });
      this.memberValue(profile, family.values, path);
    } else if (column !== undefined) this.column(profile, column, path);
    else this.inner(profile, found.next, path, all);
  }
}

/** Works out, from the profile, how far DuckDB can be trusted with a blob. Pure. */
export function proveBlob(blob: BlobName, root: ShapeNode, profile: BlobProfile): Proof {
  const prover = new Prover(blob, profile);
  prover.inner(profile.root, root, [], new Map());
  return prover.proof;
}
