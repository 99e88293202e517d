import type { ItemSpan } from "./items.js";
import { KeySlots, MOST_KEYS } from "./key-slots.js";

const STEP_KEY = Buffer.from("_step");
const FIRST = 64;
const BY_HAND = 48;
/** More than the places of a row; times the slots it is still an exact double. */
const PLACES = 2 ** 40;

/**
 * The items of one row that have a plain key: `_step`, which the raw store looks for, then the others in the order in which
 * their keys first came in the log, since W&B's client writes them in another order each time. Items of one key keep
 * theirs; keys without a slot stand at the end, as they came.
 */
export class RowItems {
  readonly keys = new KeySlots();
  count = 0;
  slots = new Int32Array(FIRST);
  from = new Int32Array(FIRST);
  to = new Int32Array(FIRST);
  keyFrom = new Int32Array(FIRST);
  keyTo = new Int32Array(FIRST);
  valueFrom = new Int32Array(FIRST);
  valueTo = new Int32Array(FIRST);
  /** The order, as places in the lists; valid after `sort`. */
  order = new Int32Array(FIRST);
  private sorting = new Float64Array(FIRST);

  constructor() {
    this.keys.slotOf(STEP_KEY, 0, STEP_KEY.length);
  }

  clear(): void {
    this.count = 0;
  }

  add(bytes: Uint8Array, item: ItemSpan): void {
    const i = this.count++;
    if (i === this.slots.length) this.grow();
    const slot = this.keys.slotOf(bytes, item.keyFrom, item.keyTo);
    this.slots[i] = slot < 0 ? MOST_KEYS : slot;
    this.from[i] = item.from;
    this.to[i] = item.to;
    this.keyFrom[i] = item.keyFrom;
    this.keyTo[i] = item.keyTo;
    this.valueFrom[i] = item.valueFrom;
    this.valueTo[i] = item.valueTo;
  }

  /** Brings the items in order. */
  sort(): void {
    if (this.count <= BY_HAND) this.sortFew();
    else this.sortMany();
  }

  private sortFew(): void {
    const { order, slots, count } = this;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      let at = i;
      for (; at > 0 && (slots[order[at - 1] as number] as number) > slot; at--) order[at] = order[at - 1] as number;
      order[at] = i;
    }
  }

  private sortMany(): void {
    const { order, slots, sorting, count } = this;
    for (let i = 0; i < count; i++) sorting[i] = (slots[i] as number) * PLACES + i;
    sorting.subarray(0, count).sort();
    for (let i = 0; i < count; i++) order[i] = (sorting[i] as number) % PLACES;
  }

  private grow(): void {
    const wider = (list: Int32Array): Int32Array<ArrayBuffer> => {
      const more = new Int32Array(list.length * 2);
      more.set(list);
      return more;
    };
    this.slots = wider(this.slots);
    this.from = wider(this.from);
    this.to = wider(this.to);
    this.keyFrom = wider(this.keyFrom);
    this.keyTo = wider(this.keyTo);
    this.valueFrom = wider(this.valueFrom);
    this.valueTo = wider(this.valueTo);
    this.order = new Int32Array(this.slots.length);
    this.sorting = new Float64Array(this.slots.length);
  }
}
