/** A copy with a larger capacity; what is new is filled with `rest`. */
export function widenInts(from: Int32Array, capacity: number, rest = 0): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(capacity);
  if (rest !== 0) wider.fill(rest, from.length);
  wider.set(from);
  return wider;
}

/** A copy with a larger capacity; what is new is filled with `rest`. */
export function widenDoubles(from: Float64Array, capacity: number, rest = 0): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(capacity);
  if (rest !== 0) wider.fill(rest, from.length);
  wider.set(from);
  return wider;
}

/** A copy with a larger capacity; what is new is zero. */
export function widenBytes(from: Uint8Array, capacity: number): Uint8Array<ArrayBuffer> {
  const wider = new Uint8Array(capacity);
  wider.set(from);
  return wider;
}
