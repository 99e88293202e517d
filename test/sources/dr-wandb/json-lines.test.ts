import * as files from "node:fs/promises";
import { basename, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importDrWandb } from "../../../src/sources/dr-wandb/import.js";
import { recogniseDrWandb } from "../../../src/sources/dr-wandb/layout.js";
import { DATA } from "../../end-to-end/project.js";
import { env, imported, temporaryFolder } from "./export-fixture.js";

const EXPORT = join(DATA, "dr_wandb_jsonl");
const MANIFEST = '{"schema_version":1,"entity":"team","project":"vision","runs_path":"x","history_path":"y"}';

const codes = (findings: readonly { code: string }[]) => findings.map((item) => item.code);

/** A folder with these files. */
async function folderOf(contents: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(contents)) await files.writeFile(join(folder, name), text);
  return folder;
}

const run = (id: string, members = "") =>
  `{"exported_at":"2026-01-01","run":{"entity":"team",${members}"project":"vision","run_id":${JSON.stringify(id)}}}`;
const row = (id: string, step: number | null, metrics = "{}") =>
  `{"extra":{},"metrics":${metrics},"run_id":${JSON.stringify(id)},"runtime":null,"step":${step},"timestamp":null,"wandb_metadata":{}}`;
const linesOf = (...lines: string[]) => `${lines.join("\n")}\n`;

describe("recogniseDrWandb", () => {
  it("knows a v3 export by its files", async () => {
    const place = (name: string) => join(EXPORT, name);
    expect((await recogniseDrWandb(EXPORT, files)).layout).toEqual({
      kind: "json-lines",
      path: EXPORT,
      runs: place("runs.jsonl"),
      history: place("history.jsonl"),
      manifest: place("manifest.json"),
    });
    expect((await recogniseDrWandb(place("history.jsonl"), files)).layout).toMatchObject({
      runs: undefined,
      history: place("history.jsonl"),
      manifest: place("manifest.json"),
    });
  });

  it("knows a file of another name by its first line", async () => {
    const folder = await folderOf({ "moe.jsonl": linesOf("", run("r1")), "rows.jsonl": linesOf(row("r1", 1)) });
    expect((await recogniseDrWandb(join(folder, "moe.jsonl"), files)).layout).toMatchObject({
      runs: join(folder, "moe.jsonl"),
    });
    expect((await recogniseDrWandb(join(folder, "rows.jsonl"), files)).layout).toMatchObject({
      history: join(folder, "rows.jsonl"),
    });
  });

  it.each([
    ["rows of another tool", { "history.jsonl": linesOf('{"loss":1,"_step":0}') }],
    ["no JSON", { "runs.jsonl": "run_id,loss\n" }],
    ["nothing in it", { "runs.jsonl": "", "history.jsonl": "" }],
    ["a foreign manifest", { "runs.jsonl": "{}\n", "manifest.json": '{"name":"app"}' }],
  ])("leaves %s alone, and says what it looked for", async (_name, contents) => {
    const { layout, reasons } = await recogniseDrWandb(await folderOf(contents), files);
    expect(layout).toBeUndefined();
    expect(reasons.at(-1)).toMatch(/the first line of (runs|history)\.jsonl does not have the members/);
  });

  it("takes a file with a damaged first line when the other file or the manifest is dr_wandb's", async () => {
    const damaged = linesOf("{", row("r1", 1));
    const beside = await folderOf({ "runs.jsonl": linesOf(run("r1")), "history.jsonl": damaged });
    const manifest = await folderOf({ "history.jsonl": damaged, "manifest.json": MANIFEST });
    for (const folder of [beside, manifest]) {
      const { logs, findings } = await imported(folder);
      expect(logs.map((log) => log.history)).toEqual([['{"_step":1}']]);
      expect(codes(findings)).toEqual(["source/damaged"]);
    }
  });

  it("an empty export with its manifest is one", async () => {
    const folder = await folderOf({ "runs.jsonl": "", "history.jsonl": "", "manifest.json": MANIFEST });
    expect(await imported(folder)).toEqual({ logs: [], findings: [], outside: [] });
  });
});

