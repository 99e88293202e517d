import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeFiles } from "../../../../src/sources/wandb-folder/files.js";
import { importWandbFolders } from "../../../../src/sources/wandb-folder/import-folders.js";
import type { ImportOptions } from "../../../../src/store/raw-record.js";
import { DATA } from "../../../end-to-end/project.js";
import { exit, frame, history, run } from "../log-writer.js";
import { memoryFiles } from "../memory-files.js";
import { Recorder } from "../recorder.js";

const FOLDER = "wandb/run-20200102_030405-abc";
const PLACE = { entity: "team", project: "vision" };

type Contents = Readonly<Record<string, string | Uint8Array>>;

/** Imports files in memory; gives the logs as texts and the findings. */
async function load(contents: Contents, options: ImportOptions = PLACE, paths: readonly string[] = ["wandb"]) {
  const bytes = Object.entries(contents).map(([name, text]) => [name, Buffer.from(text as string)] as const);
  const recorder = new Recorder();
  await importWandbFolders(paths, recorder, options, memoryFiles(Object.fromEntries(bytes)));
  const logs = recorder.logs.map(({ key, history: rows, events, blobs, state }) => ({
    key,
    rows: rows.map((row) => row.text),
    events,
    state,
    blobs: Object.fromEntries(
      Object.entries(blobs ?? {}).flatMap(([name, text]) =>
        text === undefined ? [] : [[name, Buffer.from(text).toString("utf8")]],
      ),
    ),
  }));
  return { logs, log: logs[0], findings: recorder.findings, codes: recorder.findings.map((item) => item.code) };
}

const at = (name: string) => `${FOLDER}/${name}`;

describe("a run of an old client", () => {
  it("becomes one log with every file in its place, bytes unchanged", async () => {
    const metadata =
      '{"name":"sunny", "state": "finished","exitcode": 0,"startedAt":"2020-01-02T03:04:05.5","jobType":null,"project":"own","git":{"commit":"c0ffee","remote":"git@x"},"host":"n1"}\n';
    const { logs, codes } = await load({
      [at("config.yaml")]: "wandb_version: 1\n\nlr:\n  desc: step\n  value: 1.0e-05\n",
      [at("wandb-summary.json")]: '{"loss": NaN}\n',
      [at("wandb-metadata.json")]: metadata,
      [at("wandb-history.jsonl")]: '{"loss": 1.50, "_step": 0}\r\n\n{"loss": NaN, "_step": 1}\n',
      [at("wandb-events.jsonl")]: '{"system.cpu": 1.0, "_wandb": true}\n',
      [at("description.md")]: "sunny\nnotes\n",
      [at("output.log")]: "epoch 1\n",
    });
    expect(codes).toEqual([]);
    expect(logs).toEqual([
      {
        key: {
          entity: "team",
          project: "own",
          run_id: "abc",
          source: "wandb-files",
          start: "2020-01-02T03:04:05.500Z",
        },
        rows: ['{"loss": 1.50, "_step": 0}', '{"loss": NaN, "_step": 1}'],
        events: ['{"system.cpu": 1.0, "_wandb": true}'],
        state: "complete",
        blobs: {
          run: '{"displayName":"sunny","state":"finished","createdAt":"2020-01-02T03:04:05.5","host":"n1","exitCode":0,"commit":"c0ffee","git":{"remote":"git@x"},"description":"sunny\\nnotes\\n","config_desc":{"lr":"step"}}',
          config: '{"lr":1.0e-05}',
          summary: '{"loss": NaN}\n',
          system_info: metadata,
        },
      },
    ]);
  });

  it("may have its files in files/", async () => {
    const { log, findings } = await load({
      [at("files/wandb-summary.json")]: '{"_wandb":{"runtime":7},"a":1}',
      [at("files/wandb-metadata.json")]: '{"state":"running","startedAt":"2024-01-01T00:00:00.000000Z"}',
      [at("wandb-summary.json")]: '{"a":2}',
    });
    expect(log).toMatchObject({
      state: "complete",
      blobs: { run: '{"createdAt":"2024-01-01T00:00:00.000000Z"}', summary: '{"_wandb":{"runtime":7},"a":1}' },
    });
    expect(findings.map((item) => [item.code, item.where?.file])).toEqual([
      ["source/unrecognised", at("wandb-summary.json")],
    ]);
  });

  it.each([
    ["an exit code", '{"exitcode":3,"state":"running"}', "{}", "complete"],
    ["a final state", '{"state":"killed"}', "{}", "complete"],
    ["a runtime in the summary", "{}", '{"_wandb":{"runtime":0}}', "complete"],
    ["a state that is not final", '{"state":"running"}', '{"_runtime":3}', "growing"],
    ["metadata that is no JSON", "{", "{}", "growing"],
    ["metadata of another shape", "[1]", '"x"', "growing"],
  ])("ended or not: %s", async (_name, metadata, summary, state) => {
    const files = { [at("wandb-metadata.json")]: metadata, [at("wandb-summary.json")]: summary };
    const { log } = await load(files);
    expect([log?.state, log?.blobs["system_info"], log?.blobs["summary"]]).toEqual([state, metadata, summary]);
  });

  it("starts when its folder says where the metadata does not; parts of a resumed run follow each other", async () => {
    const { logs } = await load({
      "wandb/run-20200103_000000-abc/wandb-history.jsonl": '{"_step":2}\n',
      "wandb/run-20200102_000000-abc/wandb-history.jsonl": '{"_step":1}\n',
      "wandb/dryrun-20200101_000000-abc/wandb-metadata.json": '{"startedAt":"2020-01-04T00:00:00.25"}',
    });
    expect(logs.map((log) => [log.key.run_id, log.key.start, log.rows])).toEqual([
      ["abc", "2020-01-02T00:00:00Z", ['{"_step":1}']],
      ["abc", "2020-01-03T00:00:00Z", ['{"_step":2}']],
      ["abc", "2020-01-04T00:00:00.250Z", []],
    ]);
  });

  it("of two copies the longer is imported", async () => {
    const { logs, codes } = await load(
      {
        "a/run-20200102_000000-abc/wandb-history.jsonl": '{"_step":1}\n',
        "b/run-20200102_000000-abc/wandb-history.jsonl": '{"_step":1}\n{"_step":2}\n',
      },
      PLACE,
      ["a", "b"],
    );
    expect([logs.map((log) => log.rows.length), codes]).toEqual([[2], ["source/copy-differs"]]);
  });

  it("in a folder of any name takes that name, with a finding", async () => {
    const { log, codes } = await load({ "dl/my run/wandb-summary.json": "{}" }, {}, ["dl"]);
    expect(log?.key).toMatchObject({ entity: "", project: "", run_id: "my run", start: "" });
    expect(codes).toEqual(["run/unknown-place", "source/wrong-shape"]);
  });
});

