import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SourceError } from "../../../src/errors.js";
import { readJson } from "../../../src/json/read.js";
import { nodeFiles } from "../../../src/sources/wandb-folder/files.js";
import { importWandbFolders } from "../../../src/sources/wandb-folder/import-folders.js";
import type { ImportOptions } from "../../../src/store/raw-record.js";
import { exit, type Field, frame, history, message, record, run, update } from "./log-writer.js";
import { memoryFiles } from "./memory-files.js";
import { blobText, type RecordedLog, Recorder } from "./recorder.js";

const data = join(import.meta.dirname, "../../data");
const PLACE = "w/run-20240101_000000-r1/run-r1.wandb";

async function load(contents: Record<string, Uint8Array>, options: ImportOptions = {}, paths = ["w"]) {
  const recorder = new Recorder();
  await importWandbFolders(paths, recorder, options, memoryFiles(contents));
  return recorder;
}

async function loadOne(records: readonly Uint8Array[], version = 0): Promise<{ log: RecordedLog; codes: string[] }> {
  const recorder = await load({ [PLACE]: frame(records, version) });
  const [log] = recorder.logs;
  if (log === undefined) throw new Error("no log");
  return { log, codes: recorder.findings.map(({ code }) => code) };
}

const telemetry = record("telemetry", message([3, message([5, true], [60, true])], [4, "3.12.1"], [5, "0.31.0"]));

