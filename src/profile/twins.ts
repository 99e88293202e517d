import type { BlobName } from "../blob.js";
import { comparePaths, formatPointer, type Path } from "../json/pointer.js";
import { HAZARD, type PathProfile, type Profile } from "./profile.js";

/** A path and a shorter one that spells it in fewer keys, such as `{"a": {"b": 1}}` and `{"a/b": 1}`. */
export interface TwinCandidate {
  readonly blob: BlobName;
  readonly path: Path;
  readonly twin: Path;
}

/** By blob, the pointer of each path whose values another path holds as well, to the pointer of that other path. */
export type Twins = ReadonlyMap<BlobName, ReadonlyMap<string, string>>;

export const NO_TWINS: Twins = new Map();

const BLOBS_WITH_TWINS = ["config", "summary"] as const;
/** Where they occur, an engine cannot say whether two values are equal. */
const INCOMPARABLE = HAZARD.EXCESS_DIGITS | HAZARD.RANGE | HAZARD.NEGATIVE_ZERO_INTEGER | HAZARD.INTEGRAL_BEYOND_DOUBLE;

interface Leaf {
  readonly path: Path;
  readonly node: PathProfile;
}

/** Paths longer than this are no columns by default, whatever their twins. */
const MAX_LENGTH = 8;

function leavesOf(node: PathProfile, path: Path): Leaf[] {
  const own =
    path.length > 0 && Object.keys(node.counts).some((name) => !name.includes("object")) ? [{ path, node }] : [];
  if (path.length === MAX_LENGTH) return own;
  return [...own, ...[...(node.children ?? [])].flatMap(([key, child]) => leavesOf(child, [...path, key]))];
}

function looksEqual(a: PathProfile, b: PathProfile): boolean {
  const same = (x: unknown, y: unknown): boolean => JSON.stringify(x) === JSON.stringify(y);
  const counts = (node: PathProfile): unknown => Object.entries(node.counts).sort();
  return same(counts(a), counts(b)) && a.runs.equals(b.runs) && a.min === b.min && a.max === b.max;
}

/**
 * Paths of config and summary that another path spells in fewer keys, joined by `/` or `.`, and whose statistics are the
 * same: their values may be the same too, which only the records tell. Pure.
 */
export function twinCandidates(profile: Profile): TwinCandidate[] {
  return BLOBS_WITH_TWINS.flatMap((blob) => {
    const root = profile.blobs[blob]?.root;
    if (root === undefined) return [];
    const leaves = leavesOf(root, []).sort((a, b) => a.path.length - b.path.length || comparePaths(a.path, b.path));
    return ["/", "."].flatMap((separator) => {
      const shortest = new Map<string, Leaf>();
      const found: TwinCandidate[] = [];
      for (const leaf of leaves) {
        const spelling = leaf.path.join(separator);
        const twin = shortest.get(spelling);
        if (twin === undefined) shortest.set(spelling, leaf);
        else if (looksEqual(leaf.node, twin.node) && (leaf.node.hazards & INCOMPARABLE) === 0) {
          found.push({ blob, path: leaf.path, twin: twin.path });
        }
      }
      return found;
    });
  });
}

/** The candidates that turned out to be twins, as inference takes them. */
export function twinsOf(proven: readonly TwinCandidate[]): Twins {
  const twins = new Map<BlobName, Map<string, string>>();
  for (const { blob, path, twin } of proven) {
    const known = twins.get(blob) ?? new Map<string, string>();
    known.set(formatPointer(path), formatPointer(twin));
    twins.set(blob, known);
  }
  return twins;
}
