import { MAX_DEPTH } from "../json/read.js";
import { CLASS, CLASS_BITS, CLASS_MASK } from "./classes.js";
import type { Journal } from "./journal.js";
import { isTypeKey, ListKeys } from "./list-keys.js";
import { classifyInteger, classifyScientific, integerValue, scientificValue } from "./number.js";
import { HAZARD } from "./profile.js";
import { classifyString, sequenceEnd, Unescaper } from "./text.js";
import { type PathTrie, ROOT, STEP } from "./trie.js";

const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const LETTER_I = 73;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const LETTER_E = 101;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Four bytes at once: all are digits when both tests give FOUR_ZEROS. */
const HIGH_NIBBLES = 0xf0f0f0f0 | 0;
const FOUR_ZEROS = 0x30303030;
const FOUR_SIXES = 0x06060606;

const DEEP = 100;
const MAX_PLAIN_DIGITS = 17;
/** A fraction of fewer characters, not all zeros, does not underflow. */
const SURE_MAGNITUDE = 300;

/** What surrounds a value. Paths end at a list: objects and lists inside are read, not descended into. */
const NOTHING = 0;
const OBJECT = 1;
const LIST = 2;
const OBJECT_IN_LIST = 3;
const LIST_IN_LIST = 4;
const CONTEXT_MASK = 7;
const TYPED = 8;

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

const isSpace = (byte: number): boolean => byte === SPACE || byte === NEWLINE || byte === 13 || byte === 9;

function skipSpace(text: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && isSpace(text[i] ?? 0)) i++;
  return i;
}

/**
 * Reads one JSON text, strictly, into a trie and a journal. Grammar: RFC 8259 in UTF-8, the bare tokens NaN, Infinity
 * and -Infinity, a root that is an object, nesting of at most MAX_DEPTH.
 */
export class Tokenizer {
  /** After REFUSED: the offset of the first byte that cannot stand there, and what could. */
  refusedAt = -1;
  expected = "";
  /** Offset of the opening quote of the first key that its object has twice, or -1. */
  duplicateAt = -1;
  /** Span of the value of the root member `_step`, or -1; and its packed fact. */
  stepFrom = -1;
  stepTo = -1;
  stepFact = 0;

  private readonly unescaper = new Unescaper();
  private readonly listKeys = new ListKeys();
  private readonly frames = new Uint8Array(MAX_DEPTH);
  private readonly objects = new Int32Array(MAX_DEPTH);
  /** What the methods below `scan` find beside what they return. */
  private at = 0;
  private fact = 0;
  private key: Uint8Array = this.unescaper.bytes;
  private keyFrom = 0;
  private keyTo = 0;
  private keyHazards = 0;
  private keyIsType = false;

