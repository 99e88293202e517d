import type { Path } from "../../json/pointer.js";
import type { IdentityFields } from "./fields.js";
import { MemberWalk, skipSpace } from "./json-scan.js";
import { KeySearch } from "./key-search.js";

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const UNICODE_ESCAPE = Buffer.from("\\u", "latin1");
const NOT_FOUND = -1;
const PARTS = ["run_id", "project", "entity"] as const;

/** Texts of an identity as they stand in a record; undefined where it says nothing. */
export interface IdentityText {
  readonly run_id: string | undefined;
  readonly project: string | undefined;
  readonly entity: string | undefined;
}

/** One path where a part of the identity may stand. */
interface Candidate {
  readonly part: number;
  readonly path: Path;
  readonly key: Buffer;
}

function candidatesOf(fields: IdentityFields): Candidate[] {
  return PARTS.flatMap((name, part) =>
    fields[name].map((path) => ({ part, path, key: Buffer.from(path[0] ?? "", "utf8") })),
  );
}

/** A member that was found: where it stands, and in which object. One for each candidate, used again for every record. */
interface Place {
  record: number;
  object: number;
  ordinal: number;
  commaAt: number;
  start: number;
  valueFrom: number;
  valueTo: number;
}

const NOWHERE: Place = { record: 0, object: 0, ordinal: 0, commaAt: 0, start: 0, valueFrom: 0, valueTo: 0 };

