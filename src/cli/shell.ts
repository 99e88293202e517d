/** A word as a POSIX shell takes it: as it is, else in the quotes that need no escapes, else in single quotes. */
export function shellWord(text: string): string {
  if (text.includes("'") && !/["$`\\!]/.test(text)) return `"${text}"`;
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
