import { MAX_DEPTH, MAX_VALUES } from "../json/read.js";
import { beyondValues, skipSpace } from "./characters.js";
import { CLASS, CLASS_BITS, CLASS_MASK } from "./classes.js";
import type { Journal } from "./journal.js";
import { classifyInteger, classifyScientific, integerValue, scientificValue } from "./number.js";
import { HAZARD } from "./profile.js";
import { RareTokens } from "./rare-tokens.js";
import { classifyString, sequenceEnd } from "./text.js";
import { OTHERS, type PathTrie, ROOT, STEP, TYPE } from "./trie.js";

// Constants of this file's own: V8 reads an imported binding from memory each time, which costs a fifth of the speed.
const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const LETTER_I = 73;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const LETTER_E = 101;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const FACT_BITS = CLASS_BITS;
const KIND_MASK = CLASS_MASK;
const KIND_EMPTY_LIST = CLASS.empty_list;
const KIND_EMPTY_OBJECT = CLASS.empty_object;
const KIND_FLOAT = CLASS.float;
const KIND_INT53 = CLASS.int53;
const KIND_INTEGRAL53 = CLASS.integral53;
const KIND_LIST = CLASS.list;
const KIND_NULL = CLASS.null;
const KIND_NONFINITE_STRING = CLASS.nonfinite_string;
const KIND_OBJECT = CLASS.object;
const KIND_TYPED_OBJECT = CLASS.typed_object;
const HAZARD_DEEP = HAZARD.DEEP;
const HAZARD_DUPLICATE_KEY = HAZARD.DUPLICATE_KEY;
const HAZARD_EMPTY = HAZARD.EMPTY;
const HAZARD_NONFINITE_STRING = HAZARD.NONFINITE_STRING;
const HAZARD_REFUSED = HAZARD.REFUSED;
const STEP_NODE = STEP;
const TYPE_ROLE = TYPE;
const OTHERS_ROLE = OTHERS;
const DEPTH_LIMIT = MAX_DEPTH;

/** Four bytes at once: all are digits when both tests give FOUR_ZEROS. */
const HIGH_NIBBLES = 0xf0f0f0f0 | 0;
const FOUR_ZEROS = 0x30303030;
const FOUR_SIXES = 0x06060606;

const DEEP = 100;
const MAX_PLAIN_DIGITS = 17;
/** A fraction of fewer characters, not all zeros, does not underflow. */
const SURE_MAGNITUDE = 300;

/**
 * What surrounds a value. Paths end at a list, and at a member that shares its node with others: objects and lists
 * inside are read, not descended into.
 */
const NOTHING = 0;
const OBJECT = 1;
const LIST = 2;
const OBJECT_IN_LIST = 3;
const LIST_IN_LIST = 4;
const CONTEXT_MASK = 7;
const TYPED = 8;

/**
 * Reads one JSON text, strictly, into a trie and a journal. Grammar: RFC 8259 in UTF-8, the bare tokens NaN, Infinity
 * and -Infinity, a root that is an object, nesting of at most MAX_DEPTH, at most MAX_VALUES members and elements.
 */
export class Tokenizer {
  /** What was found in the last text beside its hazards and paths. */
  readonly rare = new RareTokens();
  private readonly frames = new Uint8Array(MAX_DEPTH);
  private readonly objects = new Int32Array(MAX_DEPTH);

