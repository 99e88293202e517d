import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readTablesManifest } from "../../src/pipelines/tables-manifest.js";
import { withSession } from "../end-to-end/tables.js";
import { declare, exportProject, load, project } from "./export-fixture.js";

const query = (sql: string): Promise<unknown[][]> => withSession((session) => session.rows(sql));

/** Steps that overlap from log to log, misfits, leftovers and nulls. */
const rows = (from: number, count: number, odd: string): string[] =>
  Array.from(
    { length: count },
    (_, i) => `{"_step":${from + i},"x":${i % 3 === 0 ? odd : i},"left":{"i":${i}},"none":null}`,
  );

it("tables are the same rows in the same order, however small the windows", async () => {
  const at = await project();
  await declare(at, "x");
  const log = (run_id: string, start: string, from: number, odd = "1.5") => ({
    key: { run_id, start },
    rows: rows(from, 9, odd),
    events: ['{"_timestamp":1,"system.cpu":5,"system.gpu.0.temp":50,"odd":1}', '{"_timestamp":2,"system.cpu":6}'],
    blobs: { run: '{"state":"finished"}', config: `{"lr":${from},"none":null}`, summary: `{"x":${from}}` },
  });
  // Runs of one import lie between those of another; c was resumed twice, and its steps interleave.
  await load(at, log("a", "1", 0), log("c", "1", 0), log("e", "1", 5, '"misfit"'));
  await load(at, log("b", "1", 3, '"NaN"'), log("c", "2", 4), log("d", "1", 0));
  await load(at, log("c", "3", 2), log("f", "1", 1, "9007199254740993"));
  await exportProject(at);
  const dir = join(at.root, "small");
  await exportProject(at, { dir, temp: join(dir, ".engine"), window: { bytes: 1, rows: 1 } });
  const file = join(at.tables, "manifest.json");
  const manifest = readTablesManifest(await readFile(file, "utf8"), file);
  const names = [...new Set(manifest.parts.flatMap((part) => part.files.map((item) => item.file)))];
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const all = (folder: string) => query(`SELECT * FROM read_parquet('${folder}/${name}', hive_partitioning = false)`);
    expect({ name, rows: await all(dir) }).toEqual({ name, rows: await all(at.tables) });
  }
  const [[groups] = []] = await query(
    `SELECT count(DISTINCT row_group_id)::INT FROM parquet_metadata('${dir}/history/*.parquet')`,
  );
  expect(groups).toBeGreaterThan(3);
});