describe("replay", () => {
  test("a whole log", async () => {
    const { log, codes } = await loadOne([
      record("header", message([1, message([1, "0.31.0+abc"], [2, "0.70.0"])])),
      run([4, message([1, message([1, "lr"], [16, "1.50"])])], [8, "display"], [10, "t1"], [10, "t2"], [14, 5]),
      telemetry,
      history([["a", "1"]], 5),
      update("summary", [["a", "1"]]),
      exit(3, 12),
    ]);
    expect(codes).toEqual([]);
    expect(log.key).toEqual({
      entity: "team",
      project: "proj",
      run_id: "r1",
      source: "wandb-log",
      start: "2023-11-14T22:13:20.123456Z",
    });
    expect(log.state).toBe("complete");
    expect(log.history).toEqual([{ step: 5n, text: '{"a":1,"_step":5}' }]);
    expect(blobText(log.blobs?.config)).toBe(
      '{"lr":1.50,"_wandb":{"cli_version":"0.31.0","python_version":"3.12.1","t":{"3":[5,60],"4":"3.12.1","5":"0.31.0"}}}',
    );
    expect(blobText(log.blobs?.summary)).toBe('{"a":1}');
    expect(log.blobs?.system_info).toBeUndefined();
    expect(JSON.parse(blobText(log.blobs?.run))).toEqual({
      name: "r1",
      displayName: "display",
      state: "failed",
      createdAt: "2023-11-14T22:13:20.123456Z",
      tags: ["t1", "t2"],
      startingStep: 5,
      exitCode: 3,
      runtime: 12,
      cliVersion: "0.31.0",
      pythonVersion: "3.12.1",
      producer: "0.31.0+abc",
      minConsumer: "0.70.0",
      logFormatVersion: 0,
      logRecords: { exit: 1, header: 1, history: 1, run: 1, summary: 1, telemetry: 1 },
    });
  });

  test("a later run record changes what it has and keeps the rest", async () => {
    const { log } = await loadOne([
      run([8, "first"], [9, "notes"], [10, "old"], [4, message([1, message([1, "a"], [16, "1"])])]),
      update("config", [["a", "2"]]),
      record("run", message([1, "r1"], [8, "second"], [10, "new"], [4, message([1, message([1, "a"], [16, "1"])])])),
      exit(),
    ]);
    const blob = JSON.parse(blobText(log.blobs?.run));
    expect([blob.displayName, blob.notes, blob.tags, blob.state]).toEqual(["second", "notes", ["new"], "finished"]);
    expect(blob.createdAt).toBe("2023-11-14T22:13:20.123456Z");
    expect(blobText(log.blobs?.config)).toBe('{"a":2}');
  });

  test("nanoseconds of the start stay; int64 beyond 2^53 too", async () => {
    const start = message([1, 1_700_000_000], [2, 123_456_789]);
    const { log } = await loadOne([record("run", message([1, "r1"], [17, start], [14, 2n ** 53n + 1n])), exit()]);
    expect(log.key.start).toBe("2023-11-14T22:13:20.123456789Z");
    expect(blobText(log.blobs?.run)).toContain('"startingStep":9007199254740993,');
  });

  test("texts that are no UTF-8 are told apart", async () => {
    const { log } = await loadOne([run([8, Uint8Array.of(0xff)], [9, Uint8Array.of(0xfe)]), exit()]);
    const blob = JSON.parse(blobText(log.blobs?.run));
    expect([blob.displayName, blob.notes]).toEqual(["\udcff", "\udcfe"]);
  });

  test("what config._wandb has itself stays; another account of it is reported", async () => {
    const own = '{"cli_version":"0.9","python_version":"3.12.1","e":{"x":1.50}}';
    const recorder = await load({ [PLACE]: frame([run(), update("config", [["_wandb", own]]), telemetry, exit()]) });
    expect(blobText(recorder.logs[0]?.blobs?.config)).toBe(
      '{"_wandb":{"cli_version":"0.9","python_version":"3.12.1","e":{"x":1.50},"t":{"3":[5,60],"4":"3.12.1","5":"0.31.0"}}}',
    );
    expect(recorder.findings).toMatchObject([
      { code: "source/copy-differs", path: "/_wandb/cli_version", evidence: '"0.31.0"' },
    ]);
  });
  test("a user's config key _wandb that is no object is kept", async () => {
    const { log, codes } = await loadOne([run(), update("config", [["_wandb", "5"]]), telemetry, exit()]);
    expect([blobText(log.blobs?.config), new Set(codes)]).toEqual(['{"_wandb":5}', new Set(["source/copy-differs"])]);
  });

  test("metric definitions: merged by name, replaced on overwrite, step metric by position or by name", async () => {
    const metric = (...fields: Field[]) => record("metric", message(...fields));
    const { log } = await loadOne([
      run(),
      metric([1, "loss"], [4, "epoch"], [6, message([3, true])], [7, message([1, true])]),
      metric([1, "epoch"]),
      metric([1, "loss"], [7, message([2, true])], [8, 2]),
      metric([2, "eval/*"], [4, "other"], [9, message([1, true])]),
      metric([2, "eval/*"], [4, "other"], [7, message([77, true], [3, false])], [9, message([1, true])]),
      exit(),
    ]);
    expect(JSON.parse(blobText(log.blobs?.config))._wandb.m).toEqual([
      { 1: "loss", 5: 2, 6: [3], 7: [1, 2], 8: 2 },
      { 1: "epoch" },
      { 2: "eval/*", 4: "other", 7: [77] },
    ]);
  });

  test("format version 1 numbers its rows", async () => {
    const { log, codes } = await loadOne([run([14, 7]), history([["a", "1"]]), history([["a", "2"]]), exit()], 1);
    expect(codes).toEqual([]);
    expect(log.history).toEqual([
      { step: 7n, text: '{"a":1,"_step":7}' },
      { step: 8n, text: '{"a":2,"_step":8}' },
    ]);
    expect(blobText(log.blobs?.run)).toContain('"logFormatVersion":1,');
  });

  test("system events: digits that a double holds are exact, nanoseconds beyond are kept beside", async () => {
    const stats = (seconds: number, nanos: number) =>
      record("stats", message([2, message([1, seconds], [2, nanos])], [3, message([1, "gpu.0.temp"], [16, "41.50"])]));
    const { log } = await loadOne([
      run(),
      stats(1_795_442_822, 150_061_000),
      stats(1_795_440_158, 395_370_449),
      exit(),
    ]);
    expect(log.events).toEqual([
      '{"_timestamp":1795442822.150061,"system.gpu.0.temp":41.50}',
      '{"_timestamp":1795440158.3953705,"_timestamp_nanos":395370449,"system.gpu.0.temp":41.50}',
    ]);
  });

  test("records of kinds that are unknown or not imported are counted", async () => {
    const { log, codes } = await loadOne([
      run(),
      message([13, "console"]),
      message([77, "future"]),
      message([1, 5]),
      exit(),
    ]);
    expect(JSON.parse(blobText(log.blobs?.run)).logRecords).toEqual({ exit: 1, field_77: 1, output_raw: 1, run: 1 });
    expect(codes).toEqual([]);
  });
});