describe("a run", () => {
  it("becomes the blobs that the Parquet columns become", async () => {
    const members =
      '"config":{"lr": 1.50,"n":18446744073709551616},"created_at":"2026-01-01T00:00:00Z","display_name":"sunny","name":"sunny",' +
      '"group":null,"heartbeat_at":null,"history_keys":{"lastStep":3},"job_type":"train","metadata":{"os":"L"},"read_only":true,' +
      '"state":"running","storage_id":"abc","summary_metrics":{"loss":NaN},"sweep_name":"s","system_metrics":{"system.cpu":1},' +
      '"tags":["a"],"more":[1],';
    const { logs, findings } = await imported(await folderOf({ "runs.jsonl": linesOf(run("r1", members)) }));
    expect(findings).toEqual([]);
    expect(logs.map(({ key, blobs, state }) => ({ key, blobs, state }))).toEqual([
      {
        key: { entity: "team", project: "vision", run_id: "r1", source: "dr-wandb", start: "" },
        state: "growing",
        blobs: {
          config: '{"lr": 1.50,"n":18446744073709551616}',
          summary: '{"loss":NaN}',
          system_info: '{"os":"L"}',
          system_metrics: '{"system.cpu":1}',
          run: '{"displayName":"sunny","state":"running","createdAt":"2026-01-01T00:00:00Z","heartbeatAt":null,"id":"abc","jobType":"train","sweepName":"s","readOnly":true,"historyKeys":{"lastStep":3},"group":null,"tags":["a"],"more":[1],"exported_at":"2026-01-01"}',
        },
      },
    ]);
  });

  it("has no blob where dr_wandb wrote null", async () => {
    const members = '"config":{},"metadata":null,"summary_metrics":{},"system_metrics":null,';
    const { logs } = await imported(await folderOf({ "runs.jsonl": linesOf(run("r1", members)) }));
    expect(logs[0]?.blobs).toEqual({ config: "{}", summary: "{}", run: '{"exported_at":"2026-01-01"}' });
  });

  it("keeps names that differ, with a finding", async () => {
    const folder = await folderOf({ "runs.jsonl": linesOf(run("r1", '"display_name":"a","name":"b",')) });
    const { logs, findings } = await imported(folder);
    expect(logs[0]?.blobs.run).toBe('{"displayName":"a","run_name":"b","exported_at":"2026-01-01"}');
    expect(codes(findings)).toEqual(["source/copy-differs"]);
  });

  it("keeps a blob that is no JSON as it came", async () => {
    const members = '"config":{"a":01},"summary_metrics":[1],';
    const { logs, findings } = await imported(await folderOf({ "runs.jsonl": linesOf(run("r1", members)) }));
    expect([logs[0]?.blobs.config, logs[0]?.blobs.summary]).toEqual(['{"a":01}', "[1]"]);
    expect(codes(findings)).toEqual(["json/refused", "json/refused"]);
  });

  it("of a run that is there again the last line counts; the others are kept", async () => {
    const [a, b] = [run("r1", '"state":"running",'), run("r1", '"state":"finished",')];
    const { logs, findings } = await imported(await folderOf({ "runs.jsonl": linesOf(a, a, run("r2"), b) }));
    expect(logs.map((log) => log.key.run_id)).toEqual(["r1", "r2"]);
    const again = '{"entity":"team","state":"running","project":"vision","run_id":"r1","exported_at":"2026-01-01"}';
    expect(logs[0]?.blobs.run).toBe(
      `{"state":"finished","exported_at":"2026-01-01","repeated_rows":[${again},${again}]}`,
    );
    expect(findings.map((item) => [item.code, item.where?.row])).toEqual([
      ["source/wrong-shape", 1],
      ["source/wrong-shape", 2],
    ]);
    const same = await imported(await folderOf({ "runs.jsonl": linesOf(a, a) }));
    expect([same.logs.length, same.findings]).toEqual([1, []]);
  });

  it("takes entity and project from the manifest, then from the options", async () => {
    const line = '{"exported_at":"x","run":{"run_id":"r1","entity":null}}\n';
    const named = await folderOf({ "runs.jsonl": line, "manifest.json": MANIFEST });
    const nameless = await folderOf({ "runs.jsonl": line });
    const keyOf = async (folder: string, options = {}) => (await imported(folder, options)).logs[0]?.key;
    expect(await keyOf(named, { entity: "me" })).toMatchObject({ entity: "team", project: "vision" });
    expect(await keyOf(nameless, { entity: "me" })).toMatchObject({ entity: "me", project: "" });
    expect(codes((await imported(nameless)).findings)).toEqual(["run/unknown-place"]);
  });
});

