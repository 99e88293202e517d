import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { printableSql } from "../../src/output/sql.js";
import { quoteIdentifier, quoteLiteral } from "../../src/sql-text.js";

test("a query without hidden characters stays as it is", () => {
  const sql = `SELECT "a'b", 'it''s "x"' FROM t\nWHERE x > 'é'`;
  expect(printableSql(sql)).toBe(sql);
});

test("hidden characters of a literal are spelled", () => {
  expect(printableSql("SELECT '\u001b[31m' AS \"x\"")).toBe("SELECT ('' || chr(27) || '[31m') AS \"x\"");
});

test("law: the query gives the same, with any literal and identifier", async () => {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const unit = fc.constantFrom("'", '"', "a", "\n", "\u001b", "\u0085", "\u202e", "\u2028", "\\", "é", "🙂", " || ");
  const text = fc.string({ unit, maxLength: 12 });
  const asked = fc.asyncProperty(text, text, async (value, name) => {
    const sql = printableSql(`SELECT ${quoteLiteral(value)} AS ${quoteIdentifier(`n${name}`)}`);
    const result = await connection.runAndReadAll(sql);
    expect([result.columnNames(), result.getRows()]).toEqual([[`n${name}`], [[value]]]);
  });
  await fc.assert(asked, { numRuns: 300 });
  connection.closeSync();
});
