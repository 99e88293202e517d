import { BACKSLASH, QUOTE, SPACE } from "./characters.js";
import { CLASS, CLASS_BITS } from "./classes.js";
import type { Journal } from "./journal.js";
import { isTypeKey, ListKeys } from "./list-keys.js";
import { HAZARD } from "./profile.js";
import { classifyString, sequenceEnd, Unescaper } from "./text.js";
import { OTHERS, type PathTrie } from "./trie.js";

const WORDS = [
  { word: "null", kind: CLASS.null, hazards: 0 },
  { word: "true", kind: CLASS.boolean, hazards: 0 },
  { word: "false", kind: CLASS.boolean, hazards: 0 },
  { word: "NaN", kind: CLASS.nan_token, hazards: HAZARD.NONFINITE_TOKEN },
  { word: "Infinity", kind: CLASS.infinity_token, hazards: HAZARD.NONFINITE_TOKEN },
  { word: "-Infinity", kind: CLASS.negative_infinity_token, hazards: HAZARD.NONFINITE_TOKEN },
].map(({ word, kind, hazards }) => ({
  bytes: new TextEncoder().encode(word),
  fact: kind | (hazards << CLASS_BITS),
}));

/**
 * The tokens that the tokenizer does not read itself because they are rare: words, keys that did not come last time,
 * strings with escapes. Holds what the tokenizer finds beside hazards and paths.
 */
export class RareTokens {
  /** After REFUSED: the offset of the first byte that cannot stand there, and what could. */
  refusedAt = -1;
  expected = "";
  /** Offset of the opening quote of the first key that its object has twice, or -1. */
  duplicateAt = -1;
  /** Span of the value of the root member `_step`, or -1; and its packed fact. */
  stepFrom = -1;
  stepTo = -1;
  stepFact = 0;
  /** Whether a member of an object is null, objects inside lists not counted. */
  hasNull = false;
  /** Offset after the last key. */
  at = 0;
  /** Packed fact of the last word or escaped string. */
  fact = 0;
  /** Hazards of the last key. */
  keyHazards = 0;
  /** Whether the last key inside a list was `_type`. */
  keyIsType = false;

  private readonly unescaper = new Unescaper();
  private readonly listKeys = new ListKeys();
  private key: Uint8Array = this.unescaper.bytes;
  private keyFrom = 0;
  private keyTo = 0;

  /** Forgets what was found: another text begins. */
  reset(): void {
    this.refusedAt = -1;
    this.duplicateAt = -1;
    this.stepFrom = -1;
    this.stepTo = -1;
    this.hasNull = false;
    this.listKeys.reset();
  }

  /** Notes why the text is refused. */
  refuse(at: number, expected: string): number {
    this.refusedAt = at;
    this.expected = expected;
    return HAZARD.REFUSED;
  }

  /** Notes the value of `_step`; the first counts. */
  step(from: number, to: number, fact: number): void {
    if (this.stepTo >= 0) return;
    this.stepFrom = from;
    this.stepTo = to;
    this.stepFact = fact;
  }

  /** Reads a key token at `at`: its unescaped bytes are `key[keyFrom..keyTo)`, `this.at` is after it. */
  private readKey(text: Uint8Array, at: number): boolean {
    if (text[at] !== QUOTE) {
      this.refuse(at, "a key in quotes");
      return false;
    }
    let i = at + 1;
    for (let byte = text[i] ?? 0; byte !== QUOTE && byte !== BACKSLASH && byte >= SPACE; byte = text[i] ?? 0) {
      i = byte < 0x80 ? i + 1 : sequenceEnd(text, i);
      if (i < 0) break;
    }
    this.key = text;
    this.keyFrom = at + 1;
    this.keyTo = i;
    this.keyHazards = 0;
    if (text[i] !== QUOTE) {
      i = this.unescape(text, at);
      if (i < 0) return false;
      this.key = this.unescaper.bytes;
      this.keyFrom = 0;
      this.keyTo = this.unescaper.length;
      this.keyHazards = this.unescaper.hazards;
    }
    this.at = i + 1;
    return true;
  }

  /** Reads a key of an object that has a path; gives the member's node, or -1 when the text is refused. */
  member(trie: PathTrie, owner: number, text: Uint8Array, at: number): number {
    if (!this.readKey(text, at)) return -1;
    const node = trie.child(owner, this.key, this.keyFrom, this.keyTo);
    // Objects inside lists have numbers from 1 on.
    if (trie.role[node] === OTHERS && !this.listKeys.add(-1 - owner, this.key, this.keyFrom, this.keyTo)) {
      this.noteDuplicate(at);
    }
    return node;
  }

  /** Notes a key that its object has twice; the first counts. The text is unusable then: what was noted of it is not kept. */
  duplicate(at: number, journal: Journal): void {
    this.noteDuplicate(at);
    journal.reset();
  }

  private noteDuplicate(at: number): void {
    if (this.duplicateAt < 0) this.duplicateAt = at;
  }

  /** Reads a key of an object inside a list; false when the text is refused. */
  listMember(object: number, text: Uint8Array, at: number): boolean {
    if (!this.readKey(text, at)) return false;
    if (!this.listKeys.add(object, this.key, this.keyFrom, this.keyTo)) this.noteDuplicate(at);
    this.keyIsType = isTypeKey(this.key, this.keyFrom, this.keyTo);
    return true;
  }

  /** Unescapes the string whose opening quote is at `at`; gives the offset of the closing one, or -1. */
  private unescape(text: Uint8Array, at: number): number {
    const end = this.unescaper.read(text, at + 1);
    if (end >= 0) return end;
    this.refuse(-1 - end, "a character of a string or its closing quote");
    return -1;
  }

  /** The same for a value, whose fact goes to `this.fact`. */
  escapedString(text: Uint8Array, at: number): number {
    const end = this.unescape(text, at);
    const { bytes, length, hazards } = this.unescaper;
    const lone = (hazards & HAZARD.LONE_SURROGATE) !== 0;
    this.fact = (lone ? CLASS.surrogate_string : classifyString(bytes, 0, length)) | (hazards << CLASS_BITS);
    return end;
  }

  /** Reads a literal; its fact goes to `this.fact`. Gives the offset after it, or -1. */
  word(text: Uint8Array, at: number): number {
    const first = text[at];
    for (const { bytes, fact } of WORDS) {
      if (bytes[0] !== first) continue;
      let k = 1;
      while (k < bytes.length && text[at + k] === bytes[k]) k++;
      if (k < bytes.length) break;
      this.fact = fact;
      return at + k;
    }
    this.refuse(at, "a value");
    return -1;
  }
}
