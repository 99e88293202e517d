/**
 * Writes a dr_wandb export of many runs: `node bench/generate/export.mjs RUNS OUT`, OUT a folder. The runs are those of
 * test/data/dr_wandb_export in turn, with ids of their own and other digits in their numbers; equal numbers of one run
 * stay equal. Of its columns those that dr_wandb flattens: config, summary, metadata, system metrics, sweep.
 */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";

const SOURCE = fileURLToPath(new URL("../../test/data/dr_wandb_export/runs_metadata.parquet", import.meta.url));
const PLAIN = ["run_name", "state", "project", "entity", "created_at"];
const JSON_TEXT = ["config", "summary", "wandb_metadata", "system_metrics", "sweep_info"];
const COLUMNS = ["run_id", ...PLAIN, ...JSON_TEXT];
/** A string, which stays as it is, or a number with a fraction. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+\.\d+/g;

const literal = (text) => `'${text.replaceAll("'", "''")}'`;

/** Other last digits for a number: they depend on its text and the run alone. */
function otherDigits(token, run) {
  if (token[0] === '"' || token.endsWith(".0")) return token;
  const digits = Math.min(5, token.length - token.indexOf(".") - 1);
  let hash = run + 1;
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193);
  const tail = ((hash >>> 0) % (10 ** digits - 1)) + 1;
  return token.slice(0, -digits) + String(tail).padStart(digits, "0").replace(/0$/, "1");
}

/** A run like the one of `row`, whose texts say the new id wherever they said the old. */
function rowLike(row, run) {
  const id = `${row.run_id}_${run}`;
  const rename = (text) => text?.replaceAll(row.run_id, id) ?? null;
  const json = (name) => rename(row[name])?.replace(TOKEN, (token) => otherDigits(token, run)) ?? null;
  return [id, ...PLAIN.map((name) => rename(row[name])), ...JSON_TEXT.map(json)];
}

async function writeExport(runs, folder) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(`SELECT ${COLUMNS.join(", ")} FROM ${literal(SOURCE)}`)).getRowObjects();
  await connection.run(`CREATE TABLE runs (${COLUMNS.map((name) => `${name} VARCHAR`).join(", ")})`);
  const appender = await connection.createAppender("runs");
  for (let run = 0; run < runs; run++) {
    for (const text of rowLike(rows[run % rows.length], run)) {
      if (text === null) appender.appendNull();
      else appender.appendVarchar(text);
    }
    appender.endRow();
  }
  appender.closeSync();
  await connection.run(`COPY runs TO ${literal(join(folder, "runs_metadata.parquet"))} (FORMAT parquet)`);
  instance.closeSync();
}

const [runs, out] = process.argv.slice(2);
const partial = `${out}.partial`;
rmSync(partial, { recursive: true, force: true });
mkdirSync(partial, { recursive: true });
await writeExport(Number(runs), partial);
renameSync(partial, out);