describe("a log over many read buffers", () => {
  const rows = Array.from({ length: 3000 }, (_, i) =>
    history(
      [
        ["pad", `"${"x".repeat(2000)}"`],
        ["i", `${i}`],
      ],
      i,
    ),
  );
  const metrics = Array.from({ length: 5 }, (_, i) => record("metric", message([1, `m${i}`])));
  const records = [run([8, "name"], [9, "notes"]), telemetry, ...metrics, ...rows, telemetry, exit()];

  test("decoded messages do not change when the buffer is used again", async () => {
    const { log } = await loadOne(records);
    expect(log.history.map(({ step }) => Number(step))).toEqual(rows.map((_, i) => i));
    const blob = JSON.parse(blobText(log.blobs?.run));
    expect([blob.displayName, blob.notes]).toEqual(["name", "notes"]);
    const internal = JSON.parse(blobText(log.blobs?.config))._wandb;
    expect(internal.t["3"]).toEqual([5, 60]);
    expect(internal.m).toEqual(metrics.map((_, i) => ({ 1: `m${i}` })));
  });
  test("reads of any size give the same; memory is one buffer; the writer is flushed and progress told", async () => {
    const files = memoryFiles({ [PLACE]: frame(records) }, 10_007);
    const recorder = new Recorder();
    const progress: number[] = [];
    await importWandbFolders(["w"], recorder, { progress: (bytes) => progress.push(bytes) }, files);
    expect(recorder.logs[0]?.history.length).toBe(rows.length);
    expect(files.largestBuffer).toBe(1024 * 1024);
    expect(recorder.flushes).toBe(1);
    expect(progress.at(-1)).toBe(frame(records).length);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  });
  test("an aborted import stops", async () => {
    const abort = new AbortController();
    const recorder = new Recorder();
    const options = { signal: abort.signal, progress: () => abort.abort() };
    const work = importWandbFolders(["w"], recorder, options, memoryFiles({ [PLACE]: frame(records) }));
    await expect(work).rejects.toThrow(/abort/i);
    expect(recorder.logs[0]?.state).toBeUndefined();
  });
  test("an error of the writer is not taken for a damaged log", async () => {
    const recorder = new Recorder();
    recorder.history = () => {
      throw new RangeError("disk full");
    };
    const work = importWandbFolders(["w"], recorder, {}, memoryFiles({ [PLACE]: frame(records) }));
    await expect(work).rejects.toThrow("disk full");
  });
});