describe("beside a log", () => {
  const files = {
    [at("files/config.yaml")]: "a:\n    value: 1\n",
    [at("files/wandb-summary.json")]: '{"_wandb":{"runtime":1}}',
  };
  const log = (bytes: Uint8Array) => ({ ...files, [at("run-abc.wandb")]: bytes });

  it("files are not imported when the log can be read", async () => {
    const { logs } = await load(log(frame([run(), history([], 0), exit()])));
    expect(logs.map((item) => item.key.source)).toEqual(["wandb-log"]);
    expect(logs[0]?.blobs["config"]).not.toContain('"a"');
  });

  it.each([
    ["empty", new Uint8Array(0), ["source/open-log", "source/partial"]],
    ["noise", Buffer.alloc(500, 7), ["source/wrong-shape", "source/partial"]],
    ["a header and noise", Buffer.concat([frame([]), Buffer.from("9999\0\0\x01")]), ["source/partial"]],
    ["of an unknown version", frame([run()], 9), ["source/wrong-shape", "source/partial"]],
  ])("files stand for a log that is %s", async (_name, bytes, codes) => {
    const { logs, findings } = await load(log(bytes));
    expect(logs.map((item) => [item.key.source, item.key.run_id, item.blobs["config"], item.state])).toEqual([
      ["wandb-files", "abc", '{"a":1}', "complete"],
    ]);
    expect(findings.map((item) => item.code)).toEqual(codes);
  });

  it("a useless log without files is told of as before", async () => {
    await expect(load({ [at("run-abc.wandb")]: new Uint8Array(0) })).rejects.toMatchObject({ code: "source/no-logs" });
  });

  it("runs of both kinds are imported from one folder", async () => {
    const { logs } = await load({
      "wandb/dryrun-20190101_000000-old/wandb-history.jsonl": '{"_step":0}\n',
      [at("run-abc.wandb")]: frame([run(), exit()]),
    });
    expect(logs.map((item) => item.key.source)).toEqual(["wandb-log", "wandb-files"]);
  });
});