describe("a history row", () => {
  const rowsOf = async (...lines: string[]) => {
    const folder = await folderOf({ "runs.jsonl": linesOf(run("r1")), "history.jsonl": linesOf(...lines) });
    const { logs, findings } = await imported(folder);
    return { rows: logs[0]?.history, codes: codes(findings) };
  };

  it("has W&B's names and every value as it was spelled", async () => {
    const line =
      '{"extra":{"_custom":[1]},"metrics":{"loss":1.50,"n":9007199254740993,"x":{"a":NaN}},"run_id":"r1","runtime":2.0,"step":7,"timestamp":"1755581965.2730658","wandb_metadata":{"v":1}}';
    expect(await rowsOf(line)).toEqual({
      rows: [
        '{"_step":7,"_timestamp":1755581965.2730658,"_runtime":2.0,"_wandb":{"v":1},"loss":1.50,"n":9007199254740993,"x":{"a":NaN},"_custom":[1]}',
      ],
      codes: [],
    });
  });

  it("leaves out what dr_wandb writes for nothing, and keeps a timestamp that is no number", async () => {
    const odd = '{"run_id":"r1","metrics":{},"timestamp":"2026-01-01T00:00:00Z","step":1}';
    expect(await rowsOf(row("r1", null), odd, '{ "metrics" : { } , "run_id" : "r1" , "step" : 2 }')).toEqual({
      rows: ["{}", '{"_step":1,"_timestamp":"2026-01-01T00:00:00Z"}', '{"_step":2}'],
      codes: [],
    });
  });

  it("keeps members it does not know, and values of another shape", async () => {
    const line = '{"extra":[1],"metrics":7,"run_id":"r1","step":1,"more":{"a":1},"wandb_metadata":"w"}';
    expect(await rowsOf(line)).toEqual({
      rows: ['{"extra":[1],"metrics":7,"_step":1,"more":{"a":1},"_wandb":"w"}'],
      codes: ["json/refused"],
    });
  });

  it("keeps both of two values of one name", async () => {
    const same = '{"metrics":{"_step":1},"run_id":"r1","step":1,"more":2}';
    const other = '{"metrics":{"_step":2},"run_id":"r1","step":1,"more":2}';
    expect(await rowsOf(same, other)).toEqual({
      rows: ['{"more":2,"_step":1}', '{"step":1,"more":2,"_step":2}'],
      codes: ["source/copy-differs"],
    });
  });

  it("stays as it came when it breaks off after its run id", async () => {
    const cut = '{"metrics":{"a":1},"run_id":"r1","step":';
    expect(await rowsOf(row("r1", 1), cut, row("r1", 2))).toEqual({
      rows: ['{"_step":1}', cut, '{"_step":2}'],
      codes: [],
    });
  });
});

