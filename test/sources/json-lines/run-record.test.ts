import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { BlobName } from "../../../src/blob.js";
import { readRun } from "../../../src/sources/json-lines/run-record.js";

function read(text: string, runId = "r1", earlier: readonly string[] = []) {
  const { blobs, state, expectedRows, rows } = readRun(
    Buffer.from(text),
    runId,
    earlier.map((item) => Buffer.from(item)),
  );
  const texts = Object.entries(blobs).map(([name, bytes]) => [name, Buffer.from(bytes ?? "").toString("utf8")]);
  const spans = rows?.spans ?? [];
  const lines = spans.flatMap((from, i) =>
    i % 2 === 0 ? [Buffer.from(rows?.bytes ?? "").toString("utf8", from, spans[i + 1])] : [],
  );
  return { blobs: Object.fromEntries(texts) as Partial<Record<BlobName, string>>, state, expectedRows, rows: lines };
}

describe("blobs", () => {
  test.each([
    ["config", "config"],
    ["summary", "summary"],
    ["summaryMetrics", "summary"],
    ["summary_metrics", "summary"],
    ["system_metrics", "system_metrics"],
    ["systemMetrics", "system_metrics"],
    ["system_info", "system_info"],
    ["metadata", "system_info"],
    ["wandb_metadata", "system_info"],
  ])("%s is %s, byte by byte", (member, blob) => {
    const object = '{ "a" : 1.50, "b":[NaN, 9007199254740993], "a":2 }';
    expect(read(`{"x":1,"${member}":${object}}`).blobs).toEqual({ run: '{"x":1}', [blob]: object });
  });

  test("a string that holds an object is unwrapped; one that does not stays in the run", () => {
    expect(read('{"config":"{\\"a\\":1.50,\\"b\\":\\"\\\\u00e9\\"}"}').blobs).toEqual({
      run: "{}",
      config: '{"a":1.50,"b":"\\u00e9"}',
    });
    for (const value of [
      '"x"',
      '"[1]"',
      '"{"',
      '"{}{}"',
      '"\\ud800{}"',
      '"{\\"a\\":\\"\\ud800\\"}"',
      "null",
      "[1]",
      "5",
    ]) {
      expect(read(`{"config":${value}}`).blobs).toEqual({ run: `{"config":${value}}` });
    }
  });

  test("of two members for one blob the first of the list counts, the other stays", () => {
    expect(read('{"summary_metrics":{"a":1},"summary":{"a":2}}').blobs).toEqual({
      run: '{"summary_metrics":{"a":1}}',
      summary: '{"a":2}',
    });
    expect(read('{"summary_metrics":{"a":1},"summary":null}').blobs).toEqual({
      run: '{"summary":null}',
      summary: '{"a":1}',
    });
  });
});

describe("a config in the form of W&B's API", () => {
  test.each([
    ['{"a":{"value":1.50,"desc":null}}', '{"a":1.50}', undefined],
    ['{"a":{"desc":"why","value":[1]},"b":{"value":null}}', '{"a":[1],"b":null}', '{"a":"why"}'],
    ['{"\\u0061":{"v\\u0061lue":1}}', '{"\\u0061":1}', undefined],
    ['{"_wandb":{"value":{"t":1},"desc":null}, "a" : { "value" : 1 } }', '{"_wandb":{"t":1},"a":1}', undefined],
  ])("%s is unwrapped", (config, want, descriptions) => {
    const run = descriptions === undefined ? "{}" : `{"config_desc":${descriptions}}`;
    expect(read(`{"config":${config}}`).blobs).toEqual({ run, config: want });
  });

  test.each([
    "{}",
    '{"a":1}',
    '{"a":{"value":1},"b":2}',
    '{"a":{"value":1,"unit":"s"}}',
    '{"a":{"desc":"x"}}',
    '{"a":{"value":1,"value":2}}',
    '{"a":{"value":1,}}',
  ])("%s is not", (config) => {
    expect(read(`{"config":${config}}`).blobs).toEqual({ run: "{}", config });
  });

  test("descriptions that would hide a member are left where they are", () => {
    const text = '{"config_desc":5,"config":{"a":{"value":1,"desc":"x"}}}';
    expect(read(text).blobs).toEqual({ run: '{"config_desc":5}', config: '{"a":{"value":1,"desc":"x"}}' });
  });
});

