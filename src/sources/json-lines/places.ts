import type { Path } from "../../json/pointer.js";
import { isKey, MemberWalk, skipSpace } from "../../json/scan.js";
import type { IdentityFields } from "./fields.js";

const QUOTE = 0x22;
const MINUS = 0x2d;
const COLON = 0x3a;
const COMMA = 0x2c;

/** The parts of a run's identity, in the order of `Choice`. */
export const PARTS = ["run_id", "project", "entity"] as const;
export const NONE = -1;

/** One path where a part of the identity may stand. Of a part, those that are tried first come first. */
export interface Candidate {
  readonly part: number;
  /** Keys of the path; the first is a member of the record itself. */
  readonly keys: readonly Buffer[];
  /** Its first key as it usually stands in a text, in quotes. */
  readonly word: Buffer;
}

export function candidatesOf(fields: IdentityFields): Candidate[] {
  const candidate = (part: number, path: Path): Candidate => ({
    part,
    keys: path.map((key) => Buffer.from(key, "utf8")),
    word: Buffer.from(JSON.stringify(path[0] ?? ""), "utf8"),
  });
  return PARTS.flatMap((name, part) => fields[name].map((path) => candidate(part, path)));
}

/** Where a candidate stands in the record of that number. One for each candidate, used again for every record. */
export interface Place {
  record: number;
  /** Start of the object that it is a member of, and its number among the members, from 0. */
  object: number;
  ordinal: number;
  /** The comma before it, -1 for the first member; its opening quote; its value. */
  commaAt: number;
  start: number;
  valueFrom: number;
  valueTo: number;
}

export function emptyPlace(): Place {
  return { record: 0, object: 0, ordinal: 0, commaAt: NONE, start: 0, valueFrom: 0, valueTo: 0 };
}

/** Puts a place where a walk through the object at `object` stands. */
function settle(place: Place, walk: MemberWalk, object: number): void {
  place.object = object;
  place.ordinal = walk.ordinal;
  place.commaAt = walk.commaAt;
  place.start = walk.keyFrom - 1;
  place.valueFrom = walk.valueFrom;
  place.valueTo = walk.valueTo;
}

const inner = new MemberWalk();

/**
 * Follows a path from the root member that `walk` stands at, whose key is its first one; whether it leads to a value
 * that can be part of an identity: a string or a number.
 */
export function follow(
  keys: readonly Buffer[],
  walk: MemberWalk,
  object: number,
  bytes: Buffer,
  place: Place,
): boolean {
  settle(place, walk, object);
  const end = walk.valueTo;
  for (let depth = 1; depth < keys.length; depth++) {
    const key = keys[depth] as Buffer;
    const nested = place.valueFrom;
    inner.begin(bytes, nested, end);
    let found = false;
    while (!found && inner.next()) found = isKey(bytes, inner.keyFrom, inner.keyTo, key);
    if (!found) return false;
    settle(place, inner, nested);
  }
  const c = bytes[place.valueFrom] as number;
  return c === QUOTE || c === MINUS || (c >= 0x30 && c <= 0x39);
}

/** In a text that is no JSON: the last place where the key stands with a string or number behind it. */
export function lastPlace(word: Buffer, bytes: Buffer, from: number, to: number, place: Place): boolean {
  const text = bytes.subarray(from, to);
  for (let at = text.lastIndexOf(word); at >= 0; at = at === 0 ? NONE : text.lastIndexOf(word, at - 1)) {
    const colon = skipSpace(text, at + word.length, text.length);
    if (text[colon] !== COLON) continue;
    const value = skipSpace(text, colon + 1, text.length);
    const match = /^(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/.exec(text.toString("latin1", value, value + 1024));
    if (match === null) continue;
    place.valueFrom = from + value;
    place.valueTo = from + value + match[0].length;
    return true;
  }
  return false;
}

/** Ranges to cut out of a record, ascending: `at[2i]..at[2i+1])`. */
export class Cuts {
  readonly at = new Int32Array(2 * PARTS.length);
  count = 0;
  #leads = false;

  one(from: number, to: number): void {
    this.at[0] = from;
    this.at[1] = to;
    this.count = 1;
  }

  /**
   * Cuts members out of a record that ends at `to`: those that their object begins with go with the comma after them,
   * others with the comma before.
   * @param places ascending.
   */
  members(places: readonly Place[], bytes: Buffer, to: number): void {
    this.count = 0;
    for (const [i, place] of places.entries()) {
      const before = places[i - 1];
      const led = before !== undefined && before.object === place.object ? before.ordinal + 1 : 0;
      const leads = place.ordinal === led && (led === 0 || this.#leads);
      this.#leads = leads;
      if (!leads) this.#add(place.commaAt, place.valueTo);
      else {
        const comma = skipSpace(bytes, place.valueTo, to);
        const cutTo = bytes[comma] === COMMA ? skipSpace(bytes, comma + 1, to) : place.valueTo;
        this.#add(led === 0 ? place.object + 1 : place.start, cutTo);
      }
    }
  }

  #add(from: number, to: number): void {
    const last = 2 * this.count - 1;
    if (this.count > 0 && this.at[last] === from) this.at[last] = to;
    else {
      this.at[last + 1] = from;
      this.at[last + 2] = to;
      this.count += 1;
    }
  }
}
