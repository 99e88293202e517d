import type { Random } from "./random.js";

/** Something that takes bytes from outside, and what must hold whatever they are. */
export interface Target {
  readonly name: string;
  /** Ending of the names of its files in the corpus. */
  readonly extension: string;
  /** Bytes of one case. */
  make(random: Random): Promise<Uint8Array> | Uint8Array;
  /** Resolves when all that must hold does; throws where it does not. */
  check(bytes: Uint8Array): Promise<void> | void;
}

/** What must hold does not. */
export class Violation extends Error {}

export function must(holds: boolean, says: string): void {
  if (!holds) throw new Violation(says);
}
