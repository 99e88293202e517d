/** When things are merged. */
export interface Tiering {
  /** So many of one tier are merged. At least 2. */
  readonly fanIn: number;
  /** Tiers of things that are less than half full; each is BASE times as full as the one below. */
  readonly tiers: number;
}

/** Keeps at most 3 of each of 5 tiers: what is written once is merged at most about 5 times, until it is half full. */
export const USUAL_TIERING: Tiering = { fanIn: 4, tiers: 5 };

/** Leaves no two that could be one. */
export const FULL_TIERING: Tiering = { fanIn: 2, tiers: 1 };

const BASE = 4;
const FULL = 1 / 2;

interface Pile<T> {
  readonly members: readonly T[];
  readonly fill: number;
}

/** 0 for the fullest tier of what is not full, the last tier for all that is emptier than the others. */
function tierOf(fill: number, tiers: number): number {
  const depth = Math.floor(Math.log(FULL / Math.max(fill, Number.MIN_VALUE)) / Math.log(BASE));
  return Math.max(0, Math.min(tiers - 1, depth));
}

/** Neighbours together, as many as fit into one. Of things less than half full any two do. */
function pack<T>(piles: readonly Pile<T>[]): Pile<T>[] {
  const packed: Pile<T>[] = [];
  for (const pile of piles) {
    const last = packed.at(-1);
    if (last === undefined || last.fill + pile.fill > 1) packed.push(pile);
    else packed[packed.length - 1] = { members: [...last.members, ...pile.members], fill: last.fill + pile.fill };
  }
  return packed;
}

/**
 * Which things to merge into one each, so that few that are less than half full are left, and each is merged again only
 * when there are several of its size: a log-structured merge tree's size tiers.
 * @param items in the order in which neighbours should stay together.
 * @param fillOf how full a thing is: 1 when it holds all that it may.
 * @returns groups of two or more whose fill is at most 1 together.
 */
export function mergeGroups<T>(items: readonly T[], fillOf: (item: T) => number, tiering: Tiering): T[][] {
  const { fanIn, tiers } = tiering;
  const tiersOf = (piles: readonly Pile<T>[]): Pile<T>[][] =>
    Array.from({ length: tiers }, (_, tier) => piles.filter(({ fill }) => fill < FULL && tierOf(fill, tiers) === tier));
  let piles: Pile<T>[] = items.map((item) => ({ members: [item], fill: fillOf(item) }));
  for (;;) {
    const crowded = tiersOf(piles).find((tier) => tier.length >= fanIn);
    if (crowded === undefined) break;
    const merged = new Set(crowded);
    piles = [...piles.filter((pile) => !merged.has(pile)), ...pack(crowded)];
  }
  return piles.filter(({ members }) => members.length > 1).map(({ members }) => [...members]);
}
