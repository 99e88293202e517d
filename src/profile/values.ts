import { type PathProfile, VALUE_CLASSES } from "./profile.js";
import { RunSet } from "./run-set.js";

/** The hazards of a path, and of all that is below it. */
export function hazardsWithin(path: PathProfile): number {
  let hazards = 0;
  const todo = [path];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    hazards |= next.hazards | (next.items?.hazards ?? 0) | (next.others?.hazards ?? 0);
    for (const child of next.children?.values() ?? []) todo.push(child);
  }
  return hazards;
}

const smaller = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

const larger = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b);

/** What a path says of its values alone: no runs, nothing below it. */
export type Values = Pick<PathProfile, "counts" | "min" | "max" | "maxLength" | "hazards">;

/** The values of two paths together. */
export function joinValues(a: Values, b: Values): Values {
  const counts: PathProfile["counts"] = {};
  for (const kind of VALUE_CLASSES) {
    const count = (a.counts[kind] ?? 0) + (b.counts[kind] ?? 0);
    if (count > 0) counts[kind] = count;
  }
  const min = smaller(a.min, b.min);
  const max = larger(a.max, b.max);
  const maxLength = larger(a.maxLength, b.maxLength);
  return {
    counts,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(maxLength === undefined ? {} : { maxLength }),
    hazards: a.hazards | b.hazards,
  };
}

/** Values and runs of many members, added up one after the other. */
export class Others {
  private values: Values = { counts: {}, hazards: 0 };
  private readonly runs: RunSet;
  private empty = true;

  /** @param universe length of the list of runs. */
  constructor(universe: number) {
    this.runs = new RunSet(universe);
  }

  /** @param places of the runs of the set; undefined when they are their own. */
  add(values: Values, runs: RunSet, places?: Int32Array): void {
    this.values = joinValues(this.values, values);
    this.empty = false;
    if (places !== undefined) this.runs.addAll(runs, places);
    else for (const run of runs) this.runs.add(run);
  }

  get isEmpty(): boolean {
    return this.empty;
  }

  addHazards(hazards: number): void {
    this.values.hazards |= hazards;
  }

  profile(): PathProfile {
    return { ...this.values, runs: this.runs };
  }
}
