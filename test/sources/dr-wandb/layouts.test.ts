import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exportFolder, imported } from "./export-fixture.js";

const one = (columns: string): string => `SELECT 'r1' AS run_id, 'team' AS entity, 'vision' AS project, ${columns}`;
const runBlob = async (columns: string) => {
  const { logs, findings } = await imported(await exportFolder({ "runs_metadata.parquet": one(columns) }));
  return {
    blobs: logs[0]?.blobs,
    log: logs[0],
    codes: findings.map((item) => `${item.code} ${item.path ?? ""}`.trim()),
  };
};
const historyOf = async (sql: string) => {
  const { logs, findings } = await imported(
    await exportFolder({ "runs_metadata.parquet": one("1 AS x"), "runs_history.parquet": sql }),
  );
  return { rows: logs[0]?.history, findings };
};

describe("the run blob", () => {
  it("is made of the columns when there is no system_attrs", async () => {
    const { blobs, log, codes } = await runBlob(
      "'sunny' AS run_name, 'running' AS state, '2026-01-01T00:00:00Z' AS created_at, 3 AS seats, NULL::VARCHAR AS gone",
    );
    expect(blobs).toEqual({
      run: '{"displayName":"sunny","state":"running","createdAt":"2026-01-01T00:00:00Z","seats":3}',
    });
    expect([log?.state, codes]).toEqual(["growing", []]);
  });

  it("spells a timestamp column as the node does, so that it is no difference", async () => {
    const { blobs, codes } = await runBlob(
      `TIMESTAMP '2026-01-01 00:00:00' AS created_at, '{"createdAt":"2026-01-01T00:00:00Z","state":"finished"}' AS system_attrs`,
    );
    expect([blobs?.run, codes]).toEqual(['{"createdAt":"2026-01-01T00:00:00Z","state":"finished"}', []]);
  });

  it("keeps columns that differ from the node, each with a finding", async () => {
    const { blobs, codes } = await runBlob(
      `'a' AS run_name, 'crashed' AS state, '2027-01-01T00:00:00Z' AS created_at,
       '{"name":"other","displayName":"b","state":"finished","createdAt":"2026-01-01T00:00:00Z"}' AS system_attrs`,
    );
    expect(blobs?.run).toBe(
      '{"name":"other","displayName":"b","state":"finished","createdAt":"2026-01-01T00:00:00Z","run_name":"a","dr_wandb_state":"crashed","created_at":"2027-01-01T00:00:00Z"}',
    );
    expect(codes).toEqual(
      ["/name", "/displayName", "/state", "/createdAt"].map((path) => `source/copy-differs ${path}`),
    );
  });

  it("keeps a sweep_info that says something", async () => {
    const said = await runBlob(`'{"sweep_id":"s1","sweep_url":null}' AS sweep_info`);
    const nothing = await runBlob(`'{"sweep_id":null,"sweep_url":null}' AS sweep_info`);
    const broken = await runBlob(`'{"sweep' AS sweep_info`);
    expect([said.blobs?.run, nothing.blobs?.run, broken.blobs?.run]).toEqual([
      '{"sweep_info":{"sweep_id":"s1","sweep_url":null}}',
      "{}",
      '{"sweep_info":"{\\"sweep"}',
    ]);
    expect(broken.codes).toEqual(["json/refused"]);
  });

  it("reads W&B's own count of rows", async () => {
    const folder = await exportFolder({
      "runs_metadata.parquet": one(`'{"historyLineCount":12}' AS system_attrs`),
      "runs_history.parquet": "SELECT 'r1' AS run_id, 1 AS step",
    });
    expect((await imported(folder)).logs[0]?.expectedRows).toBe(12);
  });
});

