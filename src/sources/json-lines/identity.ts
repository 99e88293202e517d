import { isBraced, isKey, MemberWalk, unescaped } from "../../json/scan.js";
import { Edge } from "./edge.js";
import type { IdentityFields } from "./fields.js";
import { KeySearch } from "./key-search.js";
import { type Candidate, Cuts, candidatesOf, emptyPlace, follow, lastPlace, NONE, type Place } from "./places.js";

const QUOTE = 0x22;
const BACKSLASH = Buffer.from("\\", "latin1");
const UNICODE_ESCAPE = Buffer.from("\\u", "latin1");
const SLASH = "/".charCodeAt(0);

/** The parts of an identity that a record says; undefined where it says nothing. */
export interface IdentityText {
  readonly run_id: string | undefined;
  readonly project: string | undefined;
  readonly entity: string | undefined;
}

/**
 * Finds the identity of record after record of one file, and what is to be cut out of each. Most records begin or end as
 * the one before: then only that edge is read, after a search showed that no other identity member can be there. What is
 * found in a record that is JSON does not depend on the records before.
 */
export class IdentityFinder<Run> {
  /** What the identity is cut out by, from the record found last; nothing when that is no object. */
  readonly cuts = new Cuts();
  /** Whether the record found last says a run id. */
  hasRunId = false;
  readonly #candidates: readonly Candidate[];
  readonly #places: readonly Place[];
  readonly #intern: (text: IdentityText) => Run;
  readonly #runs = new Map<string, Run>();
  readonly #searches = new Map<number, KeySearch>();
  readonly #walk = new MemberWalk();
  readonly #edge = new Edge();
  /** For each part the candidate that was found, or NONE; where its value stands. */
  readonly #choice = new Int32Array(3);
  readonly #valueFrom = new Int32Array(3);
  readonly #valueTo = new Int32Array(3);
  /** What may stand in a key of ours that is not spelled as usual; a slash can be escaped without a number. */
  readonly #escape: Buffer;
  #bytes: Buffer = Buffer.alloc(0);
  #live: Buffer = Buffer.alloc(0);
  #end = 0;
  #escapeFrom = 0;
  #escapeNext = -1;
  #record = 0;
  #edgeHasRunId = false;
  #edgeSearch: KeySearch | undefined;
  #lastRun: Run | undefined;

  /** @param intern gives the run of an identity; asked once for each spelling of it. */
  constructor(fields: IdentityFields, intern: (text: IdentityText) => Run) {
    this.#candidates = candidatesOf(fields);
    this.#places = this.#candidates.map(emptyPlace);
    this.#intern = intern;
    const hasSlash = this.#candidates.some(({ keys }) => keys[0]?.includes(SLASH));
    this.#escape = hasSlash ? BACKSLASH : UNICODE_ESCAPE;
  }

