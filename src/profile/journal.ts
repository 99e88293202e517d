import { CLASS_BITS, RANGED } from "./classes.js";
import { widenDoubles, widenInts } from "./widen.js";

const FIRST_CAPACITY = 256;
// A copy, because V8 reads an imported binding from memory each time.
const WITH_RANGE = RANGED;

/**
 * What one text says of its paths, held back until the text is known to be usable. Entry k says: path `node[k]` has
 * `count[k]` more values of the class in `fact[k]` (`class | hazards << CLASS_BITS`), with `measure[k]` the value of a
 * class that has a range, or the byte length of a string. Grows with the number of paths, not with the length of lists.
 */
export class Journal {
  size = 0;
  node = new Int32Array(FIRST_CAPACITY);
  fact = new Int32Array(FIRST_CAPACITY);
  count = new Int32Array(FIRST_CAPACITY);
  measure = new Float64Array(FIRST_CAPACITY);

  private readonly listCount = new Int32Array(1 << CLASS_BITS);
  private listClasses = 0;
  private listMin = 0;
  private listMax = 0;
  private listLength = 0;

  push(node: number, fact: number, count: number, measure: number): void {
    if (this.size === this.node.length) this.widen();
    const k = this.size;
    this.node[k] = node;
    this.fact[k] = fact;
    this.count[k] = count;
    this.measure[k] = measure;
    this.size = k + 1;
  }

  /** Forgets everything: another text begins. */
  reset(): void {
    this.size = 0;
    this.openList();
  }

  /** A list that is not inside another begins. */
  openList(): void {
    if (this.listClasses !== 0) this.listCount.fill(0);
    this.listClasses = 0;
    this.listMin = Number.POSITIVE_INFINITY;
    this.listMax = Number.NEGATIVE_INFINITY;
    this.listLength = 0;
  }

  /** One element of the open list. */
  element(kind: number, measure: number): void {
    this.listCount[kind] = (this.listCount[kind] ?? 0) + 1;
    const bit = 1 << kind;
    this.listClasses |= bit;
    if ((bit & WITH_RANGE) !== 0) {
      if (measure < this.listMin) this.listMin = measure;
      if (measure > this.listMax) this.listMax = measure;
    } else if (measure > this.listLength) this.listLength = measure;
  }

  /** Writes the elements of the open list to the path of its elements. */
  closeList(items: number, hazards: number): void {
    for (let rest = this.listClasses; rest !== 0; rest &= rest - 1) {
      const kind = 31 - Math.clz32(rest & -rest);
      const fact = kind | (hazards << CLASS_BITS);
      const ranged = ((1 << kind) & WITH_RANGE) !== 0;
      this.push(items, fact, this.listCount[kind] ?? 0, ranged ? this.listMin : this.listLength);
      if (ranged) this.push(items, fact, 0, this.listMax);
      this.listCount[kind] = 0;
    }
    this.listClasses = 0;
  }

  private widen(): void {
    const capacity = 2 * this.node.length;
    this.node = widenInts(this.node, capacity);
    this.fact = widenInts(this.fact, capacity);
    this.count = widenInts(this.count, capacity);
    this.measure = widenDoubles(this.measure, capacity);
  }
}