  // One long function: on its locals rest four fifths of the speed. Where it is rare, work is in the methods below.
  /**
   * Scans `text[0..end)`. `text[end]` must be a newline, with at least four more bytes after it; `view` is over the
   * same memory. Paths go to `trie`, facts of them to `journal`; when the result has an UNUSABLE bit the caller takes
   * both back.
   * @returns HAZARD bits: exactly REFUSED when the text is refused.
   */
  scan(trie: PathTrie, journal: Journal, text: Uint8Array, view: DataView, end: number): number {
    this.reset();
    const stamp = trie.nextStamp();
    let { parent, first, follow, seen, keyAt, keyView, matchLength, isType } = trie;
    const { frames, objects } = this;
    let hazards = 0;
    let listHazards = 0;
    let depth = 0;
    let context = NOTHING;
    let typed = 0;
    let object = 0;
    let objectsOpened = 0;
    let owner = -1;
    let before = -1;
    let node = ROOT;
    let items = -1;
    let keyIsType = false;
    let i = skipSpace(text, 0, end);
    if (text[i] !== OPEN_OBJECT) return this.refuse(i, "an object");

    reading: for (;;) {
      if (context === OBJECT) {
        if (text[i] !== QUOTE) i = skipSpace(text, i, end);
        const quote = i;
        const guess = before < 0 ? (first[owner] as number) : (follow[before] as number);
        let length = guess < 0 ? -1 : (matchLength[guess] as number);
        if (length > 0 && parent[guess] === owner && text[i] === QUOTE && i + length < end) {
          let key = keyAt[guess] as number;
          let k = i + 1;
          const whole = k + (length & ~3);
          while (k < whole && view.getInt32(k, true) === keyView.getInt32(key, true)) {
            k += 4;
            key += 4;
          }
          const rest = 32 - 8 * (length & 3);
          if (k < whole) length = -1;
          else if (rest < 32 && (view.getInt32(k, true) ^ keyView.getInt32(key, true)) << rest !== 0) length = -1;
        } else length = -1;
        if (length > 0) {
          node = guess;
          i += 1 + length;
        } else {
          node = this.member(trie, owner, text, i);
          if (node < 0) return HAZARD.REFUSED;
          i = this.at;
          ({ parent, first, follow, seen, keyAt, keyView, matchLength, isType } = trie);
          if (before < 0) first[owner] = node;
          else follow[before] = node;
          if (this.keyHazards !== 0) {
            hazards |= this.keyHazards;
            journal.push(node, this.keyHazards << CLASS_BITS, 0, 0);
          }
        }
        if (seen[node] !== stamp) seen[node] = stamp;
        else if (this.duplicateAt < 0) this.duplicateAt = quote;
        before = node;
        if (text[i] !== COLON) i = skipSpace(text, i, end);
        if (text[i] !== COLON) return this.refuse(i, '":"');
        i += 1;
      } else if (context === OBJECT_IN_LIST) {
        i = skipSpace(text, i, end);
        if (!this.listMember(object, text, i)) return HAZARD.REFUSED;
        i = this.at;
        hazards |= this.keyHazards;
        listHazards |= this.keyHazards;
        keyIsType = this.keyIsType;
        i = skipSpace(text, i, end);
        if (text[i] !== COLON) return this.refuse(i, '":"');
        i += 1;
      }

      let c = text[i] as number;
      if (c <= SPACE) {
        i = skipSpace(text, i, end);
        c = text[i] as number;
      }
      const start = i;
      let fact = 0;
      let measure = 0;
      if (c === QUOTE) {
        do {
          c = text[++i] as number;
          if (c >= 0x80) {
            const next = sequenceEnd(text, i);
            if (next < 0) return this.refuse(i, "UTF-8");
            i = next - 1;
            c = SPACE;
          }
        } while (c !== QUOTE && c !== BACKSLASH && c >= SPACE);
        if (c === QUOTE) fact = classifyString(text, start + 1, i);
        else {
          i = this.escapedString(text, start);
          if (i < 0) return HAZARD.REFUSED;
          fact = this.fact;
        }
        measure = i - start - 1;
        i += 1;
        if ((fact & CLASS_MASK) === CLASS.nonfinite_string) fact |= HAZARD.NONFINITE_STRING << CLASS_BITS;
        if (context === OBJECT ? isType[node] === 1 : keyIsType) typed = TYPED;
      } else if ((c >= ZERO && c <= 57) || (c === MINUS && text[i + 1] !== LETTER_I)) {
        if (c === MINUS) c = text[++i] as number;
        const digits = i;
        let value = c - ZERO;
        if (value < 0 || value > 9) return this.refuse(start, "a value");
        c = text[++i] as number;
        if (value !== 0) {
          for (; c >= ZERO && c <= 57; c = text[++i] as number) value = (Math.imul(value, 10) + c - ZERO) | 0;
        }
        const whole = i;
        if (c === POINT) {
          i += 1;
          for (;;) {
            const word = view.getInt32(i, true);
            if ((word & HIGH_NIBBLES) !== FOUR_ZEROS || ((word + FOUR_SIXES) & HIGH_NIBBLES) !== FOUR_ZEROS) break;
            i += 4;
          }
          for (c = text[i] as number; c >= ZERO && c <= 57; ) c = text[++i] as number;
          if (i === whole + 1) return this.refuse(i, "a digit");
        }
        if ((c | 32) === LETTER_E) {
          c = text[++i] as number;
          if (c === MINUS || c === PLUS) c = text[++i] as number;
          if (c < ZERO || c > 57) return this.refuse(i, "a digit");
          while (c >= ZERO && c <= 57) c = text[++i] as number;
          fact = classifyScientific(text, start, i);
          if (fact === CLASS.integral53) measure = scientificValue(text, start, i);
        } else if (i === whole) {
          if (i - digits <= 9 && (value !== 0 || digits === start)) {
            fact = CLASS.int53;
            measure = digits === start ? value : -value;
          } else {
            fact = classifyInteger(text, start, i);
            if (fact === CLASS.int53) measure = integerValue(text, start, i);
          }
        } else if (text[i - 1] !== ZERO) {
          let significant = i - digits - 1;
          if (significant > MAX_PLAIN_DIGITS && value === 0 && whole === digits + 1 && i - digits < SURE_MAGNITUDE) {
            let k = whole + 1;
            while (text[k] === ZERO) k++;
            significant = i - k;
          }
          fact = CLASS.float;
          if (significant > MAX_PLAIN_DIGITS) fact = classifyScientific(text, start, i);
        } else if (i === whole + 2 && whole - digits <= 9 && (value !== 0 || digits === start)) {
          fact = CLASS.integral53;
          measure = digits === start ? value : -value;
        } else {
          fact = classifyScientific(text, start, i);
          if (fact === CLASS.integral53) measure = scientificValue(text, start, i);
        }
      } else if (c === OPEN_OBJECT || c === OPEN_LIST) {
        i = skipSpace(text, i + 1, end);
        if (text[i] === c + 2) {
          i += 1;
          fact = c === OPEN_OBJECT ? CLASS.empty_object : CLASS.empty_list;
          if (depth >= DEEP) fact |= HAZARD.DEEP << CLASS_BITS;
          if (depth === 0) fact |= HAZARD.EMPTY << CLASS_BITS;
        } else {
          if (depth === MAX_DEPTH) return this.refuse(start, `nesting of at most ${MAX_DEPTH}`);
          frames[depth] = context | typed;
          objects[depth] = object;
          depth += 1;
          typed = 0;
          if (context >= LIST) {
            if (c === OPEN_OBJECT) object = ++objectsOpened;
            context = c === OPEN_OBJECT ? OBJECT_IN_LIST : LIST_IN_LIST;
          } else {
            if (node === STEP && this.stepTo < 0) this.stepFrom = start;
            owner = node;
            before = -1;
            if (c === OPEN_OBJECT) context = OBJECT;
            else {
              context = LIST;
              items = trie.itemsOf(node);
              ({ parent, first, follow, seen, keyAt, keyView, matchLength, isType } = trie);
              journal.openList();
              listHazards = 0;
            }
          }
          keyIsType = false;
          continue;
        }
      } else {
        i = this.word(text, i);
        if (i < 0) return HAZARD.REFUSED;
        fact = this.fact;
      }

      hazards |= fact >>> CLASS_BITS;
      if (context <= OBJECT) {
        journal.push(node, fact, 1, measure);
        if (node === STEP) this.step(start, i, fact);
      } else {
        listHazards |= fact >>> CLASS_BITS;
        if (context === LIST) journal.element(fact & CLASS_MASK, measure);
      }

      for (;;) {
        if (depth === 0) break reading;
        c = text[i] as number;
        if (c <= SPACE) {
          i = skipSpace(text, i, end);
          c = text[i] as number;
        }
        if (c === COMMA) {
          i += 1;
          continue reading;
        }
        const inObject = (context & 1) === 1;
        if (c !== (inObject ? CLOSE_OBJECT : CLOSE_LIST)) {
          return this.refuse(i, inObject ? '"," or "}"' : '"," or "]"');
        }
        i += 1;
        const deep = depth > DEEP ? HAZARD.DEEP : 0;
        const kind = inObject ? (typed === 0 ? CLASS.object : CLASS.typed_object) : CLASS.list;
        const opened = context;
        hazards |= deep;
        depth -= 1;
        const frame = frames[depth] as number;
        context = frame & CONTEXT_MASK;
        typed = frame & TYPED;
        object = objects[depth] as number;
        if (opened > LIST) {
          listHazards |= deep;
          if (context === LIST) journal.element(kind, 0);
          continue;
        }
        if (opened === LIST) {
          journal.closeList(items, listHazards);
          journal.push(owner, kind | ((listHazards | deep) << CLASS_BITS), 1, 0);
        } else journal.push(owner, kind | (deep << CLASS_BITS), 1, 0);
        if (owner === STEP) this.step(this.stepFrom, i, kind);
        before = owner;
        owner = parent[owner] as number;
      }
    }
    i = skipSpace(text, i, end);
    if (i !== end) return this.refuse(i, "the end");
    return this.duplicateAt < 0 ? hazards : hazards | HAZARD.DUPLICATE_KEY;
  }
  private reset(): void {
    this.refusedAt = -1;
    this.duplicateAt = -1;
    this.stepFrom = -1;
    this.stepTo = -1;
    this.listKeys.reset();
  }

