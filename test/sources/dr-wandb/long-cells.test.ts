import { describe, expect, it } from "vitest";
import { Expands, TextMeter, textLimits } from "../../../src/sources/dr-wandb/text-limits.js";
import { exportFolder, imported } from "./export-fixture.js";

/** Cells beyond 4,096 bytes are read apart, rows beyond 100,000 bytes are left out. */
const SMALL = { maxText: 100_000 };

const codes = (findings: readonly { code: string; count?: number }[]) =>
  findings.map(({ code, count }) => (count === undefined ? code : `${code} ${count}`));

/** A run each: every third config is short, every third of 9,000 bytes, every third of 60,000. */
const CONFIG = `'{"i":' || i || ',"s":"' || repeat(chr(97 + (i % 26)::INT), [10, 9000, 60000][1 + i % 3]) || '"}'`;
const KEYS = "'r' || i AS run_id, 'e' AS entity, 'p' AS project";

describe("cells that are longer than what comes with a chunk", () => {
  it("come whole, in the order of the runs", async () => {
    const folder = await exportFolder({
      "runs_metadata.parquet": `SELECT ${KEYS}, ${CONFIG} AS config, repeat('n', i * 300) AS note FROM range(100) t(i)`,
      "runs_metadata_summary.parquet": `SELECT 'r' || i AS run_id, ${CONFIG} AS summary FROM range(100) t(i) ORDER BY hash(i)`,
    });
    const small = await imported(folder, SMALL);
    expect(codes(small.findings)).toEqual([]);
    expect(small).toEqual(await imported(folder));
    expect(small.logs.map((log) => log.blobs.config?.length)).toContain(60_014);
  });

  it("come whole in a history, beside others, as text and as bytes", async () => {
    const metrics = `'{"a":' || i || ',"s":"' || repeat('x', [5, 20000][1 + i % 2]) || '"}'`;
    const folder = await exportFolder({
      "runs_metadata.parquet": `SELECT ${KEYS} FROM range(3) t(i)`,
      "runs_history.parquet": `SELECT 'r' || i % 3 AS run_id, i::BIGINT AS step, ${metrics} AS metrics,
        CASE WHEN i % 5 = 0 THEN repeat('b', 9000)::BLOB END AS raw, repeat('t', i * 40) AS text
        FROM range(200) t(i) ORDER BY hash(i)`,
    });
    const small = await imported(folder, SMALL);
    expect(codes(small.findings)).toEqual([]);
    expect(small).toEqual(await imported(folder));
  });

  it("are left out where a row is longer than the memory allows, and the run is not whole", async () => {
    const config = `'{"s":"' || repeat('x', CASE WHEN i IN (1, 3) THEN 200000 ELSE 5000 END) || '"}'`;
    const folder = await exportFolder({
      "runs_metadata.parquet": `SELECT ${KEYS}, ${config} AS config, '{"k":1}' AS summary FROM range(5) t(i)`,
    });
    const { logs, findings } = await imported(folder, SMALL);
    expect(codes(findings)).toEqual(["source/too-long 1", "source/too-long 1"]);
    expect(findings[0]?.message).toBe("Row 2 has 200019 bytes of text, more than 100000; its long cells were left out");
    expect(logs.map((log) => [log.blobs.config?.length, log.blobs.summary, log.state])).toEqual([
      [5008, '{"k":1}', "complete"],
      [undefined, '{"k":1}', "damaged"],
      [5008, '{"k":1}', "complete"],
      [undefined, '{"k":1}', "damaged"],
      [5008, '{"k":1}', "complete"],
    ]);
  });

  it("of history rows are counted, one finding a run", async () => {
    const folder = await exportFolder({
      "runs_metadata.parquet": `SELECT ${KEYS} FROM range(1) t(i)`,
      "runs_history.parquet": `SELECT 'r0' AS run_id, i::BIGINT AS step, '{"a":1,"s":"' || repeat('x', 150000) || '"}' AS metrics FROM range(7) t(i)`,
    });
    const { logs, findings } = await imported(folder, SMALL);
    expect(codes(findings)).toEqual(["source/too-long 7"]);
    expect(logs[0]?.history).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => `{"_step":${i}}`));
  });
});

describe("a file that says more than the memory holds", () => {
  it("repeats of a run are left out", async () => {
    const folder = await exportFolder({
      "runs_metadata.parquet": `SELECT 'r' AS run_id, 'e' AS entity, 'p' AS project, '{"i":' || i || ',"s":"' || repeat('x', 3000) || '"}' AS config FROM range(50) t(i)`,
    });
    const { logs, findings } = await imported(folder, SMALL);
    expect(logs).toHaveLength(1);
    expect(codes(findings)).toEqual(["source/too-long 49"]);
  });

  it("more runs than there is room for", async () => {
    const folder = await exportFolder({ "runs_metadata.parquet": `SELECT ${KEYS} FROM range(100) t(i)` });
    await expect(imported(folder, { maxText: 1000 })).rejects.toThrow("it has 100 rows, one a run; --memory allows 8");
  });

  it("more rows of one step than there is room for: what came before stays", async () => {
    const folder = await exportFolder({
      "runs_metadata.parquet": `SELECT ${KEYS} FROM range(2) t(i)`,
      "runs_history.parquet": `SELECT 'r0' AS run_id, CASE WHEN i < 10 THEN i ELSE 10 END::BIGINT AS step, i AS x FROM range(5000) t(i)`,
    });
    const { logs, findings } = await imported(folder, SMALL);
    expect(codes(findings)).toEqual(["source/expands"]);
    expect(logs[0]?.history).toHaveLength(10);
    expect(logs.map((log) => log.state)).toEqual(["damaged", "damaged"]);
  });

  it("names of a megabyte name no run", async () => {
    const folder = await exportFolder({
      "runs_metadata.parquet": "SELECT repeat('r', 1000000) AS run_id, 'e' AS entity, repeat('p', 5000) AS project",
    });
    const { logs, findings } = await imported(folder);
    expect(logs[0]?.key).toMatchObject({ run_id: "", entity: "e", project: "" });
    expect(codes(findings)).toContain("source/wrong-shape");
  });

  it("text beyond a thousand times the file's size is refused, below 16 GB it is not", () => {
    const meter = new TextMeter(1000);
    meter.add(16e9);
    expect(() => meter.add(1)).toThrow(Expands);
    new TextMeter(1e9).add(500e9);
  });

  it("a chunk of cells that come with it is never longer than a row may be", () => {
    for (const maxText of [25e6, 125e6, 512e6])
      expect(2048 * textLimits(maxText).cell).toBeLessThanOrEqual(256 * 2 ** 20);
  });
});
