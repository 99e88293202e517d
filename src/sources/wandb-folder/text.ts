import { isUtf8 } from "node:buffer";

const SEQUENCE_BYTES = [4, 3, 2];

/**
 * The text of UTF-8 bytes. A byte that belongs to no UTF-8 sequence becomes the lone surrogate U+DC00 plus its value (as
 * Python's `surrogateescape`, PEP 383), so that two different byte strings never give one text.
 */
export function decodeText(bytes: Uint8Array, from = 0, to = bytes.length): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
  return isUtf8(buffer) ? buffer.toString("utf8") : decodeDamaged(buffer);
}

function decodeDamaged(buffer: Buffer): string {
  let text = "";
  for (let at = 0; at < buffer.length; ) {
    const byte = buffer[at] as number;
    const length = byte < 0x80 ? 1 : (SEQUENCE_BYTES.find((n) => isSequence(buffer, at, n)) ?? 0);
    text += length === 0 ? String.fromCharCode(0xdc00 + byte) : buffer.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

function isSequence(buffer: Buffer, at: number, length: number): boolean {
  const part = buffer.subarray(at, at + length);
  return part.length === length && ((part[1] as number) & 0xc0) === 0x80 && isUtf8(part) && countCharacters(part) === 1;
}

function countCharacters(part: Buffer): number {
  return part.reduce((count, byte) => count + ((byte & 0xc0) === 0x80 ? 0 : 1), 0);
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
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
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

function sameBytes(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (key.length !== to - from) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[from + i]) return false;
  return true;
}