  private refuse(at: number, expected: string): number {
    this.refusedAt = at;
    this.expected = expected;
    return HAZARD.REFUSED;
  }

  private step(from: number, to: number, fact: number): void {
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
  private member(trie: PathTrie, owner: number, text: Uint8Array, at: number): number {
    return this.readKey(text, at) ? trie.child(owner, this.key, this.keyFrom, this.keyTo) : -1;
  }

  /** Reads a key of an object inside a list; false when the text is refused. */
  private listMember(object: number, text: Uint8Array, at: number): boolean {
    if (!this.readKey(text, at)) return false;
    if (!this.listKeys.add(object, this.key, this.keyFrom, this.keyTo) && this.duplicateAt < 0) this.duplicateAt = at;
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
  private escapedString(text: Uint8Array, at: number): number {
    const end = this.unescape(text, at);
    const { bytes, length, hazards } = this.unescaper;
    const lone = (hazards & HAZARD.LONE_SURROGATE) !== 0;
    this.fact = (lone ? CLASS.surrogate_string : classifyString(bytes, 0, length)) | (hazards << CLASS_BITS);
    return end;
  }

  /** Reads a literal; its fact goes to `this.fact`. Gives the offset after it, or -1. */
  private word(text: Uint8Array, at: number): number {
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