describe("places", () => {
  test("entity and project: the log's, else the options', else empty with a finding", async () => {
    const anonymous = frame([record("run", message([1, "r1"])), exit()]);
    const known = await load({ [PLACE]: frame([run(), exit()]) }, { entity: "x", project: "y" });
    expect(known.logs[0]?.key).toMatchObject({ entity: "team", project: "proj" });
    const given = await load({ [PLACE]: anonymous }, { entity: "x", project: "y" });
    expect([given.logs[0]?.key.entity, given.logs[0]?.key.project, given.findings]).toEqual(["x", "y", []]);
    const unknown = await load({ [PLACE]: anonymous }, { entity: "x" });
    expect(unknown.logs[0]?.key).toMatchObject({ entity: "x", project: "", start: "" });
    expect(unknown.findings).toMatchObject([
      { code: "run/unknown-place", message: "The log does not name its project" },
    ]);
  });
  test("logs of one run come by start, runs by id", async () => {
    const at = (id: string, seconds: number) =>
      frame([record("run", message([1, id], [17, message([1, seconds])])), exit()]);
    const recorder = await load({
      "w/run-a/run-z.wandb": at("z", 5),
      "w/run-b/run-a.wandb": at("a", 9),
      "w/run-c/run-a.wandb": at("a", 8),
    });
    expect(recorder.logs.map(({ key }) => [key.run_id, key.start])).toEqual([
      ["a", "1970-01-01T00:00:08Z"],
      ["a", "1970-01-01T00:00:09Z"],
      ["z", "1970-01-01T00:00:05Z"],
    ]);
  });
  test("of two copies of one log the longer is imported, the other reported", async () => {
    const long = frame([run(), history([["a", "1"]], 0), exit()]);
    const recorder = await load({ "w/a/run-r1.wandb": long.subarray(0, 60), "w/b/run-r1.wandb": long });
    expect(recorder.logs.length).toBe(1);
    expect(recorder.logs[0]?.history.length).toBe(1);
    expect(recorder.findings).toMatchObject([{ code: "source/copy-differs", where: { file: "w/a/run-r1.wandb" } }]);
  });
  test("one log given by several paths is imported once", async () => {
    const recorder = await load({ [PLACE]: frame([run(), exit()]) }, {}, ["w", PLACE, "w/run-20240101_000000-r1"]);
    expect([recorder.logs.length, recorder.findings]).toEqual([1, []]);
  });
  test("wandb-metadata.json and wandb-summary.json fill what the log lacks, as they are", async () => {
    const folder = "w/run-20240101_000000-r1/files";
    const metadata = Buffer.from('{"disk": 1.50,\n "docker": null}');
    const summary = Buffer.from('{"_wandb": {"runtime": 1}}');
    const files = { [`${folder}/wandb-metadata.json`]: metadata, [`${folder}/wandb-summary.json`]: summary };
    const bare = await load({ ...files, [PLACE]: frame([run(), exit()]) });
    expect(blobText(bare.logs[0]?.blobs?.system_info)).toBe(metadata.toString());
    expect(blobText(bare.logs[0]?.blobs?.summary)).toBe(summary.toString());
    const full = await load({ ...files, [PLACE]: frame([run(), update("summary", [["a", "1"]]), exit()]) });
    expect(blobText(full.logs[0]?.blobs?.summary)).toBe('{"a":1}');
  });
});

