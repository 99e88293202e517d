import { formatPointer } from "../json/pointer.js";
import { BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, COMMA, OPEN_LIST, OPEN_OBJECT, QUOTE } from "./characters.js";

function closingQuote(text: Uint8Array, quote: number): number {
  let i = quote + 1;
  while (text[i] !== QUOTE) i += text[i] === BACKSLASH ? 2 : 1;
  return i;
}

/** The JSON Pointer of the member whose key starts with the quote at `at`, in a text that is known to be JSON. */
export function pointerAt(text: Uint8Array, at: number): string {
  /** Per open container: the token of the current key, or the index of the current element. */
  const stack: ({ from: number; to: number } | number)[] = [];
  let keyNext = false;
  for (let i = 0; i <= at; i++) {
    const byte = text[i];
    if (byte === OPEN_OBJECT) stack.push({ from: 0, to: 0 });
    else if (byte === OPEN_LIST) stack.push(0);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) stack.pop();
    const top = stack.at(-1);
    if (byte === COMMA && typeof top === "number") stack[stack.length - 1] = top + 1;
    if (byte === OPEN_OBJECT || (byte === COMMA && typeof top === "object")) keyNext = true;
    if (byte !== QUOTE) continue;
    const from = i;
    i = closingQuote(text, i);
    if (keyNext) stack[stack.length - 1] = { from, to: i + 1 };
    keyNext = false;
  }
  const decode = (from: number, to: number): string => JSON.parse(new TextDecoder().decode(text.subarray(from, to)));
  return formatPointer(stack.map((top) => (typeof top === "number" ? String(top) : decode(top.from, top.to))));
}