  /**
   * Scans `text[begin..end)`. `text[end]` must be a newline, with at least four more bytes after it; `view` is over the
   * same memory. Paths go to `trie`, facts of them to `journal`; when the result has an UNUSABLE bit the caller takes
   * both back. One long function, because its speed rests on its locals; what is rare is in RareTokens.
   * @returns HAZARD bits: exactly REFUSED when the text is refused.
   */
  scan(trie: PathTrie, journal: Journal, text: Uint8Array, view: DataView, begin: number, end: number): number {
    const { rare, frames, objects } = this;
    rare.reset();
    const stamp = trie.nextStamp();
    let { parent, first, follow, seen, keyAt, keyView, matchLength, role } = trie;
    let hazards = 0;
    let listHazards = 0;
    let depth = 0;
    let context = NOTHING;
    let typed = 0;
    let object = 0;
    let objectsOpened = 0;
    let owner = -1;
    let before = -1;
    let node: number = ROOT;
    let items = -1;
    let keyIsType = false;
    let i = skipSpace(text, begin, end);
    if (end - begin > 2 * MAX_VALUES) {
      const beyond = beyondValues(text, begin, end, MAX_VALUES);
      if (beyond >= 0) return rare.refuse(beyond, `at most ${MAX_VALUES} members and elements`);
    }
    if (text[i] !== OPEN_OBJECT) return rare.refuse(i, "an object");

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
          node = rare.member(trie, owner, text, i);
          if (node < 0) return HAZARD_REFUSED;
          i = rare.at;
          ({ parent, first, follow, seen, keyAt, keyView, matchLength, role } = trie);
          if (before < 0) first[owner] = node;
          else follow[before] = node;
          if (rare.keyHazards !== 0) {
            hazards |= rare.keyHazards;
            journal.push(node, rare.keyHazards << FACT_BITS, 0, 0);
          }
        }
        if (seen[node] !== stamp) seen[node] = stamp;
        else if (role[node] !== OTHERS_ROLE) rare.duplicate(quote, journal);
        before = node;
        if (text[i] !== COLON) i = skipSpace(text, i, end);
        if (text[i] !== COLON) return rare.refuse(i, '":"');
        i += 1;
      } else if (context === OBJECT_IN_LIST) {
        i = skipSpace(text, i, end);
        if (!rare.listMember(object, text, i)) return HAZARD_REFUSED;
        i = rare.at;
        hazards |= rare.keyHazards;
        listHazards |= rare.keyHazards;
        keyIsType = rare.keyIsType;
        i = skipSpace(text, i, end);
        if (text[i] !== COLON) return rare.refuse(i, '":"');
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
            if (next < 0) return rare.refuse(i, "UTF-8");
            i = next - 1;
            c = SPACE;
          }
        } while (c !== QUOTE && c !== BACKSLASH && c >= SPACE);
        if (c === QUOTE) fact = classifyString(text, start + 1, i);
        else {
          i = rare.escapedString(text, start);
          if (i < 0) return HAZARD_REFUSED;
          fact = rare.fact;
        }
        measure = i - start - 1;
        i += 1;
        if ((fact & KIND_MASK) === KIND_NONFINITE_STRING) fact |= HAZARD_NONFINITE_STRING << FACT_BITS;
        if (context === OBJECT ? role[node] === TYPE_ROLE : keyIsType) typed = TYPED;
      } else if ((c >= ZERO && c <= NINE) || (c === MINUS && text[i + 1] !== LETTER_I)) {
        if (c === MINUS) c = text[++i] as number;
        const digits = i;
        let value = c - ZERO;
        if (value < 0 || value > 9) return rare.refuse(start, "a value");
        c = text[++i] as number;
        if (value !== 0) {
          for (; c >= ZERO && c <= NINE; c = text[++i] as number) value = (Math.imul(value, 10) + c - ZERO) | 0;
        }
        const whole = i;
        if (c === POINT) {
          i += 1;
          for (;;) {
            const word = view.getInt32(i, true);
            if ((word & HIGH_NIBBLES) !== FOUR_ZEROS || ((word + FOUR_SIXES) & HIGH_NIBBLES) !== FOUR_ZEROS) break;
            i += 4;
          }
          for (c = text[i] as number; c >= ZERO && c <= NINE; ) c = text[++i] as number;
          if (i === whole + 1) return rare.refuse(i, "a digit");
        }
        if ((c | 32) === LETTER_E) {
          c = text[++i] as number;
          if (c === MINUS || c === PLUS) c = text[++i] as number;
          if (c < ZERO || c > 57) return rare.refuse(i, "a digit");
          while (c >= ZERO && c <= NINE) c = text[++i] as number;
          fact = classifyScientific(text, start, i);
          if (fact === KIND_INTEGRAL53) measure = scientificValue(text, start, i);
        } else if (i === whole) {
          if (i - digits <= 9 && (value !== 0 || digits === start)) {
            fact = KIND_INT53;
            measure = digits === start ? value : -value;
          } else {
            fact = classifyInteger(text, start, i);
            if (fact === KIND_INT53) measure = integerValue(text, start, i);
          }
        } else if (text[i - 1] !== ZERO) {
          let significant = i - digits - 1;
          if (significant > MAX_PLAIN_DIGITS && value === 0 && whole === digits + 1 && i - digits < SURE_MAGNITUDE) {
            let k = whole + 1;
            while (text[k] === ZERO) k++;
            significant = i - k;
          }
          fact = KIND_FLOAT;
          if (significant > MAX_PLAIN_DIGITS) fact = classifyScientific(text, start, i);
        } else if (i === whole + 2 && whole - digits <= 9 && (value !== 0 || digits === start)) {
          fact = KIND_INTEGRAL53;
          measure = digits === start ? value : -value;
        } else {
          fact = classifyScientific(text, start, i);
          if (fact === KIND_INTEGRAL53) measure = scientificValue(text, start, i);
        }
      } else if (c === OPEN_OBJECT || c === OPEN_LIST) {
        i = skipSpace(text, i + 1, end);
        if (text[i] === c + 2) {
          i += 1;
          fact = c === OPEN_OBJECT ? KIND_EMPTY_OBJECT : KIND_EMPTY_LIST;
          if (depth >= DEEP) fact |= HAZARD_DEEP << FACT_BITS;
          if (depth === 0) fact |= HAZARD_EMPTY << FACT_BITS;
        } else {
          if (depth === DEPTH_LIMIT) return rare.refuse(start, `nesting of at most ${MAX_DEPTH}`);
          frames[depth] = context | typed;
          objects[depth] = object;
          depth += 1;
          typed = 0;
          if (context >= LIST || role[node] === OTHERS_ROLE) {
            if (context < LIST) listHazards = 0;
            if (c === OPEN_OBJECT) object = ++objectsOpened;
            context = c === OPEN_OBJECT ? OBJECT_IN_LIST : LIST_IN_LIST;
          } else {
            if (node === STEP_NODE && rare.stepTo < 0) rare.stepFrom = start;
            owner = node;
            before = -1;
            if (c === OPEN_OBJECT) context = OBJECT;
            else {
              context = LIST;
              items = trie.itemsOf(node);
              ({ parent, first, follow, seen, keyAt, keyView, matchLength, role } = trie);
              journal.openList();
              listHazards = 0;
            }
          }
          keyIsType = false;
          continue;
        }
      } else {
        i = rare.word(text, i);
        if (i < 0) return HAZARD_REFUSED;
        fact = rare.fact;
        if (fact === KIND_NULL && context === OBJECT) rare.hasNull = true;
      }

      hazards |= fact >>> FACT_BITS;
      if (context <= OBJECT) {
        journal.push(node, fact, 1, measure);
        if (node === STEP_NODE) rare.step(start, i, fact);
      } else {
        listHazards |= fact >>> FACT_BITS;
        if (context === LIST) journal.element(fact & KIND_MASK, measure);
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
          return rare.refuse(i, inObject ? '"," or "}"' : '"," or "]"');
        }
        i += 1;
        const deep = depth > DEEP ? HAZARD_DEEP : 0;
        const kind = inObject ? (typed === 0 ? KIND_OBJECT : KIND_TYPED_OBJECT) : KIND_LIST;
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
          else if (context < LIST) journal.push(node, kind | (listHazards << FACT_BITS), 1, 0);
          continue;
        }
        if (opened === LIST) {
          journal.closeList(items, listHazards);
          journal.push(owner, kind | ((listHazards | deep) << FACT_BITS), 1, 0);
        } else journal.push(owner, kind | (deep << FACT_BITS), 1, 0);
        if (owner === STEP_NODE) rare.step(rare.stepFrom, i, kind);
        before = owner;
        owner = parent[owner] as number;
      }
    }
    i = skipSpace(text, i, end);
    if (i !== end) return rare.refuse(i, "the end");
    return rare.duplicateAt < 0 ? hazards : hazards | HAZARD_DUPLICATE_KEY;
  }
}
