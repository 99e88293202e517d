const TOKEN = /"(?:[^"]|"")*"|'(?:[^']|'')*'/g;
const HIDDEN = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A query that says the same, and whose literals have nothing that steers a terminal: `chr(27)` stands for it. */
export function printableSql(sql: string): string {
  return sql.replace(TOKEN, (token) => (token.startsWith("'") ? printableLiteral(token) : token));
}

function printableLiteral(literal: string): string {
  const spelled = literal.replace(HIDDEN, (character) => `' || chr(${character.codePointAt(0)}) || '`);
  return spelled === literal ? literal : `(${spelled})`;
}
