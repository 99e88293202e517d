/** How much of the names in the data a profile keeps. Whatever is beyond is counted together, see `PathProfile.others`. */
export interface Bounds {
  /** A name of more bytes (unescaped, in UTF-8) has no path of its own. At least 5: `_type` and `_step` have a meaning. */
  readonly nameBytes: number;
  /**
   * By the length of an object's path: how many paths it may have below. Nothing has a path of its own below objects
   * whose paths are longer than this list.
   */
  readonly room: readonly number[];
  /** Names that the root keeps, without what is below them, when it has no room for all paths. */
  readonly keptNames: number;
  /** Paths that a profiler collects before it brings them within these bounds: memory against time. */
  readonly collected: number;
}

/**
 * Far beyond what anyone makes columns of (a table has 1,500): a blob with 100,000 paths, objects with 10,000 at its
 * root. The sequence falls so that a few objects whose names are data do not take the room of the others.
 */
export const BOUNDS: Bounds = {
  nameBytes: 1024,
  room: [100_000, 10_000, 2_500, 1_000, 250, 100, 25, 10],
  keptNames: 10_000,
  collected: 1 << 17,
};

/** Paths that an object whose path has `depth` segments may have below. */
export function roomAt(bounds: Bounds, depth: number): number {
  return bounds.room[depth] ?? 0;
}

/** The first of some distinct names, the shortest before the longer ones, in ascending order of text. */
export function firstNames(names: readonly string[], count: number): string[] {
  if (names.length <= count) return [...names].sort();
  const shortest = [...names].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return shortest.slice(0, count).sort();
}
