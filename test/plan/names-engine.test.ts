import { readFileSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { NameWish } from "../../src/plan/settle.js";
import { settle } from "../../src/plan/settle.js";
import { layoutOf } from "../../src/plan/tables.js";
import { RESERVED_WORDS } from "../../src/plan/words.js";

interface Golden {
  readonly alone: readonly NameWish[];
  readonly together: readonly { readonly name: string; readonly paths: readonly NameWish[] }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL("names.golden.json", import.meta.url), "utf8"));
let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create();
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

async function columnsOf(names: readonly string[], quoted: boolean): Promise<unknown[]> {
  const list = names.map((name) => (quoted ? `"${name.replaceAll('"', '""')}"` : name));
  await connection.run(`CREATE OR REPLACE TABLE t (${list.map((name) => `${name} INTEGER`).join(", ")})`);
  const rows = await connection.runAndReadAll(
    "SELECT column_name FROM duckdb_columns() WHERE table_name = 't' ORDER BY column_index",
  );
  return rows.getRows().map((row) => row[0]);
}

const tables = [...new Set(golden.alone.map((wish) => layoutOf(wish.blob).name))];
const byTable = tables.map((name) => [name, golden.alone.filter((wish) => layoutOf(wish.blob).name === name)] as const);
const groups = [...byTable, ...golden.together.map((group) => [group.name, group.paths] as const)];

test.each(groups)("DuckDB takes the names of %s as they are, in snake even without quotes", async (_name, wishes) => {
  const unpublished = wishes.every((wish) => wish.published === undefined);
  for (const naming of ["snake", "verbatim"] as const) {
    const names = settle(wishes, { naming, taken: [] }).map((item) => item.name);
    expect(await columnsOf(names, true)).toEqual(names);
    if (naming === "snake" && unpublished) expect(await columnsOf(names, false)).toEqual(names);
  }
});

test("every word that DuckDB reserves is in the list", async () => {
  const rows = await connection.runAndReadAll(
    "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'",
  );
  const words = rows.getRows().map((row) => String(row[0]));
  expect(words.length).toBeGreaterThan(50);
  expect(words.filter((word) => !RESERVED_WORDS.has(word))).toEqual([]);
});
