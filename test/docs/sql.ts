import { DuckDBInstance } from "@duckdb/node-api";
import { quoteLiteral } from "../../src/sql-text.js";

const cellText = (value: unknown): string => (value === null ? "NULL" : String(value));

/** The answer to a query as a document shows it, heading first; paths in the query are those of a folder. */
export async function asked(folder: string, sql: string): Promise<string[][]> {
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    await connection.run(`SET file_search_path = ${quoteLiteral(folder)}`);
    // Where people are must not matter.
    await connection.run("SET TimeZone = 'Pacific/Auckland'");
    const reader = await connection.runAndReadAll(sql);
    return [reader.columnNames(), ...reader.getRows().map((row) => row.map(cellText))];
  } finally {
    instance.closeSync();
  }
}
