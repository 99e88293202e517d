import type { Value } from "./value.js";

const MICROS = 1_000_000;
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

/** `logged_at` of a `timestamp` in unix seconds: microseconds, rounded half up; NULL outside the years 0001 to 9999. */
export function loggedAt(timestamp: Value | undefined): bigint | null {
  if (typeof timestamp !== "number" || !(timestamp >= FIRST_SECOND && timestamp <= LAST_SECOND)) return null;
  return BigInt(Math.floor(timestamp * MICROS + 0.5));
}