describe("rows of several runs", () => {
  const history = async (lines: readonly string[], runs = ["b", "a"]) => {
    const folder = await folderOf({
      "runs.jsonl": linesOf(...runs.map((id) => run(id))),
      "history.jsonl": linesOf(...lines),
    });
    const { logs, findings } = await imported(folder, { entity: "team" });
    return { logs: logs.map((log) => [log.key.run_id, ...log.history]), codes: codes(findings) };
  };

  it("come together, also when they are interleaved, each in the order of the file", async () => {
    const lines = [row("a", 1), row("b", 1), row("a", 3), row("c", 1), row("a", 2), row("b", 2), row("c", 2)];
    expect(await history(lines)).toEqual({
      logs: [
        ["b", '{"_step":1}', '{"_step":2}'],
        ["a", '{"_step":1}', '{"_step":3}', '{"_step":2}'],
        ["c", '{"_step":1}', '{"_step":2}'],
      ],
      codes: ["run/unknown-place"],
    });
  });

  it("law: whatever the order of the lines, every run gets its rows in their order", async () => {
    const ids = fc.array(fc.constantFrom("a", "b", "c", "d", ""), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(ids, async (order) => {
        const { logs } = await history(order.map((id, step) => row(id, step)));
        const want = (id: unknown) => order.flatMap((name, step) => (name === id ? [`{"_step":${step}}`] : []));
        for (const [id, ...rows] of logs) expect(rows).toEqual(want(id));
        expect(logs.reduce((sum, log) => sum + log.length - 1, 0)).toBe(order.length);
      }),
      { numRuns: 25 },
    );
  });

  it("leaves no temporary file behind", async () => {
    const temporaryDirectory = await temporaryFolder();
    const folder = await folderOf({ "history.jsonl": linesOf(row("a", 1), row("b", 1), row("a", 2)) });
    const writer = {
      begin: () => undefined,
      history: () => {
        throw new Error("the disk is full");
      },
      systemEvent: () => undefined,
      end: async () => undefined,
      flush: async () => undefined,
      finding: () => undefined,
    };
    const engine = { ...env.engine, temporaryDirectory };
    await importDrWandb(folder, { ...writer, history: () => undefined }, {}, { files, engine });
    expect(await files.readdir(temporaryDirectory)).toEqual([]);
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(importDrWandb(folder, writer, { signal }, { files, engine })).rejects.toThrow("stopped");
    await expect(importDrWandb(folder, writer, {}, { files, engine })).rejects.toThrow("the disk is full");
    expect(await files.readdir(temporaryDirectory)).toEqual([]);
    const full = { ...files, mkdtemp: () => Promise.reject(new Error("ENOSPC: no space left")) };
    const work = importDrWandb(folder, writer, {}, { files: { ...files, ...full } as typeof files, engine });
    await expect(work).rejects.toMatchObject({ code: "source/no-room", next: expect.stringContaining("TMPDIR") });
  });
});

