import { isUtf8 } from "node:buffer";

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes as text; those that are no UTF-8 as `base64:` and their base64. */
export function bytesText(bytes: Uint8Array): string {
  return isUtf8(bytes) ? UTF8.decode(bytes) : `base64:${Buffer.from(bytes).toString("base64")}`;
}