describe("copies of a blob in the node", () => {
  it("are dropped when they are the same token by token", async () => {
    const { blobs, codes } = await runBlob(
      `'{"a": 1.50, "b": {"x":"\\u0041","y":[1,NaN]}}' AS config, '{"config":{"b":{"y":[1,NaN],"x":"A"},"a":1.50},"k":1}' AS system_attrs`,
    );
    expect(blobs).toEqual({ run: '{"k":1}', config: '{"a": 1.50, "b": {"x":"\\u0041","y":[1,NaN]}}' });
    expect(codes).toEqual([]);
  });

  it.each([
    ["another spelling of a number", '{"a":1.5}'],
    ["a missing key", "{}"],
    ["one key more", '{"a":1.50,"b":1}'],
    ["a string for a number", '{"a":"1.50"}'],
    ["null", "null"],
    ["a key twice", '{"a":1.50,"a":1.50}'],
  ])("stay when they differ: %s", async (_name, copy) => {
    const { blobs, codes } = await runBlob(`'{"a":1.50}' AS config, '{"config":${copy}}' AS system_attrs`);
    expect(blobs?.config).toBe('{"a":1.50}');
    expect(codes.length).toBe(1);
    expect(codes[0]).toMatch(copy.includes('"a":1.50,"a"') ? "json/refused" : "source/copy-differs /config");
    expect(blobs?.run).toContain(copy.includes('"a":1.50,"a"') ? '"system_attrs":"' : `"config":${copy}`);
  });

  it("stand for a column that is NULL or absent", async () => {
    const { blobs } = await runBlob(
      `NULL::VARCHAR AS config, '{"config":{"a":1},"summaryMetrics":{"b":2},"k":1}' AS system_attrs`,
    );
    expect(blobs).toEqual({ run: '{"k":1}', config: '{"a":1}', summary: '{"b":2}' });
  });
});

describe("rawconfig", () => {
  const wandb = '{"cli_version":"0.18.1"}';

  it("gives its _wandb to the config", async () => {
    const { blobs, codes } = await runBlob(
      `'{"a":1}' AS config, '{"rawconfig":{"_wandb":${wandb},"a":1}}' AS system_attrs`,
    );
    expect([blobs, codes]).toEqual([{ run: "{}", config: `{"a":1,"_wandb":${wandb}}` }, []]);
  });

  it("is unwrapped from {value, desc}, and a description goes to config_desc", async () => {
    const raw = `{"_wandb":{"desc":null,"value":${wandb}},"a":{"value":1,"desc":"the rate"},"b":{"value":{"value":2}}}`;
    const { blobs, codes } = await runBlob(
      `'{"a":1,"b":{"value":2}}' AS config, '{"rawconfig":${raw}}' AS system_attrs`,
    );
    expect(blobs).toEqual({
      run: '{"config_desc":{"a":"the rate"}}',
      config: `{"a":1,"b":{"value":2},"_wandb":${wandb}}`,
    });
    expect(codes).toEqual([]);
  });

  it("a config whose values look wrapped is not unwrapped when one does not", async () => {
    const { blobs, codes } = await runBlob(
      `'{"a":{"value":1}}' AS config, '{"rawconfig":{"a":{"value":1},"_wandb":${wandb}}}' AS system_attrs`,
    );
    expect([blobs?.config, blobs?.run, codes]).toEqual([`{"a":{"value":1},"_wandb":${wandb}}`, "{}", []]);
  });

  it("stays when it says something else", async () => {
    const { blobs, codes } = await runBlob(
      `'{"a":1}' AS config, '{"rawconfig":{"_wandb":${wandb},"a":2}}' AS system_attrs`,
    );
    expect(blobs).toEqual({ run: `{"rawconfig":{"_wandb":${wandb},"a":2}}`, config: `{"a":1,"_wandb":${wandb}}` });
    expect(codes).toEqual(["source/copy-differs /rawconfig"]);
  });

  it("is the config when there is no other", async () => {
    const { blobs } = await runBlob(`'{"rawconfig":{"a":{"value":1,"desc":null}}}' AS system_attrs`);
    expect(blobs).toEqual({ run: "{}", config: '{"a":1}' });
  });
});

describe("NULL and null", () => {
  it("a NULL cell is no blob; a JSON null is none either, and is remembered in the run blob", async () => {
    const { blobs, codes } = await runBlob("NULL::VARCHAR AS config, 'null' AS wandb_metadata, '{}' AS summary");
    expect([blobs, codes]).toEqual([{ run: '{"wandb_metadata":null}', summary: "{}" }, []]);
  });
});