describe("bad input", () => {
  test("nothing there, nothing recognised", async () => {
    await expect(load({ "w/notes.txt": Buffer.from("x") })).rejects.toThrow(SourceError);
    await expect(load({}, {}, ["nowhere"])).rejects.toMatchObject({ code: "source/no-logs" });
  });
  test("a file that is no log, beside one that is", async () => {
    const recorder = await load({
      [PLACE]: frame([run(), exit()]),
      "w/x/run-x.wandb": Buffer.from("PAR1 no log at all"),
    });
    expect(recorder.logs.length).toBe(1);
    expect(recorder.findings).toMatchObject([{ code: "source/wrong-shape", where: { file: "w/x/run-x.wandb" } }]);
  });
  test("a later format version is not guessed at", async () => {
    const recorder = await load({ [PLACE]: frame([run(), exit()]), "w/x/run-x.wandb": frame([run(), exit()], 2) });
    expect(recorder.findings[0]?.message).toBe("The log has format version 2, known are 0 and 1");
  });
  test("a log that has not been flushed yet is a note", async () => {
    const recorder = await load({
      [PLACE]: frame([run(), exit()]),
      "w/x/run-x.wandb": Buffer.alloc(0),
      "w/y/run-y.wandb": frame([]),
    });
    expect(recorder.findings.map(({ code, severity }) => [code, severity])).toEqual([
      ["source/open-log", "note"],
      ["source/open-log", "note"],
    ]);
  });
  test("a broken header in front of good records", async () => {
    const file = frame([run(), exit()]);
    file[0] = 0;
    const recorder = await load({ [PLACE]: file });
    expect(recorder.logs[0]).toMatchObject({ state: "damaged", key: { run_id: "r1" } });
    expect(recorder.findings.map(({ code }) => code)).toEqual(["source/damaged"]);
  });
  test("no run record: the id comes from the file name, with a finding", async () => {
    const recorder = await load({ [PLACE]: frame([history([["a", "1"]], 0), exit()]) }, { entity: "e", project: "p" });
    expect(recorder.logs[0]?.key).toMatchObject({ run_id: "r1", start: "" });
    expect(recorder.logs[0]?.history.length).toBe(1);
    expect(recorder.findings).toMatchObject([{ code: "source/wrong-shape", where: { file: PLACE } }]);
  });
  test("a record that is no protobuf costs that record only", async () => {
    const { log, codes } = await loadOne([run(), Uint8Array.of(0x12, 0x7f, 0x01), history([["a", "1"]], 0), exit()]);
    expect([codes, log.state, log.history.length]).toEqual([["source/damaged"], "damaged", 1]);
  });
  test("a flag that is no varint is damage, not a crash at the end", async () => {
    const flags = Uint8Array.of(0x28, ...Array(11).fill(0x80), 0x01);
    const { codes } = await loadOne([run(), record("telemetry", message([3, flags])), exit()]);
    expect(codes).toEqual(["source/damaged"]);
  });
  test("a cut after the exit record is a truncation", async () => {
    const file = frame([run(), exit(), update("summary", [["a", "1"]])]);
    const recorder = await load({ [PLACE]: file.subarray(0, file.length - 3) });
    expect([recorder.logs[0]?.state, recorder.findings.map(({ code }) => code)]).toEqual([
      "damaged",
      ["source/truncated"],
    ]);
  });
  test("thousands of problems give a readable report", async () => {
    const bad = Array.from({ length: 1000 }, () => history([["a", "oops"]], 0));
    const recorder = await load({ [PLACE]: frame([run(), ...bad, exit()]) });
    expect(recorder.findings.length).toBe(21);
    expect(recorder.findings.reduce((sum, { count }) => sum + (count ?? 1), 0)).toBe(1000);
    expect(recorder.logs[0]?.history.length).toBe(1000);
  });
  test("a file that stops being readable ends its log as damaged", async () => {
    const files = memoryFiles({
      [PLACE]: frame([run(), ...Array(800).fill(history([["pad", `"${"x".repeat(2000)}"`]], 0))]),
    });
    const failing = {
      ...files,
      open: async (path: string) => {
        const file = await files.open(path);
        const read = async (buffer: Uint8Array, position: number) => {
          if (position > 0) throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
          return file.read(buffer, position);
        };
        return { ...file, read };
      },
    };
    const recorder = new Recorder();
    await importWandbFolders(["w"], recorder, {}, failing);
    expect(recorder.logs[0]?.state).toBe("damaged");
    expect(recorder.logs[0]?.history.length).toBeGreaterThan(400);
    expect(recorder.findings).toMatchObject([
      { code: "source/unreadable", message: "EIO: i/o error", where: { file: PLACE } },
    ]);
  });
  test("a file that cannot be opened, alone", async () => {
    const files = { ...memoryFiles({ [PLACE]: frame([run()]) }), open: () => Promise.reject(new Error("EACCES")) };
    const recorder = new Recorder();
    await expect(importWandbFolders(["w"], recorder, {}, files)).rejects.toThrow(SourceError);
    expect(recorder.findings).toMatchObject([{ code: "source/unreadable", message: "EACCES", where: { file: PLACE } }]);
  });
  test("an environment that JSON cannot hold loses that member with a finding", async () => {
    const environment = (...fields: Field[]) => record("environment", message(...fields));
    const late = environment(
      [1, "Linux"],
      [3, message([2, 2_000_000_000])],
      [20, message([1, "__proto__"], [2, message([1, 5])])],
    );
    const first = await loadOne([run(), late, exit()]);
    expect(blobText(first.log.blobs?.system_info)).toBe('{"os":"Linux","disk":{"__proto__":{"total":"5"}}}');
    expect(first.codes).toEqual(["source/damaged"]);
    const second = await loadOne([run(), environment([1, Uint8Array.of(0x61, 0xff)]), exit()]);
    expect([blobText(second.log.blobs?.system_info), second.codes]).toEqual(['{"os":"a\ufffd"}', ["source/damaged"]]);
    const third = await loadOne([run(), environment([1, "a\ufffd"]), exit()]);
    expect(third.codes).toEqual([]);
  });
});

