import { isUtf8 } from "node:buffer";
import { hashBytes } from "../../profile/hash.js";
import { sequenceEnd } from "../../profile/text.js";

/**
 * The text of UTF-8 bytes. A byte that belongs to no UTF-8 sequence becomes the lone surrogate U+DC00 plus its value (as
 * Python's `surrogateescape`, PEP 383), so that two different byte strings never give one text.
 */
export function decodeText(bytes: Uint8Array, from = 0, to = bytes.length): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
  return isUtf8(buffer) ? buffer.toString("utf8") : decodeDamaged(buffer);
}

/** UTF-8 has no more bytes than UTF-16 has units, so what is written never passes what is read. */
function decodeDamaged(buffer: Buffer): string {
  const units = Buffer.allocUnsafe(2 * buffer.length);
  let length = 0;
  for (let at = 0; at < buffer.length; ) {
    const byte = buffer[at] as number;
    const end = byte < 0x80 ? at + 1 : sequenceEnd(buffer, at);
    if (end === at + 1) length = units.writeUInt16LE(byte, length);
    else if (end < 0) length = units.writeUInt16LE(0xdc00 + byte, length);
    else length += units.write(buffer.toString("utf8", at, end), length, "utf16le");
    at = end < 0 ? at + 1 : end;
  }
  return units.toString("utf16le", 0, length);
}

const EVIDENCE_BYTES = 800;

/** The start of a text, long enough for a finding's evidence. */
export function startOf(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return decodeText(bytes, from, Math.min(to, from + EVIDENCE_BYTES));
}

const SLOTS = 4096;

/**
 * Texts of short byte strings that come again and again, such as keys: a direct-mapped cache of fixed size, so hostile
 * input cannot make it grow. Not a set: a text may be decoded again at any time.
 */
export class TextCache {
  private readonly keys: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);
  private readonly texts: string[] = new Array(SLOTS).fill("");

  get(bytes: Uint8Array, from: number, to: number): string {
    const hash = hashBytes(bytes, from, to);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const key = this.keys[slot];
    if (key !== undefined && sameBytes(key, bytes, from, to)) return this.texts[slot] as string;
    const text = decodeText(bytes, from, to);
    if (to - from > 256) return text;
    this.keys[slot] = bytes.slice(from, to);
    this.texts[slot] = text;
    return text;
  }
}

/** Whether `bytes[from..to)` is the key. */
export function sameBytes(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (key.length !== to - from) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[from + i]) return false;
  return true;
}