describe("history", () => {
  it("flattened columns become one object a row, NULL left out", async () => {
    const { rows, findings } = await historyOf(
      `SELECT * FROM (VALUES
        ('r1', 2::BIGINT, 1.5, NULL, 9062103.0::DOUBLE, '-0.0'::DOUBLE, 9223372036854775807, true, 'x"y', NULL),
        ('r1', 1::BIGINT, 1e22::DOUBLE, 0.25, 'nan'::DOUBLE, '-inf'::DOUBLE, NULL, NULL, NULL, '{"runtime":3}'))
        t(run_id, step, timestamp, runtime, "a/b", z, big, flag, note, wandb_metadata)`,
    );
    expect(rows).toEqual([
      '{"_step":1,"_timestamp":1e+22,"_runtime":0.25,"a/b":NaN,"z":-Infinity,"_wandb":{"runtime":3}}',
      '{"_step":2,"_timestamp":1.5,"a/b":9062103,"z":-0.0,"big":9223372036854775807,"flag":true,"note":"x\\"y"}',
    ]);
    expect(findings).toEqual([]);
  });

  it("keeps all digits of decimals and big integers, and nested values", async () => {
    const { rows } = await historyOf(
      `SELECT 'r1' AS run_id, 12345678901234567890.123456789::DECIMAL(38,9) AS d, {'a': 1, 'b': NULL, 'c': [1.5, NULL]} AS s,
       MAP {'k': 2.0::DOUBLE} AS m, '\ufeffbom' AS t, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS at, DATE '2026-01-02' AS day, '\\x01\\xff'::BLOB AS bytes`,
    );
    expect(rows).toEqual([
      '{"d":12345678901234567890.123456789,"s":{"a":1,"c":[1.5,null]},"m":{"k":2},"t":"\ufeffbom","at":"2026-01-01T00:00:00Z","day":"2026-01-02","bytes":"base64:Af8="}',
    ]);
  });

  it("the members of a metrics column are spliced with the others, spelling unchanged", async () => {
    const { rows } = await historyOf(
      `SELECT * FROM (VALUES ('r1', 1, '{"loss": 1.50, "n": 1e3 }', 7.5), ('r1', 2, '{}', NULL), ('r1', 3, NULL, 1), ('r1', 4, ' { } ', 1))
       t(run_id, step, metrics, runtime)`,
    );
    expect(rows).toEqual([
      '{"_step":1,"loss": 1.50, "n": 1e3,"_runtime":7.5}',
      '{"_step":2}',
      '{"_step":3,"_runtime":1.0}',
      '{"_step":4,"_runtime":1.0}',
    ]);
  });

  it.each([
    ["no JSON", "nope", '{"_step":1,"metrics":"nope"}', "json/refused"],
    ["cut", '{"a":1', '{"_step":1,"metrics":"{\\"a\\":1"}', "json/refused"],
    ["two objects", '{"a":1},"b":{"c":2}', '{"_step":1,"metrics":"{\\"a\\":1},\\"b\\":{\\"c\\":2}"}', "json/refused"],
    ["a list", "[1]", '{"_step":1,"metrics":[1]}', "json/refused"],
    ["null", "null", '{"_step":1,"metrics":null}', undefined],
    ["with the same step", '{"_step":1,"a":2}', '{"_step":1,"a":2}', undefined],
    ["with another step", '{"_step":2,"a":2}', '{"step":1,"_step":2,"a":2}', "source/copy-differs"],
    ["with a key twice", '{"a":1,"a":2}', '{"_step":1,"a":1,"a":2}', undefined],
  ])("metrics %s", async (_name, metrics, row, code) => {
    const { rows, findings } = await historyOf(`SELECT 'r1' AS run_id, 1 AS step, $$${metrics}$$ AS metrics`);
    expect(rows).toEqual([row]);
    expect(findings.map((item) => [item.code, item.where?.row])).toEqual(code === undefined ? [] : [[code, 1]]);
  });

  it("a wandb_metadata that is no JSON is kept as text", async () => {
    const { rows, findings } = await historyOf(`SELECT 'r1' AS run_id, 1 AS step, 'true,"b":5' AS wandb_metadata`);
    expect(rows).toEqual(['{"_step":1,"_wandb":"true,\\"b\\":5"}']);
    expect(findings.map((item) => item.code)).toEqual(["json/refused"]);
  });

  it("counts the bad rows of a run in one finding", async () => {
    const { findings } = await historyOf(
      "SELECT 'r1' AS run_id, range AS step, if(range < 2, '{}', 'bad') AS metrics FROM range(9)",
    );
    expect(findings).toMatchObject([{ code: "json/refused", count: 7, where: { row: 3, run: "r1" }, evidence: "bad" }]);
  });

  it("the order of rows does not depend on the order of the file", async () => {
    const rows = "SELECT 'r1' AS run_id, range % 3 AS step, (range * 7 % 10)::VARCHAR AS note FROM range(10)";
    const [up, down] = [await historyOf(rows), await historyOf(`${rows} ORDER BY range DESC`)];
    expect(up.rows).toEqual(down.rows);
    expect(up.rows?.slice(0, 4)).toEqual(["0", "1", "2", "3"].map((note) => `{"_step":0,"note":"${note}"}`));
  });

  it("columns that differ in case only keep their names", async () => {
    const folder = await exportFolder({ "runs_history.parquet": `SELECT 'r1' AS run_id, 1 AS "Loss", 2 AS "LosX"` });
    const path = join(folder, "runs_history.parquet");
    const twin = Buffer.from((await readFile(path)).toString("latin1").replaceAll("LosX", "loss"), "latin1");
    await writeFile(path, twin);
    expect((await imported(folder)).logs[0]?.history).toEqual(['{"Loss":1,"loss":2}']);
  });

  it("of a run that no metadata tells of is imported, with a finding", async () => {
    const { logs, findings } = await imported(
      await exportFolder({
        "runs_metadata.parquet": one("1 AS x"),
        "runs_history.parquet": "SELECT * FROM (VALUES ('r1', 1), ('r9', 1), ('r8', 2)) t(run_id, step)",
      }),
      { entity: "mine" },
    );
    expect(
      logs.map((log) => [log.key.entity, log.key.project, log.key.run_id, log.history.length, log.blobs.run]),
    ).toEqual([
      ["team", "vision", "r1", 1, '{"x":1}'],
      ["mine", "", "r8", 1, "{}"],
      ["mine", "", "r9", 1, "{}"],
    ]);
    expect(findings.map((item) => [item.code, item.run?.run_id])).toEqual([
      ["run/unknown-place", "r8"],
      ["run/unknown-place", "r9"],
    ]);
  });
});

