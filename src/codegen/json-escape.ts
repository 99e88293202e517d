/** A UTF-16 code unit as the escape that JSON has for it: `\u0000`. */
export function jsonEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