describe("damage", () => {
  it("a line that is no record is told of with its place; all others are imported", async () => {
    const folder = await folderOf({
      "runs.jsonl": linesOf(run("r1"), '{"exported_at":"x","run":{"run_id":"r2",', "[1]", '{"run":7}', run("r3")),
      "history.jsonl": linesOf(row("r1", 1), "garbage", '{"metrics":{}}', row("r3", 1)),
    });
    const { logs, outside } = await imported(folder, { entity: "e", project: "p" });
    expect(logs.map((log) => [log.key.run_id, ...log.history])).toEqual([
      ["r1", '{"_step":1}'],
      ["r3", '{"_step":1}'],
      ["", "{}"],
    ]);
    expect(outside.map((item) => [item.code, basename(item.where?.file ?? ""), item.where?.line, item.count])).toEqual([
      ["source/damaged", "runs.jsonl", 2, 3],
      ["source/damaged", "history.jsonl", 2, 1],
    ]);
    expect(outside[1]?.evidence).toBe("garbage");
  });

  it("a last line that is cut makes its run damaged", async () => {
    const known = `${linesOf(row("r1", 1))}{"metrics":{},"run_id":"r1","st`;
    const unknown = `${linesOf(row("r1", 1))}{"metrics":{"a":1`;
    for (const [text, rows] of [
      [known, ['{"_step":1}', '{"metrics":{},"run_id":"r1","st']],
      [unknown, ['{"_step":1}']],
    ] as const) {
      const { logs, findings } = await imported(
        await folderOf({ "runs.jsonl": linesOf(run("r1")), "history.jsonl": text }),
      );
      expect([logs[0]?.history, logs[0]?.state]).toEqual([rows, "damaged"]);
      expect(codes(findings)).toEqual(["source/truncated"]);
    }
    const cut = await imported(await folderOf({ "runs.jsonl": `${linesOf(run("r1"))}{"exported_at":"x","run":{"ru` }));
    expect([cut.logs.length, codes(cut.findings)]).toEqual([1, ["source/truncated"]]);
  });

  it("a last line without a line end that is whole is no damage", async () => {
    const folder = await folderOf({ "runs.jsonl": run("r1"), "history.jsonl": row("r1", 4) });
    const { logs, findings } = await imported(folder);
    expect([logs[0]?.history, logs[0]?.state, findings]).toEqual([['{"_step":4}'], "complete", []]);
  });

  it("lines end as on Windows, too", async () => {
    const folder = await folderOf({
      "runs.jsonl": `${run("r1")}\r\n\r\n`,
      "history.jsonl": `${row("r1", 1)}\r\n${row("r2", 2)}\r\n${row("r1", 3)}\r\n`,
    });
    expect((await imported(folder, { entity: "e" })).logs.map((log) => log.history)).toEqual([
      ['{"_step":1}', '{"_step":3}'],
      ['{"_step":2}'],
    ]);
  });

  it("the manifest tells what is missing or was left out", async () => {
    const manifest =
      '{"schema_version":2,"entity":"e","project":"p","runs_path":"x","history_path":"y","run_count":3,"history_count":9,"selected_history_keys":["loss"],"history_window":{"min_step":5,"max_step":null,"max_records":null}}';
    const folder = await folderOf({
      "runs.jsonl": linesOf(run("r1")),
      "history.jsonl": linesOf(row("r1", 1)),
      "manifest.json": manifest,
    });
    const { findings } = await imported(folder);
    expect(findings.map((item) => [item.code, item.message])).toEqual([
      ["source/wrong-shape", "manifest.json has schema_version 2, known is 1; it was read as that"],
      ["source/partial", 'The export holds only the history keys ["loss"]'],
      [
        "source/partial",
        'The export holds only the history rows of the window {"min_step":5,"max_step":null,"max_records":null}',
      ],
      ["source/truncated", "The export has 1 runs; its manifest.json counts 3"],
      ["source/truncated", "The export has 1 history rows; its manifest.json counts 9"],
    ]);
  });

  it("is told when the folder has a Parquet export too", async () => {
    const folder = await temporaryFolder();
    await files.copyFile(join(DATA, "dr_wandb_export/runs_metadata.parquet"), join(folder, "runs_metadata.parquet"));
    await files.writeFile(join(folder, "runs.jsonl"), linesOf(run("r1")));
    const { logs, outside } = await imported(folder);
    expect([logs.length, codes(outside)]).toEqual([6, ["source/unrecognised"]]);
    expect(outside[0]?.message).toContain("give its own path");
  });

  it("a file that cannot be read leaves the other; when none can, nothing is imported", async () => {
    const folder = await folderOf({ "runs.jsonl": linesOf(run("r1")), "history.jsonl": linesOf(row("r1", 1)) });
    const refuse = (name: string) => ({
      ...files,
      open: async (path: string, ...rest: []) => {
        if (String(path).endsWith(name)) throw new Error("EACCES: permission denied");
        return files.open(path, ...rest);
      },
    });
    const { layout } = await recogniseDrWandb(folder, files);
    expect(layout?.kind).toBe("json-lines");
    const findings: string[] = [];
    const states: string[] = [];
    const writer = {
      begin: () => undefined,
      history: () => undefined,
      systemEvent: () => undefined,
      end: async (_blobs: unknown, state: string) => void states.push(state),
      flush: async () => undefined,
      finding: (item: { code: string }) => void findings.push(item.code),
    };
    await files.writeFile(join(folder, "manifest.json"), MANIFEST);
    const broken = { ...env, files: refuse("history.jsonl") as typeof files };
    await importDrWandb(folder, writer, {}, broken);
    expect([states, findings]).toEqual([["damaged"], ["source/unreadable"]]);
    const none = { ...env, files: refuse(".jsonl") as typeof files };
    await expect(importDrWandb(folder, writer, {}, none)).rejects.toMatchObject({ code: "source/unreadable" });
  });
});

it("the real export: three runs, 151 rows, no finding", async () => {
  const { logs, findings } = await imported(EXPORT);
  expect(findings).toEqual([]);
  expect(logs.map((log) => [log.history.length, log.state])).toEqual([
    [10, "complete"],
    [0, "complete"],
    [141, "complete"],
  ]);
  expect(logs[2]?.history[0]).toBe(
    '{"_step":100,"_timestamp":1755581965.2730658,"_runtime":386.353550792,"learning_rate":2.28311e-05,"total_tokens":9062103.0,"train_loss":4293.64}',
  );
});