describe("component files", () => {
  const ids = "SELECT unnest(['r2', 'r1']) AS run_id";

  it("are put together by run id", async () => {
    const { logs, findings } = await imported(
      await exportFolder({
        "runs_metadata.parquet": `SELECT run_id, 'e' AS entity, 'p' AS project, 'finished' AS state FROM (${ids})`,
        "runs_metadata_config.parquet": `SELECT run_id, '{"id":"' || run_id || '"}' AS config FROM (${ids}) ORDER BY run_id`,
        "runs_metadata_summary.parquet": `SELECT run_id, '{"s":"' || run_id || '"}' AS summary FROM (${ids}) UNION ALL SELECT 'r3', '{"s":3}'`,
      }),
    );
    expect(logs.map((log) => [log.key.entity, log.key.run_id, log.blobs])).toEqual([
      ["e", "r2", { run: '{"state":"finished"}', config: '{"id":"r2"}', summary: '{"s":"r2"}' }],
      ["e", "r1", { run: '{"state":"finished"}', config: '{"id":"r1"}', summary: '{"s":"r1"}' }],
      ["", "r3", { run: "{}", summary: '{"s":3}' }],
    ]);
    expect(findings.map((item) => item.code)).toEqual(["run/unknown-place"]);
  });

  it("a column that two files have is kept once when it is the same, twice when not", async () => {
    const { logs, findings } = await imported(
      await exportFolder({
        "runs_metadata.parquet": one(`'{"a":1}' AS config, '{"b":1}' AS summary`),
        "runs_metadata_config.parquet": `SELECT 'r1' AS run_id, '{"a":2}' AS config`,
        "runs_metadata_summary.parquet": `SELECT 'r1' AS run_id, '{"b":1}' AS summary`,
      }),
    );
    expect(logs[0]?.blobs).toEqual({
      run: '{"runs_metadata_config.config":"{\\"a\\":2}"}',
      config: '{"a":1}',
      summary: '{"b":1}',
    });
    expect(findings.map((item) => item.code)).toEqual(["source/copy-differs"]);
  });

  it("one file alone is enough", async () => {
    const folder = await exportFolder({ "runs_metadata_config.parquet": `SELECT 'r1' AS run_id, '{"a":1}' AS config` });
    const { logs } = await imported(join(folder, "runs_metadata_config.parquet"), { entity: "e", project: "p" });
    expect(logs.map((log) => [log.key.entity, log.key.project, log.blobs.config])).toEqual([["e", "p", '{"a":1}']]);
  });
});

it("a folder whose name has wildcards and partition words is read literally", async () => {
  const folder = await exportFolder({ "runs_metadata.parquet": one(`'{"a":1}' AS config`) });
  const nested = join(folder, "lr=5e-07 [ab]*?");
  await mkdir(nested);
  await mkdir(join(folder, "lr=5e-07 a"));
  await rename(join(folder, "runs_metadata.parquet"), join(nested, "runs_metadata.parquet"));
  const { logs } = await imported(nested);
  expect(logs.map((log) => log.blobs)).toEqual([{ run: "{}", config: '{"a":1}' }]);
});