describe("the run blob", () => {
  test("has W&B's names, values as they came", () => {
    expect(read('{"run_name":"n","created_at":"2025","job_type":"t","sweep_id":null,"storage_id":1.0}').blobs.run).toBe(
      '{"displayName":"n","createdAt":"2025","jobType":"t","sweepName":null,"id":1.0}',
    );
  });

  test("keeps a member whose name in W&B is taken", () => {
    expect(read('{"created_at":1,"createdAt":2}').blobs.run).toBe('{"created_at":1,"createdAt":2}');
    expect(read('{"run_name":1,"display_name":2}').blobs.run).toBe('{"run_name":1,"displayName":2}');
  });

  test("has the name as display name, unless it is the run id beside one", () => {
    expect(read('{"name":"happy"}').blobs.run).toBe('{"displayName":"happy"}');
    expect(read('{"name":"r1","display_name":"happy"}').blobs.run).toBe('{"displayName":"happy"}');
    expect(read('{"name":"r2","display_name":"happy"}').blobs.run).toBe('{"name":"r2","displayName":"happy"}');
    expect(read('{"name":"r1","displayName":"happy"}').blobs.run).toBe('{"displayName":"happy"}');
  });

  test.each([
    ["running", "growing"],
    ["pending", "growing"],
    ["finished", "complete"],
  ])("of a run that is %s is %s", (state, want) => {
    expect(read(`{"state":"${state}"}`).state).toBe(want);
  });
});

describe("history inside of a record", () => {
  test("is the run's rows, with W&B's count of them", () => {
    expect(read('{"history":[ {"a":1.50} , {"a":[{}]}],"history_line_count":3}')).toMatchObject({
      rows: ['{"a":1.50}', '{"a":[{}]}'],
      expectedRows: 3,
      blobs: { run: '{"historyLineCount":3}' },
    });
    expect(read('{"history":[],"historyLineCount":0}')).toMatchObject({ rows: [], expectedRows: 0 });
    expect(read('{"historyLineCount":3}').expectedRows).toBeUndefined();
  });

  test.each(["5", "null", '[{"a":1},2]', '[{"a":1} {"b":1}]', "{}", '[{"a":1},5]'])(
    "stays a member when it is %s",
    (value) => {
      const { rows, blobs } = read(`{"history":${value}}`);
      expect(rows).toEqual([]);
      expect(blobs.run).toContain(value);
    },
  );
});

describe("records that cannot be taken apart", () => {
  test.each(['{"a":1', '{"a":1}x', "{a:1}", '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', "[1]", '{"a":}'])("%s", (text) => {
    expect(read(text).blobs).toEqual({ run: text });
  });
});

describe("other records of the same run", () => {
  test("are kept whole", () => {
    expect(read('{"state":"finished"}', "r1", ['{"state":"running"}', '{"a":', '{"a":"\u00e9"}']).blobs.run).toBe(
      '{"state":"finished","repeated_rows":[{"state":"running"},"{\\"a\\":",{"a":"\u00e9"}]}',
    );
    expect(read('{"a":', "r1", ['{"b":1}']).blobs.run).toBe('{"a":\n{"b":1}');
  });
});

it("loses no member: blobs, rows and the run blob have all values of a record", () => {
  const name = fc.constantFrom("config", "summary", "history", "name", "run_name", "created_at", "createdAt", "x", "é");
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constant([{ a: 1 }]),
    fc.constant({ a: { value: { b: 1 } } }),
  );
  const property = fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (record) => {
    const { blobs, rows } = read(JSON.stringify(record), "\0");
    const found = [...Object.values(JSON.parse(blobs.run ?? "{}") as object)].map((item) => JSON.stringify(item));
    for (const [key, item] of Object.entries(record)) {
      const text = JSON.stringify(item);
      const elsewhere = [blobs.config, blobs.summary, `[${rows.join(",")}]`];
      const unwrapped = key === "config" && blobs.config === '{"a":{"b":1}}';
      expect([...found, ...elsewhere].includes(text) || unwrapped).toBe(true);
    }
  });
  fc.assert(property, { numRuns: 500 });
});
