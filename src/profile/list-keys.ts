import { hashBytes, mix } from "./hash.js";
import { widenBytes, widenInts } from "./widen.js";

const TYPE_KEY = new TextEncoder().encode("_type");

/** Whether the unescaped key `bytes[from..to)` is `_type`. */
export function isTypeKey(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === TYPE_KEY.length && TYPE_KEY.every((byte, k) => bytes[from + k] === byte);
}

/**
 * The keys of the objects inside lists of one text, which have no place in the trie: finds a key that its object has
 * twice. Memory is that of the largest text's keys.
 */
export class ListKeys {
  private size = 0;
  private bytesUsed = 0;
  private bytes = new Uint8Array(1024);
  private object = new Int32Array(64);
  private hash = new Int32Array(64);
  private from = new Int32Array(65);
  /** Open addressing: entry + 1, or 0. */
  private slots = new Int32Array(128);

  /** Forgets all keys: another text begins. */
  reset(): void {
    if (this.size === 0) return;
    if (this.size * 8 < this.slots.length) {
      for (let entry = 0; entry < this.size; entry++) this.slots[this.slotOf(entry)] = 0;
    } else this.slots.fill(0);
    this.size = 0;
    this.bytesUsed = 0;
  }

  /** Adds the unescaped key `bytes[from..to)` of an object; false when the object has it already. */
  add(object: number, bytes: Uint8Array, from: number, to: number): boolean {
    const hash = mix(hashBytes(bytes, from, to), object);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let entry = this.slots[slot] ?? 0; entry > 0; entry = this.slots[slot] ?? 0) {
      if (this.equals(entry - 1, hash, object, bytes, from, to)) return false;
      slot = (slot + 1) & mask;
    }
    this.append(object, hash, bytes, from, to);
    this.slots[slot] = this.size;
    if (2 * this.size > this.slots.length) this.rehash();
    return true;
  }

  private equals(entry: number, hash: number, object: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.hash[entry] !== hash || this.object[entry] !== object) return false;
    const start = this.from[entry] ?? 0;
    if ((this.from[entry + 1] ?? 0) - start !== to - from) return false;
    for (let k = 0; k < to - from; k++) if (this.bytes[start + k] !== bytes[from + k]) return false;
    return true;
  }

  private append(object: number, hash: number, bytes: Uint8Array, from: number, to: number): void {
    if (this.size === this.object.length) this.widenEntries();
    const needed = this.bytesUsed + to - from;
    if (needed > this.bytes.length) this.bytes = widenBytes(this.bytes, 2 * needed);
    for (let i = from; i < to; i++) this.bytes[this.bytesUsed++] = bytes[i] ?? 0;
    this.object[this.size] = object;
    this.hash[this.size] = hash;
    this.size += 1;
    this.from[this.size] = this.bytesUsed;
  }

  /** The slot of an entry that is in the table. */
  private slotOf(entry: number): number {
    const mask = this.slots.length - 1;
    let slot = (this.hash[entry] ?? 0) & mask;
    while (this.slots[slot] !== entry + 1) slot = (slot + 1) & mask;
    return slot;
  }

  private widenEntries(): void {
    this.object = widenInts(this.object, 2 * this.size);
    this.hash = widenInts(this.hash, 2 * this.size);
    this.from = widenInts(this.from, 2 * this.size + 1);
  }

  private rehash(): void {
    this.slots = new Int32Array(2 * this.slots.length);
    const mask = this.slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      let slot = (this.hash[entry] ?? 0) & mask;
      while ((this.slots[slot] ?? 0) > 0) slot = (slot + 1) & mask;
      this.slots[slot] = entry + 1;
    }
  }
}
