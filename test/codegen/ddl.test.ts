import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { columnComment, ddl, residualComment } from "../../src/codegen/ddl.js";
import { DUCKDB_TYPES, quoteIdentifier, quoteLiteral } from "../../src/engines/duckdb/types.js";
import { LOGICAL_TYPES } from "../../src/plan/plan.js";
import { SMALL_PLAN, widePlan } from "./plans.js";

const DIALECT = { title: "DuckDB", types: DUCKDB_TYPES, quoteIdentifier, quoteLiteral };

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => connection.closeSync());

async function rows(sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRows();
}

describe("DuckDB's types and quoting", () => {
  it("names only types that DuckDB's catalog has", async () => {
    const known = new Set((await rows("SELECT upper(type_name) FROM duckdb_types()")).map(([name]) => name));
    const names = Object.values(DUCKDB_TYPES).map((type) => type.replace(/\[\]$|\(.*\)/g, "").replace(/\(.*/, ""));
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  for (const type of LOGICAL_TYPES) {
    it(`${type} is what DuckDB calls it`, async () => {
      const [[found] = []] = await rows(`SELECT typeof(CAST(NULL AS ${DUCKDB_TYPES[type]}))`);
      expect(found === '"NULL"' ? "JSON" : found).toBe(DUCKDB_TYPES[type]);
    });
  }

  for (const name of ['a "b"', "select", "Ünïcode ✓", "a.b/c", "'; DROP TABLE x; --", " ", "\t\n", "\ufeffx"]) {
    it(`${JSON.stringify(name)} survives as a name and as a text`, async () => {
      const result = await connection.runAndReadAll(`SELECT ${quoteLiteral(name)} AS ${quoteIdentifier(name)}`);
      expect(result.columnNames()).toEqual([name]);
      const [[length] = []] = await rows(`SELECT length(${quoteLiteral(name)})`);
      expect(length).toBe(BigInt([...name].length));
    });
  }

  for (const [what, name] of Object.entries({ empty: "", "with U+0000": "a\0b", "with half a pair": "a\ud800" })) {
    it(`refuses a name that is ${what}`, () => expect(() => quoteIdentifier(name)).toThrow(RangeError));
  }
  it("refuses texts that would be cut or replaced", () => {
    expect(() => quoteLiteral("a\0b")).toThrow(RangeError);
    expect(() => quoteLiteral("\udc00")).toThrow(RangeError);
    expect(quoteLiteral("")).toBe("''");
  });
});

describe("DDL in a real DuckDB", () => {
  beforeAll(async () => {
    await connection.run(ddl(SMALL_PLAN, DIALECT));
  });

  it("makes every table with its comment", async () => {
    const found = await rows("SELECT table_name, comment FROM duckdb_tables() ORDER BY table_oid");
    expect(found).toEqual(SMALL_PLAN.tables.map((table) => [table.name, table.description]));
  });

  for (const table of SMALL_PLAN.tables) {
    it(`makes the columns of ${table.name} with type, comment and NOT NULL`, async () => {
      const found = await rows(
        `SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns()
         WHERE table_name = ${quoteLiteral(table.name)} ORDER BY column_index`,
      );
      const columns = table.columns.map((column) => [
        column.name,
        DUCKDB_TYPES[column.type],
        !table.key.includes(column.name),
        columnComment(column),
      ]);
      const residuals = table.residuals.map((item) => [item.name, "VARCHAR", true, residualComment(item)]);
      expect(found).toEqual([...columns, ...residuals]);
    });
  }

  it("says unit and source path, and spells out what SQL cannot carry", () => {
    const hostile = SMALL_PLAN.tables[0]?.columns.find((column) => column.unit === "1/s");
    if (hostile === undefined) throw new Error("no hostile column");
    const comment = columnComment(hostile);
    expect(comment).toContain(" Unit: 1/s. From config /a~1b~0|`c`.");
    expect(comment).toContain("\\u0000 \\ud800");
  });

  it("is quick for a wide table", async () => {
    const started = performance.now();
    const text = ddl(widePlan(1000), DIALECT);
    expect(performance.now() - started).toBeLessThan(500);
    expect(text.match(/^COMMENT ON COLUMN/gm)?.length).toBe(1005);
  });
});
