/** Bytes that JSON gives a meaning, and those of the few words and timestamps looked for in it. */
export const TAB = 9;
export const NEWLINE = 10;
export const RETURN = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const PLUS = 43;
export const COMMA = 44;
export const MINUS = 45;
export const POINT = 46;
export const ZERO = 48;
export const NINE = 57;
export const COLON = 58;
export const LETTER_I = 73;
export const LETTER_N = 78;
export const LETTER_T = 84;
export const LETTER_Z = 90;
export const OPEN_LIST = 91;
export const BACKSLASH = 92;
export const CLOSE_LIST = 93;
export const LETTER_E = 101;
export const LETTER_U = 117;
export const OPEN_OBJECT = 123;
export const CLOSE_OBJECT = 125;

const isSpace = (byte: number): boolean => byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB;

/** Offset of the first byte from `from` on that is no white space of JSON, at most `end`. */
export function skipSpace(text: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && isSpace(text[i] ?? 0)) i++;
  return i;
}

/**
 * Offset of the first byte from which on a text in `text[from..end)` has more than `limit` members and elements, or -1.
 * For texts that are JSON; of others it says little, and reads no further than `end`.
 */
export function beyondValues(text: Uint8Array, from: number, end: number, limit: number): number {
  let values = 0;
  for (let i = from; i < end; i++) {
    const byte = text[i] ?? 0;
    if (byte === QUOTE) for (i++; i < end && text[i] !== QUOTE; i++) if (text[i] === BACKSLASH) i++;
    if (byte === COMMA) values += 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (text[skipSpace(text, i + 1, end)] !== byte + 2) values += 1;
    }
    if (values > limit) return i;
  }
  return -1;
}
