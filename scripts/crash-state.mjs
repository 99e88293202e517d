// What a project folder holds, as digests that are equal when the content is. Times of import are left out.
import { createHash } from "node:crypto";
import * as files from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { openStore } from "../dist/store/raw-store.js";

const KINDS = ["run", "history", "system_event"];
const connection = await (await DuckDBInstance.create(":memory:", { threads: "2" })).connect();

/** @returns {Promise<unknown[][]>} */
async function rows(sql) {
  return (await connection.runAndReadAll(sql)).getRowsJS();
}

const literal = (text) => `'${text.replaceAll("'", "''")}'`;
const list = (paths) => `[${paths.map(literal).join(", ")}]`;

/** @returns the digest of each run's rows in some Parquet files, by run. */
async function runDigests(paths, where = "true") {
  if (paths.length === 0) return {};
  const from = `read_parquet(${list(paths)}, hive_partitioning = false, union_by_name = false)`;
  const columns = (await rows(`DESCRIBE SELECT * FROM ${from}`)).map(([name]) => name);
  const hasRun = ["entity", "project", "run_id"].every((name) => columns.includes(name));
  const run = hasRun ? "concat_ws('/', entity, project, run_id)" : "'all'";
  const left = ["fetched_at", "version"].filter((name) => columns.includes(name));
  const row = `SELECT ${run} AS run$, * ${left.length > 0 ? `EXCLUDE (${left.join(", ")})` : ""} FROM ${from} WHERE ${where}`;
  const text = "t::VARCHAR";
  const found = await rows(
    `SELECT run$, md5(string_agg(${text}, chr(10) ORDER BY ${text})) FROM (${row}) t GROUP BY run$ ORDER BY run$`,
  );
  return Object.fromEntries(found);
}

function storeEnv() {
  const process_ = { pid: process.pid, host: hostname(), isAlive: () => true, startOf: () => undefined };
  return { now: () => new Date(), files, process: process_, engine: { memory: "500MB" } };
}

/** The raw store: every file that its manifest names is whole, and the rows that count, by kind and run. */
export async function rawState(directory) {
  const store = await openStore(directory, storeEnv());
  for (const segment of store.manifest.segments) {
    const [[count]] = await rows(`SELECT count(*) FROM read_parquet(${literal(join(directory, segment.file))})`);
    if (Number(count) !== segment.rows)
      throw new Error(`${segment.file} has ${count} rows, the manifest says ${segment.rows}`);
    JSON.parse(await files.readFile(join(directory, segment.profile.file), "utf8"));
  }
  const kinds = {};
  for (const kind of KINDS) {
    const segments = store.liveSegments(kind);
    const live = segments.flatMap(({ versions }) => versions.live);
    const where = `version IN (${[0, ...live].join(", ")})`;
    kinds[kind] = await runDigests(
      segments.map(({ path }) => path),
      where,
    );
  }
  const { blobs } = await store.profile();
  const profile = createHash("sha256").update(JSON.stringify(blobs, mapEntries)).digest("hex");
  return { kinds, profile };
}

const mapEntries = (_, value) => (value instanceof Map ? [...value] : value);

async function parquetFiles(folder) {
  const names = await files.readdir(folder).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(".parquet")).map((name) => join(folder, name));
}

/** Tables as somebody finds them who knows no manifest: by table and run. */
export async function tablesState(directory) {
  const entries = await files.readdir(directory, { withFileTypes: true }).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const tables = {};
  for (const entry of entries) {
    if (entry.isDirectory() && !entry.name.startsWith(".")) {
      tables[entry.name] = await runDigests(await parquetFiles(join(directory, entry.name)));
    } else if (entry.name.endsWith(".parquet")) {
      tables[entry.name.replace(/\.parquet$/, "")] = await runDigests([join(directory, entry.name)]);
    }
  }
  return tables;
}

/** Files that the manifest of the tables says may be of either state; undefined when it has none yet. */
export async function pendingFiles(directory) {
  try {
    return JSON.parse(await files.readFile(join(directory, "manifest.json"), "utf8")).pending;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Files that only a writer at work has. */
export async function leftovers(root) {
  const names = await files.readdir(root, { recursive: true });
  return names.filter((name) => /\.(tmp|writing)$|(^|[/.])lock|\.engine|\.(old|new)(\/|$)/.test(name)).sort();
}