const steps = join(data, "wandb_sdk_offline/steps/offline-run-20261123_132238-step0001/run-step0001.wandb");

/** Imports bytes; undefined when nothing could be read. Any other error fails the test. */
async function tryLoad(file: Uint8Array): Promise<Recorder | undefined> {
  const recorder = new Recorder();
  try {
    await importWandbFolders(["w"], recorder, { entity: "e" }, memoryFiles({ [PLACE]: file }));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return undefined;
  }
  for (const blob of [recorder.logs[0]?.blobs?.run, recorder.logs[0]?.blobs?.config]) {
    if (blob !== undefined) readJson(blobText(blob));
  }
  return recorder;
}

test("a real log cut at every byte: a prefix of its rows, never damage", async () => {
  const file = readFileSync(steps);
  const whole = await tryLoad(file);
  const rows = whole?.logs[0]?.history ?? [];
  expect(rows.length).toBe(6);
  for (let end = 0; end < file.length; end++) {
    const cut = await tryLoad(file.subarray(0, end));
    const log = cut?.logs[0];
    expect(log?.history ?? []).toEqual(rows.slice(0, log?.history.length ?? 0));
    expect(log?.state ?? "growing").toBe("growing");
    const codes = new Set(cut?.findings.map(({ code }) => code));
    for (const code of ["source/open-log", "source/wrong-shape", "run/unknown-place"] as const) codes.delete(code);
    expect(codes.size).toBe(0);
  }
});

test("a real log with one byte changed, at every byte: reported, and what is read is true", async () => {
  const file = readFileSync(steps);
  const whole = (await tryLoad(file))?.logs[0]?.history.map(({ text }) => text) ?? [];
  for (let at = 0; at < file.length; at++) {
    const copy = Buffer.from(file);
    copy[at] = (copy[at] as number) ^ 0x55;
    const damaged = await tryLoad(copy);
    if (damaged === undefined) continue;
    expect(damaged.findings.length).toBeGreaterThan(0);
    for (const { text } of damaged.logs[0]?.history ?? []) expect(whole).toContain(text);
  }
});

test("random mutations inside records whose checksums are good: no crash, no hang, JSON blobs stay JSON", async () => {
  const field = fc.tuple(fc.integer({ min: 1, max: 26 }), fc.uint8Array({ maxLength: 40 }));
  const known = [run(), telemetry, history([[["a", "b"], "1"]], 4), update("summary", [["a", "{}"]]), exit()];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          field.map(([number, bytes]) => message([number, bytes])),
          fc.constantFrom(...known),
        ),
        { maxLength: 8 },
      ),
      fc.array(fc.tuple(fc.nat(7), fc.nat(60), fc.nat(255)), { maxLength: 5 }),
      async (records, mutations) => {
        const copies = records.map((bytes) => Uint8Array.from(bytes));
        for (const [which, at, byte] of mutations) {
          const copy = copies[which];
          if (copy !== undefined && at < copy.length) copy[at] = byte;
        }
        await tryLoad(frame(copies));
      },
    ),
    { numRuns: 1500 },
  );
});

test("the real file system: an unreadable place is a SourceError with its path", async () => {
  const work = importWandbFolders([join(data, "missing")], new Recorder(), {}, nodeFiles);
  await expect(work).rejects.toMatchObject({ code: "source/no-logs" });
});

