import { createHash } from "node:crypto";

/** SHA-256 (FIPS 180-4) of the UTF-8 bytes of `JSON.stringify(parts)`. */
export function digest(parts: readonly string[]): Uint8Array {
  return createHash("sha256").update(JSON.stringify(parts), "utf8").digest();
}