describe("damage", () => {
  const ended = { [at("wandb-metadata.json")]: '{"exitcode":0}' };
  const cut = '{"_step":0}\n{"_step":1,"lo';

  it("a cut last row of a run that ended is kept as it came", async () => {
    const { log, findings } = await load({ ...ended, [at("wandb-history.jsonl")]: cut });
    expect([log?.rows, log?.state]).toEqual([['{"_step":0}', '{"_step":1,"lo'], "damaged"]);
    expect(findings).toMatchObject([{ code: "source/truncated", where: { line: 2 }, evidence: '{"_step":1,"lo' }]);
  });

  it("of a run that may be still going it is left for the next import", async () => {
    const { log, codes } = await load({ [at("wandb-history.jsonl")]: cut });
    expect([log?.rows, log?.state, codes]).toEqual([['{"_step":0}'], "growing", ["source/open-log"]]);
    const whole = await load({ [at("wandb-history.jsonl")]: '{"_step":0}\n{"_step":1}' });
    expect([whole.log?.rows, whole.codes]).toEqual([['{"_step":0}', '{"_step":1}'], []]);
  });

  it("rows that are no JSON are kept; zeros that a crash left are no row of a run that ended", async () => {
    const text = `{"_step":0}\ngarbage\n{"_step":1}\n${"\0".repeat(40)}`;
    const { log, codes } = await load({ [at("wandb-history.jsonl")]: text });
    expect([log?.rows, codes]).toEqual([['{"_step":0}', "garbage", '{"_step":1}'], ["source/open-log"]]);
  });

  it("a config.yaml that cannot be read is kept as it came", async () => {
    for (const yaml of [
      "a: [1\n",
      Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]),
      `a: '${"x".repeat(5 * 1024 * 1024)}'\n`,
    ]) {
      const { log, findings } = await load({ ...ended, [at("config.yaml")]: yaml });
      expect(log?.blobs["config"]).toBe(Buffer.from(yaml as string).toString("utf8"));
      expect(findings).toMatchObject([{ code: "json/refused", blob: "config" }]);
      expect(findings[0]?.message).toContain("its text was kept as it came");
    }
  });

  it("a config.yaml that is cut is told of: a prefix of YAML is mostly YAML", async () => {
    const yaml = "wandb_version: 1\n\nlr:\n  desc: null\n  value: 0.0";
    const { log, codes } = await load({ ...ended, [at("config.yaml")]: yaml });
    expect([log?.blobs["config"], log?.state, codes]).toEqual(['{"lr":0.0}', "damaged", ["source/truncated"]]);
    const empty = await load({ ...ended, [at("config.yaml")]: "wandb_version: 1" });
    expect([empty.log?.blobs["config"], empty.codes]).toEqual(["{}", []]);
  });

  it("findings of a config name the value", async () => {
    const { findings } = await load({ ...ended, [at("config.yaml")]: "wandb_version: 3\na:\n  value: {b/c: [off]}\n" });
    expect(findings).toMatchObject([
      { code: "source/ambiguous", blob: "config", path: "/a/b~1c/0", evidence: "off" },
      { code: "source/wrong-shape", where: { file: at("config.yaml") } },
    ]);
  });

  it("empty files are told of", async () => {
    const { log, codes } = await load({ ...ended, [at("wandb-summary.json")]: "", [at("config.yaml")]: "" });
    expect([log?.blobs["summary"], log?.state, codes]).toEqual([
      undefined,
      "damaged",
      ["source/truncated", "source/truncated"],
    ]);
  });

  it("a file that cannot be read leaves the others", async () => {
    const contents = {
      [at("wandb-history.jsonl")]: Buffer.from('{"_step":0}\n'),
      [at("wandb-summary.json")]: Buffer.from('{"_wandb":{"runtime":1}}'),
    };
    const memory = memoryFiles(contents);
    const failing = {
      ...memory,
      open: (path: string) =>
        path.endsWith("history.jsonl") ? Promise.reject(new Error("EACCES: permission denied")) : memory.open(path),
    };
    const recorder = new Recorder();
    await importWandbFolders(["wandb"], recorder, PLACE, failing);
    expect(recorder.logs.map((item) => [item.key.run_id, item.state])).toEqual([["abc", "damaged"]]);
    expect(recorder.findings).toMatchObject([
      {
        code: "source/unreadable",
        message: expect.stringContaining("EACCES"),
        where: { file: at("wandb-history.jsonl") },
      },
    ]);
  });

  it("stops when it is told to, and does not outrun the disk", async () => {
    const row = `{"text":"${"x".repeat(1000)}"}\n`;
    const contents = { [at("wandb-history.jsonl")]: Buffer.from(row.repeat(12_000)) };
    const files = memoryFiles(contents);
    const recorder = new Recorder();
    const progress: number[] = [];
    await importWandbFolders(["wandb"], recorder, { ...PLACE, progress: (bytes) => progress.push(bytes) }, files);
    expect(recorder.flushes).toBeGreaterThanOrEqual(2);
    expect(files.largestBuffer).toBe(1024 * 1024);
    expect(progress.at(-1)).toBe(row.length * 12_000);
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(importWandbFolders(["wandb"], new Recorder(), { signal }, files)).rejects.toThrow("stopped");
  });
});