describe("what is longer than the memory allows", () => {
  const long = JSON.stringify("x".repeat(2000));
  const short = history([["a", "1"]], 1);

  async function within(records: readonly Uint8Array[], more: Record<string, Uint8Array> = {}) {
    const recorder = await load({ [PLACE]: frame([run(), ...records, exit()]), ...more }, { maxText: 1000 });
    const [log] = recorder.logs;
    if (log === undefined) throw new Error("no log");
    return { log, codes: recorder.findings.map(({ code }) => code), messages: recorder.findings.map((f) => f.message) };
  }

  test("a record is left out, the rest comes, and the log is not whole", async () => {
    const { log, codes, messages } = await within([history([["a", long]], 0), short]);
    expect(codes).toEqual(["source/too-long"]);
    expect(messages[0]).toMatch(/^The record at byte \d+ has more than 1000 bytes$/);
    expect(log.history.map(({ step }) => step)).toEqual([1n]);
    expect(log.state).toBe("damaged");
  });

  test("a row that is longer as JSON than as a record", async () => {
    const { log, codes } = await within([history([["a", Buffer.alloc(300, 1)]], 0), short]);
    expect(codes).toContain("source/too-long");
    expect(log.history.map(({ step }) => step)).toEqual([1n]);
  });

  test("a config that many records make long keeps what came first", async () => {
    const updates = Array.from({ length: 30 }, (_, i) => update("config", [[`k${i}`, JSON.stringify("y".repeat(90))]]));
    const { log, codes } = await within([...updates, short]);
    expect(new Set(codes)).toEqual(new Set(["source/too-long"]));
    expect(Object.keys(JSON.parse(blobText(log.blobs?.config)))).toEqual(Array.from({ length: 9 }, (_, i) => `k${i}`));
    expect(log.history).toHaveLength(1);
  });

  test("a summary that is only updated does not grow", async () => {
    const updates = Array.from({ length: 30 }, (_, i) =>
      update("summary", [["k", JSON.stringify(`${i}`.repeat(300))]]),
    );
    const nested = Array.from({ length: 30 }, (_, i) => update("summary", [[["n", "m"], `{"v":${i}}`]]));
    const { log, codes } = await within([...updates, ...nested, update("summary", [], [["k", ""]]), short]);
    expect(codes).toEqual([]);
    expect(blobText(log.blobs?.summary)).toBe('{"n":{"m":{"v":29}}}');
  });

  test("metric definitions and the like", async () => {
    const metrics = Array.from({ length: 100 }, (_, i) => record("metric", message([1, `metric ${i}`])));
    const { log, codes } = await within([...metrics, short]);
    expect(new Set(codes)).toEqual(new Set(["source/too-long"]));
    expect(log.history).toHaveLength(1);
  });

  test("a file beside the log", async () => {
    const { log, codes } = await within([short], {
      "w/run-20240101_000000-r1/files/wandb-metadata.json": Buffer.from(long),
    });
    expect(codes).toEqual(["source/too-long"]);
    expect(log.blobs?.system_info).toBeUndefined();
  });
});

test("kinds of records that nobody knows are counted together beyond a hundred", async () => {
  const unknown = Array.from({ length: 500 }, (_, i) => message([1000 + i, message()]));
  const { log } = await loadOne([run(), ...unknown, exit()]);
  const { logRecords } = JSON.parse(blobText(log.blobs?.run));
  expect(Object.keys(logRecords).length).toBeLessThanOrEqual(102);
  expect(logRecords.other).toBe(401);
});

test("thousands of metric definitions take a moment", async () => {
  const metrics = Array.from({ length: 50_000 }, (_, i) =>
    record("metric", message([1, `metric ${i}`], [3, `metric ${i ^ 1}`])),
  );
  const { log, codes } = await loadOne([run(), ...metrics, exit()]);
  expect(codes).toEqual([]);
  expect(JSON.parse(blobText(log.blobs?.config))._wandb.m).toHaveLength(50_000);
});