function sameBytes(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Whether a value can be part of an identity: a string or a number. */
function isUsable(bytes: Uint8Array, at: number): boolean {
  const c = bytes[at] as number;
  return c === QUOTE || c === 0x2d || (c >= 0x30 && c <= 0x39);
}

/**
 * Finds the identity of record after record of one file, and what is to be cut out of each. Records of one run mostly
 * begin or end with the same bytes: then nothing is read but these, after a search showed that no other identity
 * member is there. What is found never depends on the records before.
 */
export class IdentityFinder<Run> {
  /** Ranges to cut out of the record found last: `cuts[2i]..cuts[2i+1])`, ascending; `cutCount` of them. */
  readonly cuts = new Int32Array(16);
  cutCount = 0;
  readonly #candidates: readonly Candidate[];
  readonly #places: readonly Place[];
  readonly #intern: (text: IdentityText) => Run;
  readonly #runs = new Map<string, Run>();
  #none: Run | undefined;
  readonly #searches = new Map<number, KeySearch>();
  readonly #walk = new MemberWalk();
  readonly #inner = new MemberWalk();
  readonly #chosen: number[] = [-1, -1, -1];
  #bytes: Buffer = Buffer.alloc(0);
  #live: Buffer = Buffer.alloc(0);
  #end = 0;
  #escapeFrom = 0;
  #escapeNext = -1;
  #record = 0;
  #head: Uint8Array | undefined;
  #tail: Uint8Array | undefined;
  #known: Run | undefined;
  #search: KeySearch | undefined;

  /** @param intern gives the run of an identity; asked once for each spelling of it. */
  constructor(fields: IdentityFields, intern: (text: IdentityText) => Run) {
    this.#candidates = candidatesOf(fields);
    this.#places = this.#candidates.map(() => ({ ...NOWHERE }));
    this.#intern = intern;
  }

  /** The records that follow stand in this buffer, before `end`. */
  reset(bytes: Buffer, end: number): void {
    this.#bytes = bytes;
    this.#live = bytes.subarray(0, end);
    this.#end = end;
    this.#escapeNext = -1;
    for (const search of this.#searches.values()) search.reset(bytes, end);
  }

  /** The same records will be given once more from the first on. */
  repeat(): void {
    this.#head = undefined;
    this.#tail = undefined;
    for (const search of this.#searches.values()) search.repeat();
  }

  /** The run of the record `bytes[from..to)`, surrounded by no white space; sets `cuts`. */
  find(from: number, to: number): Run {
    const bytes = this.#bytes;
    const head = this.#head;
    if (head !== undefined && from + head.length < to && sameBytes(bytes, from, head)) {
      const after = from + head.length;
      if (!this.#mayHold(this.#search, after, to)) return this.#cutOne(from + 1, after);
    }
    const tail = this.#tail;
    if (tail !== undefined && from + tail.length < to && sameBytes(bytes, to - tail.length, tail)) {
      const before = to - tail.length;
      if (!this.#mayHold(this.#search, from, before)) return this.#cutOne(before, to - 1);
    }
    return this.#look(from, to);
  }

  #cutOne(from: number, to: number): Run {
    this.cuts[0] = from;
    this.cuts[1] = to;
    this.cutCount = 1;
    return this.#known as Run;
  }

  /** Whether a key that counts, or an escape that may hide one, may stand in `from..to)`. */
  #mayHold(search: KeySearch | undefined, from: number, to: number): boolean {
    return search?.occurs(from, to) === true || this.#hasEscape(from, to);
  }

  #hasEscape(from: number, to: number): boolean {
    if (from < this.#escapeFrom || from > this.#escapeNext) {
      const next = this.#live.indexOf(UNICODE_ESCAPE, from);
      this.#escapeFrom = from;
      this.#escapeNext = next < 0 ? this.#end : next;
    }
    return this.#escapeNext < to;
  }

  /** The search for all that could still change the choice. */
  #searchFor(chosen: readonly number[]): KeySearch {
    const signature = chosen.reduce((sum, choice) => sum * 64 + choice + 1, 0);
    const known = this.#searches.get(signature);
    if (known !== undefined) return known;
    const open = this.#candidates.filter(({ part }, i) => {
      const choice = chosen[part] ?? NOT_FOUND;
      return choice === NOT_FOUND || i < choice;
    });
    const search = new KeySearch(open.map(({ path }) => Buffer.from(JSON.stringify(path[0] ?? ""), "utf8")));
    search.reset(this.#bytes, this.#end);
    this.#searches.set(signature, search);
    return search;
  }

  #look(from: number, to: number): Run {
    this.cutCount = 0;
    this.#record += 1;
    const chosen = this.#chosen;
    chosen.fill(NOT_FOUND);
    let search = this.#searchFor(chosen);
    if (this.#mayHold(search, from, to)) {
      const walk = this.#walk;
      walk.begin(this.#bytes, from, to);
      for (let ordinal = 0; walk.next(); ordinal++) {
        if (!this.#note(from, ordinal, to)) continue;
        search = this.#searchFor(chosen);
        if (!this.#mayHold(search, walk.at, to)) break;
      }
    }
    const run = this.#run();
    this.#cutChosen(to);
    this.#remember(run, search, from, to);
    return run;
  }

  /** Takes the member of the walk when it is one that counts; whether it was. */
  #note(from: number, ordinal: number, to: number): boolean {
    const { keyFrom, keyTo, valueFrom, valueTo, commaAt } = this.#walk;
    let noted = false;
    for (const [i, candidate] of this.#candidates.entries()) {
      const place = this.#places[i] as Place;
      if (place.record === this.#record || !this.#isKey(keyFrom, keyTo, candidate.key)) continue;
      place.record = this.#record;
      noted = true;
      const found = { object: from, ordinal, commaAt, start: keyFrom - 1, valueFrom, valueTo };
      Object.assign(place, found);
      if (candidate.path.length > 1 && !this.#descend(candidate.path, place, to)) continue;
      const choice = this.#chosen[candidate.part] as number;
      if (isUsable(this.#bytes, place.valueFrom) && (choice === NOT_FOUND || i < choice))
        this.#chosen[candidate.part] = i;
    }
    return noted;
  }

  /** Follows the rest of a path down from a member; whether it leads to one. */
  #descend(path: Path, place: Place, to: number): boolean {
    const walk = this.#inner;
    for (const segment of path.slice(1)) {
      const key = Buffer.from(segment, "utf8");
      const object = place.valueFrom;
      walk.begin(this.#bytes, object, to);
      let ordinal = -1;
      let found = false;
      while (!found && walk.next()) {
        ordinal += 1;
        found = this.#isKey(walk.keyFrom, walk.keyTo, key);
      }
      if (!found) return false;
      const { keyFrom, valueFrom, valueTo, commaAt } = walk;
      Object.assign(place, { object, ordinal, commaAt, start: keyFrom - 1, valueFrom, valueTo });
    }
    return true;
  }

  #isKey(from: number, to: number, key: Buffer): boolean {
    const bytes = this.#bytes;
    if (to - from === key.length && sameBytes(bytes, from, key)) return true;
    for (let i = from; i < to; i++)
      if (bytes[i] === BACKSLASH) return unescaped(bytes, from - 1, to + 1) === key.toString("utf8");
    return false;
  }

  #run(): Run {
    const [run_id = NOT_FOUND, project = NOT_FOUND, entity = NOT_FOUND] = this.#chosen;
    if (run_id === NOT_FOUND && project === NOT_FOUND && entity === NOT_FOUND) {
      this.#none ??= this.#intern({ run_id: undefined, project: undefined, entity: undefined });
      return this.#none;
    }
    const key = `${this.#token(run_id)}\n${this.#token(project)}\n${this.#token(entity)}`;
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const run = this.#intern({
      run_id: this.#text(run_id),
      project: this.#text(project),
      entity: this.#text(entity),
    });
    this.#runs.set(key, run);
    return run;
  }

  #token(choice: number): string {
    if (choice === NOT_FOUND) return "";
    const { valueFrom, valueTo } = this.#places[choice] as Place;
    return this.#bytes.toString("latin1", valueFrom, valueTo);
  }

  #text(choice: number): string | undefined {
    if (choice === NOT_FOUND) return undefined;
    const { valueFrom, valueTo } = this.#places[choice] as Place;
    const bytes = this.#bytes;
    if (bytes[valueFrom] !== QUOTE) return bytes.toString("utf8", valueFrom, valueTo);
    return unescaped(bytes, valueFrom, valueTo) ?? bytes.toString("utf8", valueFrom + 1, valueTo - 1);
  }

  /** What to cut: members that the object begins with go with the comma after them, others with the comma before. */
  #cutChosen(to: number): void {
    const bytes = this.#bytes;
    const places = this.#chosen.flatMap((choice) => (choice === NOT_FOUND ? [] : [this.#places[choice] as Place]));
    if (places.length > 1) places.sort((a, b) => a.start - b.start);
    const led = new Map<number, number>();
    for (const place of places) {
      let [cutFrom, cutTo] = [place.commaAt, place.valueTo];
      if (place.ordinal === (led.get(place.object) ?? 0)) {
        led.set(place.object, place.ordinal + 1);
        const comma = skipSpace(bytes, place.valueTo, to);
        cutFrom = place.ordinal === 0 ? place.object + 1 : place.start;
        if (bytes[comma] === 0x2c) cutTo = skipSpace(bytes, comma + 1, to);
      }
      const last = 2 * this.cutCount - 1;
      if (last > 0 && this.cuts[last] === cutFrom) this.cuts[last] = cutTo;
      else {
        this.cuts[last + 1] = cutFrom;
        this.cuts[last + 2] = cutTo;
        this.cutCount += 1;
      }
    }
  }

  /** Keeps the bytes that the next record of the run is likely to begin or end with. */
  #remember(run: Run, search: KeySearch, from: number, to: number): void {
    const bytes = this.#bytes;
    this.#head = undefined;
    this.#tail = undefined;
    if (this.cutCount !== 1 || bytes[from] !== OPEN_OBJECT || bytes[to - 1] !== CLOSE_OBJECT) return;
    const [cutFrom = 0, cutTo = 0] = this.cuts;
    this.#known = run;
    this.#search = search;
    if (cutFrom === from + 1 && bytes[cutTo] === QUOTE) this.#head = Buffer.from(bytes.subarray(from, cutTo));
    else if (cutTo === to - 1) this.#tail = Buffer.from(bytes.subarray(cutFrom, to));
  }
}

function unescaped(bytes: Buffer, from: number, to: number): string | undefined {
  try {
    const text: unknown = JSON.parse(bytes.toString("utf8", from, to));
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}
