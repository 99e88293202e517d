import { CLASS } from "./classes.js";
import { type PathProfile, VALUE_CLASSES, type ValueClass } from "./profile.js";
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

/** What a path says of its values alone: no runs, nothing below it. */
export type Values = Pick<PathProfile, "counts" | "min" | "max" | "maxLength" | "hazards">;

/** Adds up the values and runs of paths. */
export class ValueSum {
  hazards = 0;
  private readonly counts = new Float64Array(VALUE_CLASSES.length);
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private maxLength = -1;

  /** Adds values of the class with this index. */
  count(kind: number, count: number): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + count;
  }

  /** Adds measures; infinities and -1 stand for none. */
  measure(min: number, max: number, maxLength: number): void {
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
    if (maxLength > this.maxLength) this.maxLength = maxLength;
  }

  add({ counts, min, max, maxLength, hazards }: Values): void {
    for (const [name, count] of Object.entries(counts)) this.count(CLASS[name as ValueClass], count);
    this.measure(min ?? Number.POSITIVE_INFINITY, max ?? Number.NEGATIVE_INFINITY, maxLength ?? -1);
    this.hazards |= hazards;
  }

  values(): Values {
    const counts: Values["counts"] = {};
    for (const [kind, name] of VALUE_CLASSES.entries()) {
      const count = this.counts[kind] ?? 0;
      if (count > 0) counts[name] = count;
    }
    return {
      counts,
      ...(this.min === Number.POSITIVE_INFINITY ? {} : { min: this.min, max: this.max }),
      ...(this.maxLength < 0 ? {} : { maxLength: this.maxLength }),
      hazards: this.hazards,
    };
  }
}

/** The values of two paths together. */
export function joinValues(a: Values, b: Values): Values {
  const sum = new ValueSum();
  sum.add(a);
  sum.add(b);
  return sum.values();
}

/** Values and runs of many members, added up one after the other. */
export class Others {
  readonly sum = new ValueSum();
  readonly runs: RunSet;
  private empty = true;

  /** @param universe length of the list of runs. */
  constructor(universe: number) {
    this.runs = new RunSet(universe);
  }

  get isEmpty(): boolean {
    return this.empty;
  }

  /** @param places of the runs of the set. */
  add(values: Values, runs: RunSet, places: Int32Array): void {
    this.sum.add(values);
    this.runs.addAll(runs, places);
    this.empty = false;
  }

  profile(): PathProfile {
    return { ...this.sum.values(), runs: this.runs };
  }
}
