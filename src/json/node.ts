interface Span {
  /** Offsets into the text, in UTF-16 code units: `[start, end)`. */
  readonly start: number;
  readonly end: number;
}
export interface JsonNull extends Span {
  readonly kind: "null";
}
export interface JsonBoolean extends Span {
  readonly kind: "boolean";
  readonly value: boolean;
}
/** Its value is its text: `text.slice(start, end)`; NaN, Infinity and -Infinity are numbers too. */
export interface JsonNumber extends Span {
  readonly kind: "number";
}
/** `value` may hold lone surrogates, when the text has them as escapes. */
export interface JsonString extends Span {
  readonly kind: "string";
  readonly value: string;
}
export interface JsonArray extends Span {
  readonly kind: "array";
  readonly items: readonly JsonNode[];
}
export interface JsonMember {
  readonly key: string;
  /** Span of the key with its quotes. */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: JsonNode;
}
export interface JsonObject extends Span {
  readonly kind: "object";
  readonly members: readonly JsonMember[];
}
export type JsonNode = JsonNull | JsonBoolean | JsonNumber | JsonString | JsonArray | JsonObject;