describe("real runs of old clients", () => {
  const root = join(DATA, "wandb_files_legacy/wandb");

  it("are imported byte for byte", async () => {
    const recorder = new Recorder();
    await importWandbFolders([root], recorder, { entity: "team" }, nodeFiles);
    const folders = readdirSync(root).sort();
    expect(recorder.logs.map((item) => [item.key.run_id, item.key.project, item.state])).toEqual([
      ["old00635", "", "complete"],
      ["old00836", "old-fixtures", "complete"],
      ["old00973", "old-fixtures", "complete"],
      ["old00979", "old-fixtures", "growing"],
    ]);
    expect(recorder.findings.map((item) => [item.code, item.run?.run_id])).toEqual([["run/unknown-place", "old00635"]]);
    for (const [i, folder] of folders.entries()) {
      const text = (name: string) => readFileSync(join(root, folder, name), "utf8");
      const log = recorder.logs[i];
      expect(log?.history.map((row) => `${row.text}\n`).join("")).toBe(text("wandb-history.jsonl"));
      if (log?.state === "complete") {
        expect(log?.events.map((row) => `${row}\n`).join("")).toBe(text("wandb-events.jsonl"));
      }
      expect(Buffer.from(log?.blobs?.summary ?? []).toString("utf8")).toBe(text("wandb-summary.json"));
      expect(Buffer.from(log?.blobs?.system_info ?? []).toString("utf8")).toBe(text("wandb-metadata.json"));
    }
  });

  it("newer runs whose log was lost give the config that the log has, as far as YAML can say it", async () => {
    const online = join(DATA, "wandb_sdk_online");
    for (const name of [
      "run-20261123_133518-numb0001",
      "run-20261123_133519-keys0001",
      "run-20261123_133512-base0001",
    ]) {
      const contents: Record<string, Uint8Array> = {};
      for (const file of ["config.yaml", "wandb-summary.json", "wandb-metadata.json"]) {
        contents[`w/${name}/files/${file}`] = readFileSync(join(online, name, "files", file));
      }
      const recorder = new Recorder();
      await importWandbFolders(["w"], recorder, PLACE, memoryFiles(contents));
      expect(recorder.findings).toEqual([]);
      const config = Buffer.from(recorder.logs[0]?.blobs?.config ?? []).toString("utf8");
      if (name.endsWith("numb0001")) {
        expect(config.replace(/^\{"_wandb":.*?\},"big"/, '{"big"')).toBe(
          '{"big":1.8446744073709552e+19,"f":1e-05,"huge":1e+25,"inf":Infinity,"nan":null,"ninf":-Infinity,"seed":9007199254740993}',
        );
      }
      const expected = JSON.parse(readFileSync(join(online, `${name}.expected.json`), "utf8"));
      const want: string[] = expected.config.map(([path]: [string[]]) => path[0]);
      expect([...new Set(Object.keys(JSON.parse(config.replace(/-?Infinity/g, "0"))))].sort()).toEqual(
        [...new Set(want)].sort(),
      );
    }
  });
});
