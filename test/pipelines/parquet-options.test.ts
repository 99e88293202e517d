import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatHeader } from "../../src/file-format.js";
import { planProject } from "../../src/pipelines/project.js";
import { DEFAULT_TABLE_OPTIONS, type TableOptions } from "../../src/pipelines/table-options.js";
import { TABLES_FORMAT } from "../../src/pipelines/tables-manifest.js";
import { tableOf } from "../../src/plan/plan.js";
import { COMPRESSIONS } from "../../src/sinks/parquet.js";
import { environment } from "../end-to-end/project.js";
import { withSession } from "../end-to-end/tables.js";
import { readByDuckdb, readByHyparquet } from "../sinks/readers.js";
import { declare, exportProject, history, load, project, rowsOf, select } from "./export-fixture.js";

const withOptions = (changes: Partial<TableOptions>) => ({ options: { ...DEFAULT_TABLE_OPTIONS, ...changes } });

const CODECS: Record<(typeof COMPRESSIONS)[number], string> = {
  zstd: "ZSTD",
  snappy: "SNAPPY",
  gzip: "GZIP",
  brotli: "BROTLI",
  lz4: "LZ4_RAW",
  none: "UNCOMPRESSED",
};

describe("compression", () => {
  it.each(COMPRESSIONS)("%s is what every page of every table has, and independent readers read it", async (codec) => {
    const at = await project();
    await declare(at, "x");
    await load(at, { rows: rowsOf(500), events: ['{"_timestamp":1,"system.cpu":5}'], blobs: { config: '{"lr":1}' } });
    const { tables } = await exportProject(at, withOptions({ compression: codec }));
    const { plan } = await planProject(at, environment, "snake");
    for (const { name, files } of tables) {
      for (const file of files.map((item) => join(at.tables, item))) {
        const found = await withSession((session) =>
          session.rows(`SELECT DISTINCT compression FROM parquet_metadata('${file}')`),
        );
        const cells = await withSession((session) => readByDuckdb(session, tableOf(plan, name), file));
        expect(found).toEqual(cells.length === 0 ? [] : [[CODECS[codec]]]);
        expect(await readByHyparquet(tableOf(plan, name), file)).toEqual(cells);
      }
    }
    expect(await history(at)).toHaveLength(500);
  });
});

describe("row groups", () => {
  const groups = (at: Awaited<ReturnType<typeof project>>) =>
    select(
      at,
      "SELECT DISTINCT row_group_id::INT, row_group_num_rows::INT FROM parquet_metadata('tables/history/part-0001.parquet') ORDER BY 1",
    );

  it("have at most so many rows, rounded up to what DuckDB can write", async () => {
    const at = await project();
    await declare(at, "x");
    await load(at, { rows: rowsOf(9000) });
    await exportProject(at);
    expect(await groups(at)).toEqual([[0, 9000]]);
    await exportProject(at, withOptions({ rowGroupSize: 4000 }));
    expect(await groups(at)).toEqual([
      [0, 4096],
      [1, 4096],
      [2, 808],
    ]);
    expect(await history(at)).toEqual(rowsOf(9000).map((_, i) => [i]));
  });
});

describe("other options", () => {
  it.each([
    { compression: "snappy" },
    { rowGroupSize: 2048 },
    { partitionBy: "project" },
    { history: "long" },
  ] as const)("%o write all tables again, once", async (changes) => {
    const at = await project();
    await declare(at, "x");
    await load(at, { rows: rowsOf(3) });
    expect((await exportProject(at)).skipped).toBe(false);
    expect((await exportProject(at)).skipped).toBe(true);
    expect((await exportProject(at, withOptions(changes))).skipped).toBe(false);
    expect((await exportProject(at, withOptions(changes))).skipped).toBe(true);
    expect((await exportProject(at)).skipped).toBe(false);
    expect(await history(at)).toEqual([[0], [1], [2]]);
  });

  it("are the usual ones where a manifest of an older version says none", async () => {
    const at = await project();
    await load(at, { rows: rowsOf(1) });
    await exportProject(at);
    const file = join(at.tables, "manifest.json");
    const { options, partition, ...rest } = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    expect([options, partition, rest["format"]]).toEqual([
      DEFAULT_TABLE_OPTIONS,
      [],
      formatHeader(TABLES_FORMAT).format,
    ]);
    await writeFile(file, JSON.stringify({ ...rest, format: 1 }));
    expect((await exportProject(at)).skipped).toBe(true);
    expect((await exportProject(at, withOptions({ compression: "none" }))).skipped).toBe(false);
  });
});
