/** Runs the SQL of a file, where there is no Python: `node duckdb_sql.mjs FILE`. Slower than DuckDB in Python. */
import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";

const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
await connection.run(readFileSync(process.argv[2], "utf8"));
instance.closeSync();
