import { widenInts } from "./widen.js";

const FIRST_CAPACITY = 256;

/**
 * Sets of run numbers, one set a node, as chains of ranges in one pool. Runs mostly come in ascending order, so that a
 * set is a few ranges; when they do not, the pool is tidied before it grows.
 */
export class RunSets {
  private size = 0;
  /** Ranges that were added although a later run was in the set. */
  private late = 0;
  private from = new Int32Array(FIRST_CAPACITY);
  private to = new Int32Array(FIRST_CAPACITY);
  private next = new Int32Array(FIRST_CAPACITY);

  /** Adds a run to the set whose newest range is `head` (-1: empty set). Gives the new head. */
  add(head: number, run: number): number {
    if (head >= 0) {
      const last = this.to[head] ?? 0;
      if (run >= (this.from[head] ?? 0) && run <= last) return head;
      if (run === last + 1) {
        this.to[head] = run;
        return head;
      }
      if (run < last) this.late += 1;
    }
    if (this.size === this.from.length) this.grow();
    return this.append(run, run, head);
  }

  /** Whether the pool is full of ranges that may be needless, so that `tidy` is due before more is added. */
  get untidy(): boolean {
    return this.size === this.from.length && 2 * this.late > this.size;
  }

  /** Rewrites all sets with as few ranges as they need; `heads[0..nodes)` are updated in place. */
  tidy(heads: Int32Array, nodes: number): void {
    const sets: number[][] = [];
    for (let node = 0; node < nodes; node++) sets.push(this.ranges(heads[node] ?? -1));
    this.size = 0;
    this.late = 0;
    for (const [node, set] of sets.entries()) {
      let head = -1;
      for (let k = 0; k < set.length; k += 2) head = this.append(set[k] ?? 0, set[k + 1] ?? 0, head);
      heads[node] = head;
    }
    if (2 * this.size > this.from.length) this.grow();
  }

  /** The set as ascending ranges that do not touch: `[from, to, from, to, …]`, both ends included. */
  ranges(head: number): number[] {
    const found: [number, number][] = [];
    for (let range = head; range >= 0; range = this.next[range] ?? -1) {
      found.push([this.from[range] ?? 0, this.to[range] ?? 0]);
    }
    found.sort((a, b) => a[0] - b[0]);
    const flat: number[] = [];
    for (const [from, to] of found) {
      const end = flat.at(-1);
      if (end !== undefined && from <= end + 1) flat[flat.length - 1] = Math.max(end, to);
      else flat.push(from, to);
    }
    return flat;
  }

  private append(from: number, to: number, next: number): number {
    const range = this.size;
    this.size += 1;
    this.from[range] = from;
    this.to[range] = to;
    this.next[range] = next;
    return range;
  }

  private grow(): void {
    const capacity = 2 * this.from.length;
    this.from = widenInts(this.from, capacity);
    this.to = widenInts(this.to, capacity);
    this.next = widenInts(this.next, capacity);
  }
}
