/** Differs from process to process, so that no file can be made whose keys all collide. Never part of a result. */
const SEED = (Math.random() * 2 ** 32) | 0;

/** A 32-bit hash of `bytes[from..to)`, for tables in memory only. */
export function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = SEED;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash;
}

/** Spreads a hash together with a number over all 32 bits. */
export function mix(hash: number, value: number): number {
  let mixed = hash ^ Math.imul(value + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
