import { hashBytes } from "../../profile/hash.js";
import { JsonBytes } from "./json-bytes.js";
import { sameBytes } from "./text.js";

const TABLE = 8192;
/** Keys beyond these have no slot, so hostile input cannot make the table grow. */
export const MOST_KEYS = 4096;
const LONGEST = 256;

/** Numbers keys in the order in which they first came, and keeps each as the JSON text of a member name. */
export class KeySlots {
  private readonly table = new Int32Array(TABLE);
  private readonly keys: Uint8Array[] = [];
  private readonly names: Uint8Array[] = [];

  /** How many keys have a slot. */
  get count(): number {
    return this.keys.length;
  }

  /** The JSON string of the key of a slot, with its colon. */
  name(slot: number): Uint8Array {
    return this.names[slot] as Uint8Array;
  }

  /** The slot of the key `bytes[from..to)`, from 0; -1 for one that is too long or came too late. */
  slotOf(bytes: Uint8Array, from: number, to: number): number {
    const hash = hashBytes(bytes, from, to);
    let at = (hash ^ (hash >>> 15)) & (TABLE - 1);
    for (;;) {
      const slot = (this.table[at] as number) - 1;
      if (slot < 0) return this.add(bytes, from, to, at);
      if (sameBytes(this.keys[slot] as Uint8Array, bytes, from, to)) return slot;
      at = (at + 1) & (TABLE - 1);
    }
  }

  private add(bytes: Uint8Array, from: number, to: number, at: number): number {
    if (to - from > LONGEST || this.keys.length === MOST_KEYS) return -1;
    const name = new JsonBytes();
    name.key(bytes, from, to);
    this.names.push(name.take());
    this.keys.push(bytes.slice(from, to));
    this.table[at] = this.keys.length;
    return this.keys.length - 1;
  }
}