  /** The records that follow stand in this buffer, before `end`. */
  reset(bytes: Buffer, end: number): void {
    this.#bytes = bytes;
    this.#live = bytes.subarray(0, end);
    this.#end = end;
    this.#escapeNext = -1;
    for (const search of this.#searches.values()) search.reset(bytes, end);
  }

  /** The same records will be given once more, from the first on. */
  repeat(): void {
    this.#edge.forget();
    this.hasRunId = false;
    for (const search of this.#searches.values()) search.repeat();
  }

  /** The run of the record `bytes[from..to)`, which has no white space around it; sets `cuts` and `hasRunId`. */
  find(from: number, to: number): Run {
    const bytes = this.#bytes;
    const edge = this.#edge;
    if (isBraced(bytes, from, to) && edge.match(bytes, from, to)) {
      const isHead = edge.side === "head";
      if (!this.#mayHold(this.#edgeSearch, isHead ? edge.cutTo : from, isHead ? to : edge.cutFrom)) {
        this.cuts.one(edge.cutFrom, edge.cutTo);
        this.hasRunId = this.#edgeHasRunId;
        return edge.isRepeated ? (this.#lastRun as Run) : this.#runOf(edge.valueFrom, edge.valueTo);
      }
    }
    return this.#look(from, to);
  }

  /** Whether a key that counts, or an escape that may hide one, may stand in `from..to)`. */
  #mayHold(search: KeySearch | undefined, from: number, to: number): boolean {
    return search?.occurs(from, to) === true || this.#hasEscape(from, to);
  }

  #hasEscape(from: number, to: number): boolean {
    if (from < this.#escapeFrom || from > this.#escapeNext) {
      const next = this.#live.indexOf(this.#escape, from);
      this.#escapeFrom = from;
      this.#escapeNext = next < 0 ? this.#end : next;
    }
    return this.#escapeNext < to;
  }

  /** The search for all that could still change the choice; with what was chosen itself, when it stands behind that. */
  #searchNow(isBehind = false): KeySearch {
    const choice = this.#choice;
    const [run_id = NONE, project = NONE, entity = NONE] = choice;
    const signature = (((run_id + 1) * 64 + project + 1) * 64 + entity + 1) * 2 + (isBehind ? 1 : 0);
    const known = this.#searches.get(signature);
    if (known !== undefined) return known;
    const open = this.#candidates.filter(({ part }, i) => {
      const chosen = choice[part] as number;
      return chosen === NONE || i < chosen || (isBehind && i === chosen);
    });
    const search = new KeySearch(open.map(({ word }) => word));
    search.reset(this.#bytes, this.#end);
    this.#searches.set(signature, search);
    return search;
  }

  /** Reads the members of a record as far as one of them may count. */
  #look(from: number, to: number): Run {
    // Where the record before said a run this one will too: no search is needed to know that its members matter.
    const expects = this.hasRunId;
    this.#choice.fill(NONE);
    if (!expects && !this.#mayHold(this.#searchNow(), from, to)) {
      this.cuts.count = 0;
      this.#edge.forget();
      this.#valueFrom.fill(NONE);
      this.#valueTo.fill(NONE);
      return this.#runOf(this.#valueFrom, this.#valueTo);
    }
    const isBroken = this.#walkThrough(from, to);
    if (isBroken) this.#guess(from, to);
    this.#settle(from, to, isBraced(this.#bytes, from, to) && !isBroken);
    return this.#runOf(this.#valueFrom, this.#valueTo);
  }

  /** Notes the members of a record that count; whether it is no JSON object. */
  #walkThrough(from: number, to: number): boolean {
    const walk = this.#walk;
    this.#record += 1;
    walk.begin(this.#bytes, from, to);
    while (walk.next()) {
      if (this.#note(from) && !this.#mayHold(this.#searchNow(), walk.at, to)) return false;
    }
    return !walk.closed;
  }

  /** Takes the member of the walk when it is one that counts; whether it was. */
  #note(from: number): boolean {
    const walk = this.#walk;
    const bytes = this.#bytes;
    let noted = false;
    for (let i = 0; i < this.#candidates.length; i++) {
      const { keys, part } = this.#candidates[i] as Candidate;
      const place = this.#places[i] as Place;
      if (place.record === this.#record || !isKey(bytes, walk.keyFrom, walk.keyTo, keys[0] as Buffer)) continue;
      place.record = this.#record;
      noted = true;
      const chosen = this.#choice[part] as number;
      if (follow(keys, walk, from, bytes, place) && (chosen === NONE || i < chosen)) this.#choice[part] = i;
    }
    return noted;
  }

  /** What a text that is no JSON may say of its run. */
  #guess(from: number, to: number): void {
    for (const [i, { part, word, keys }] of this.#candidates.entries()) {
      const place = this.#places[i] as Place;
      if (this.#choice[part] !== NONE || keys.length > 1) continue;
      if (lastPlace(word, this.#bytes, from, to, place)) this.#choice[part] = i;
    }
  }

  /** Notes what was chosen in a record, and what it shows of the records to come. */
  #settle(from: number, to: number, isObject: boolean): void {
    const bytes = this.#bytes;
    const chosen: { part: number; place: Place }[] = [];
    for (const [part, choice] of this.#choice.entries()) {
      const place = choice === NONE ? undefined : (this.#places[choice] as Place);
      this.#valueFrom[part] = place?.valueFrom ?? NONE;
      this.#valueTo[part] = place?.valueTo ?? NONE;
      if (place !== undefined && !chosen.some((other) => other.place.start === place.start))
        chosen.push({ part, place });
    }
    this.hasRunId = this.#choice[0] !== NONE;
    chosen.sort((a, b) => a.place.start - b.place.start);
    const places = chosen.map(({ place }) => place);
    this.cuts.members(isObject ? places : [], bytes, to);
    const [cutFrom = 0, cutTo = 0] = this.cuts.at;
    this.#edge.forget();
    const isWhole = this.#choice.every(
      (choice) => choice === NONE || chosen.some(({ part }) => this.#choice[part] === choice),
    );
    if (this.cuts.count !== 1 || !isWhole) return;
    this.#edge.learn(
      bytes,
      [from, to],
      [cutFrom, cutTo],
      places,
      chosen.map(({ part }) => part),
    );
    this.#edgeHasRunId = this.hasRunId;
    this.#edgeSearch = this.#searchNow(this.#edge.side === "tail");
  }

  /** The run of an identity, by its values in the text; -1 where a part has none. */
  #runOf(valueFrom: Int32Array, valueTo: Int32Array): Run {
    const bytes = this.#bytes;
    const token = (part: number) =>
      bytes.toString("latin1", Math.max(0, valueFrom[part] as number), Math.max(0, valueTo[part] as number));
    const key = `${token(0)}\n${token(1)}\n${token(2)}`;
    let run = this.#runs.get(key);
    if (run === undefined) {
      const text = (part: number) => this.#text(valueFrom[part] as number, valueTo[part] as number);
      run = this.#intern({ run_id: text(0), project: text(1), entity: text(2) });
      this.#runs.set(key, run);
    }
    this.#lastRun = run;
    return run;
  }

  #text(from: number, to: number): string | undefined {
    if (from < 0) return undefined;
    const bytes = this.#bytes;
    if (bytes[from] !== QUOTE) return bytes.toString("utf8", from, to);
    const plain = bytes.toString("utf8", from + 1, to - 1);
    return plain.includes("\\") ? (unescaped(bytes, from, to) ?? plain) : plain;
  }
}
