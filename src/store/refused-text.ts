import { isUtf8 } from "node:buffer";

const PREFIX = Buffer.from("base64:", "latin1");
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, i) => bytes[i] === byte);
}

/**
 * The form in which a refused text is stored in a text column: its bytes unchanged, or `base64:` and the base64 of the
 * bytes when they are not valid UTF-8, start with U+FEFF (readers strip it) or start with `base64:` themselves.
 */
export function encodeRefused(bytes: Uint8Array): Uint8Array {
  if (isUtf8(bytes) && !startsWith(bytes, BYTE_ORDER_MARK) && !startsWith(bytes, PREFIX)) return bytes;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return Buffer.concat([PREFIX, Buffer.from(text, "latin1")]);
}

/** The bytes as they came, from their stored form. The inverse of `encodeRefused`; only for texts with hazard REFUSED. */
export function decodeRefused(stored: Uint8Array): Uint8Array {
  if (!startsWith(stored, PREFIX)) return stored;
  return Buffer.from(Buffer.from(stored.subarray(PREFIX.length)).toString("latin1"), "base64");
}
