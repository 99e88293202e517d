const LONE_SURROGATE = /\p{Surrogate}/u;

function refuse(text: string, what: string): never {
  throw new RangeError(`DuckDB has no spelling for ${what}, found in ${JSON.stringify(text)}`);
}

/**
 * A name as a quoted SQL identifier; any text but the two below can be one.
 * @throws RangeError when the name is empty, or has U+0000 or a lone surrogate, which would be cut or replaced silently.
 * https://duckdb.org/docs/stable/sql/dialect/keywords_and_identifiers
 */
export function quoteIdentifier(name: string): string {
  if (name === "") throw new RangeError("DuckDB has no empty identifiers");
  if (name.includes("\0")) refuse(name, "U+0000 in an identifier");
  if (LONE_SURROGATE.test(name)) refuse(name, "a lone surrogate");
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A text as a SQL string literal. DuckDB reads backslashes as they are.
 * @throws RangeError when the text has U+0000, which would end the statement there (write `chr(0)` in an expression), or
 * a lone surrogate, which UTF-8 cannot carry.
 * https://duckdb.org/docs/stable/sql/data_types/literal_types
 */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) refuse(text, "U+0000 in a literal");
  if (LONE_SURROGATE.test(text)) refuse(text, "a lone surrogate");
  return `'${text.replaceAll("'", "''")}'`;
}
