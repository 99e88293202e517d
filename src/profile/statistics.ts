import { CLASS_BITS, CLASS_MASK, RANGED, STRINGS } from "./classes.js";
import type { Journal } from "./journal.js";
import { RunSets } from "./runs.js";
import { ValueSum, type Values } from "./values.js";
import { widenBytes, widenDoubles, widenInts } from "./widen.js";

const FIRST_CAPACITY = 64;
// Copies, because V8 reads an imported binding from memory each time.
const FACT_BITS = CLASS_BITS;
const KIND_MASK = CLASS_MASK;
const WITH_RANGE = RANGED;
const MEASURED = RANGED | STRINGS;

/**
 * Statistics per trie node, in typed arrays. Counts are cells in one pool, a chain a node, since a path has few of the
 * classes; the class that came last is first in its chain.
 */
export class PathStatistics {
  private capacity = 0;
  private cells = widenInts(new Int32Array(0), FIRST_CAPACITY, -1);
  private hazards = widenInts(new Int32Array(0), FIRST_CAPACITY, 0);
  private lastRun = widenInts(new Int32Array(0), FIRST_CAPACITY, -1);
  private runs = widenInts(new Int32Array(0), FIRST_CAPACITY, -1);
  private length = widenInts(new Int32Array(0), FIRST_CAPACITY, -1);
  private min = widenDoubles(new Float64Array(0), FIRST_CAPACITY, Number.POSITIVE_INFINITY);
  private max = widenDoubles(new Float64Array(0), FIRST_CAPACITY, Number.NEGATIVE_INFINITY);
  private readonly runSets = new RunSets();

  private cellsUsed = 0;
  private cellClass = new Uint8Array(FIRST_CAPACITY);
  private cellNext = new Int32Array(FIRST_CAPACITY);
  private cellCount = new Float64Array(FIRST_CAPACITY);

  constructor() {
    this.capacity = FIRST_CAPACITY;
  }

  /** Adds the journal of one usable text of run number `run`; `nodes` is the size of the trie. */
  commit(journal: Journal, run: number, nodes: number): void {
    if (nodes > this.capacity) this.widen(nodes);
    const { cells, hazards, lastRun, min, max, length } = this;
    const { node: nodeOf, fact: factOf, count: countOf, measure: measureOf, size } = journal;
    for (let k = 0; k < size; k++) {
      const node = nodeOf[k] as number;
      const fact = factOf[k] as number;
      const count = countOf[k] as number;
      const kind = fact & KIND_MASK;
      if (lastRun[node] !== run) this.addRun(node, run, nodes);
      if (count > 0) {
        let cell = cells[node] as number;
        if (cell < 0 || this.cellClass[cell] !== kind) cell = this.cell(node, kind);
        this.cellCount[cell] = (this.cellCount[cell] as number) + count;
      }
      if (fact > KIND_MASK) hazards[node] = (hazards[node] as number) | (fact >>> FACT_BITS);
      const bit = 1 << kind;
      if ((bit & MEASURED) === 0) continue;
      const measure = measureOf[k] as number;
      if ((bit & WITH_RANGE) !== 0) {
        if (measure < (min[node] as number)) min[node] = measure;
        if (measure > (max[node] as number)) max[node] = measure;
      } else if (measure > (length[node] as number)) length[node] = measure;
    }
  }

  /** Whether any usable text had this path. */
  hasValues(node: number): boolean {
    return node < this.capacity && (this.cells[node] ?? -1) >= 0;
  }

  hazardsOf(node: number): number {
    return this.hazards[node] ?? 0;
  }

  /** Adds the values of a node to a sum. */
  addTo(sum: ValueSum, node: number): void {
    for (let cell = this.cells[node] ?? -1; cell >= 0; cell = this.cellNext[cell] ?? -1) {
      sum.count(this.cellClass[cell] ?? 0, this.cellCount[cell] ?? 0);
    }
    sum.measure(
      this.min[node] ?? Number.POSITIVE_INFINITY,
      this.max[node] ?? Number.NEGATIVE_INFINITY,
      this.length[node] ?? -1,
    );
    sum.hazards |= this.hazards[node] ?? 0;
  }

  /** The values of a node that has some. */
  valuesOf(node: number): Values {
    const sum = new ValueSum();
    this.addTo(sum, node);
    return sum.values();
  }

  /** Ranges of the runs that have a node: `[from, to, …]`, ascending, both ends included. */
  runRanges(node: number): number[] {
    return this.runSets.ranges(this.runs[node] ?? -1);
  }

  private addRun(node: number, run: number, nodes: number): void {
    if (this.runSets.untidy) this.runSets.tidy(this.runs, nodes);
    this.lastRun[node] = run;
    this.runs[node] = this.runSets.add(this.runs[node] ?? -1, run);
  }

  /** The cell of a class that is not first in its chain; made when it is new, and moved to the front. */
  private cell(node: number, kind: number): number {
    const head = this.cells[node] ?? -1;
    let before = -1;
    let cell = head;
    while (cell >= 0 && this.cellClass[cell] !== kind) {
      before = cell;
      cell = this.cellNext[cell] ?? -1;
    }
    if (cell < 0) cell = this.newCell(kind);
    else if (before >= 0) this.cellNext[before] = this.cellNext[cell] ?? -1;
    this.cellNext[cell] = head;
    this.cells[node] = cell;
    return cell;
  }

  private newCell(kind: number): number {
    if (this.cellsUsed === this.cellClass.length) {
      const capacity = 2 * this.cellsUsed;
      this.cellClass = widenBytes(this.cellClass, capacity);
      this.cellNext = widenInts(this.cellNext, capacity, -1);
      this.cellCount = widenDoubles(this.cellCount, capacity, 0);
    }
    const cell = this.cellsUsed;
    this.cellsUsed += 1;
    this.cellClass[cell] = kind;
    return cell;
  }

  private widen(nodes: number): void {
    const capacity = Math.max(2 * this.capacity, nodes);
    this.capacity = capacity;
    this.cells = widenInts(this.cells, capacity, -1);
    this.hazards = widenInts(this.hazards, capacity, 0);
    this.lastRun = widenInts(this.lastRun, capacity, -1);
    this.runs = widenInts(this.runs, capacity, -1);
    this.length = widenInts(this.length, capacity, -1);
    this.min = widenDoubles(this.min, capacity, Number.POSITIVE_INFINITY);
    this.max = widenDoubles(this.max, capacity, Number.NEGATIVE_INFINITY);
  }
}
