import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { identityFields } from "../../../src/sources/json-lines/fields.js";
import { importJsonLines } from "../../../src/sources/json-lines/import.js";
import { Recorder } from "../wandb-folder/recorder.js";
import { importFiles } from "./importing.js";

const history = (content: string | Uint8Array) => importFiles({ files: { "day1.jsonl": content } });

describe("history rows", () => {
  test("one line a row, the identity cut out, the rest as it is", async () => {
    const { rows, runs, told } = await history(
      '{"run_id":"a","_step":0,"x":1.50}\n{"run_id":"a","_step":1,"x":NaN}\n{"_step": 0, "run_id": "b", "y": "\\u00e9"}\n',
    );
    expect(rows).toEqual({
      "e/p/a day1.jsonl": ['{"_step":0,"x":1.50}', '{"_step":1,"x":NaN}'],
      "e/p/b day1.jsonl": ['{"_step": 0, "y": "\\u00e9"}'],
    });
    expect(runs).toEqual({ "e/p/a day1.jsonl": "{} complete", "e/p/b day1.jsonl": "{} complete" });
    expect(told).toEqual([]);
  });

  test("entity and project of the record come first, then those that were given, then none", async () => {
    const line = '{"run_id":"a","project":"q","x":1}\n{"run_id":"a","entity":"f","x":2}\n{"run_id":"a","x":3}\n';
    expect(Object.keys((await history(line)).rows)).toEqual([
      "e/q/a day1.jsonl",
      "f/p/a day1.jsonl",
      "e/p/a day1.jsonl",
    ]);
    const none = await importFiles({ files: { "a.jsonl": line }, options: { entity: undefined, project: undefined } });
    expect(Object.keys(none.rows)).toEqual(["/q/a a.jsonl", "f//a a.jsonl", "//a a.jsonl"]);
    expect(none.findings.map(({ code, run }) => `${code} ${run?.run_id}`)).toEqual(
      Array(3).fill("run/unknown-place a"),
    );
  });

  test("a list, pretty or not, and objects one after the other give the same as lines", async () => {
    const records = [
      { run_id: "a", _step: 0, t: { "[": "]}" } },
      { run_id: "b", _step: 0 },
    ];
    const lines = await history(records.map((record) => JSON.stringify(record)).join("\n"));
    const spaceless = (rows: object) => JSON.parse(JSON.stringify(rows).replaceAll(/\\n *| (?=[^d])/g, "")) as object;
    for (const content of [
      JSON.stringify(records),
      JSON.stringify(records, null, 2),
      JSON.stringify([records]),
      records.map((record) => JSON.stringify(record, null, 1)).join("\n"),
    ]) {
      const { rows, told } = await history(content);
      expect([spaceless(rows), told]).toEqual([spaceless(lines.rows), []]);
    }
  });

  test("rows that say no run are of the run that the file is named, with a note", async () => {
    const { rows, findings } = await importFiles({ files: { "run7.jsonl.gz": gzipSync('{"x":1}\n{"x":2}\n') } });
    expect(rows).toEqual({ "e/p/run7 run7.jsonl.gz": ['{"x":1}', '{"x":2}'] });
    expect(findings).toMatchObject([{ code: "run/unnamed", severity: "note", count: 2 }]);
    expect(findings[0]?.message).toContain("(run_id, run, id); they were imported as run run7");
  });

  test("a field that was named and is nowhere is an error", async () => {
    const input = { files: { "run7.jsonl": '{"run_id":"a","x":1}\n' }, fields: { runId: "runId" } };
    const { rows, told, findings } = await importFiles(input);
    expect(rows).toEqual({ "e/p/run7 run7.jsonl": ['{"run_id":"a","x":1}'] });
    expect(told).toEqual(["source/wrong-shape run7.jsonl (1)"]);
    expect(findings[0]?.message).toContain("(runId)");
  });

  test("a few rows without a run id among others are an error with their lines", async () => {
    const { rows, findings, told } = await history(
      '{"run_id":"a"}\n\n{"x":1}\n{"run_id":null,"x":2}\n{"run_id":"a"}\n',
    );
    expect(rows).toEqual({
      "e/p/day1 day1.jsonl": ['{"x":1}', '{"run_id":null,"x":2}'],
      "e/p/a day1.jsonl": ["{}", "{}"],
    });
    expect(told).toEqual(["source/wrong-shape day1.jsonl:3 (2)"]);
    expect(findings[0]).toMatchObject({
      message: expect.stringContaining("Lines 3, 4: no run id"),
      evidence: '{"x":1}',
    });
  });

  test("nothing, and nothing but empty lines, give nothing", async () => {
    for (const content of ["", "\n", "\ufeff", "[]", "\n \r\n"]) expect((await history(content)).rows).toEqual({});
  });
});

describe("rows of a run that do not stand together", () => {
  test("come together in the order of the file", async () => {
    const { rows } = await history(
      [
        '{"run_id":"a","n":1}',
        '{"run_id":"b","n":2}',
        '{"run_id":"a","n":3}',
        '{"run_id":"c","n":4}',
        '{"run_id":"b","n":5}',
      ].join("\n"),
    );
    expect(rows).toEqual({
      "e/p/c day1.jsonl": ['{"n":4}'],
      "e/p/a day1.jsonl": ['{"n":1}', '{"n":3}'],
      "e/p/b day1.jsonl": ['{"n":2}', '{"n":5}'],
    });
  });

  it("gives the same logs as rows that do, in any mix and form", async () => {
    const row = fc.tuple(
      fc.constantFrom("a", "b", "c", "d"),
      fc.constantFrom("", "q"),
      fc.integer({ min: 0, max: 99 }),
    );
    const shape = fc.constantFrom("head", "tail", "middle");
    const property = fc.asyncProperty(fc.array(row, { maxLength: 40 }), shape, async (list, where) => {
      const line = ([run, project, n]: (typeof list)[number]) => {
        const identity = `"run_id":"${run}"${project === "" ? "" : `,"project":"${project}"`}`;
        if (where === "head") return `{${identity},"n":${n}}`;
        return where === "tail" ? `{"n":${n},${identity}}` : `{"n":${n},${identity},"m":1}`;
      };
      const sorted = [...list].map((item, i) => ({ item, i }));
      sorted.sort((a, b) =>
        a.item[0] + a.item[1] < b.item[0] + b.item[1]
          ? -1
          : a.item[0] + a.item[1] > b.item[0] + b.item[1]
            ? 1
            : a.i - b.i,
      );
      const mixed = await history(list.map(line).join("\n"));
      const grouped = await history(sorted.map(({ item }) => line(item)).join("\n"));
      expect(mixed.rows).toEqual(grouped.rows);
      expect(mixed.told).toEqual([]);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("keeps many large ones apart", async () => {
    const pad = "x".repeat(2000);
    const lines = Array.from({ length: 4000 }, (_, i) => `{"n":${i},"pad":"${pad}","run_id":"r${i % 3}"}`);
    const { rows } = await history(`${lines.join("\n")}\n`);
    for (const run of [0, 1, 2]) {
      const want = lines.filter((_, i) => i % 3 === run).map((line) => line.replace(/,"run_id":"r\d"/, ""));
      expect(rows[`e/p/r${run} day1.jsonl`]).toEqual(want);
    }
  });
});

describe("lines that are no JSON objects", () => {
  test("stay in the run that they name, or are told of", async () => {
    const content = [
      '{"run_id":"a","n":1}',
      "oops",
      '{"run_id":"a","n":',
      "[1]",
      '"run_id"',
      '{"run_id":"a","n":4}',
      "",
    ].join("\r\n");
    const { rows, findings, told } = await history(content);
    expect(rows).toEqual({ "e/p/a day1.jsonl": ['{"n":1}', '{"run_id":"a","n":', '{"n":4}'] });
    expect(told).toEqual(["source/wrong-shape day1.jsonl:2 (3)", "source/wrong-shape day1.jsonl:3 (1)"]);
    expect(findings.map(({ message, evidence }) => `${message} ${evidence}`)).toEqual([
      "Lines 2, 4, 5: no JSON object, and names no run; not imported oops",
      'Line 3: no JSON object; kept as it came, in the run that it names {"run_id":"a","n":',
    ]);
  });

  test("that say a part of their run only are of the run that has that id", async () => {
    const { rows } = await history('{"run_id":"a","n":1,"project":"q"}\n{"run_id":"a","n":\n');
    expect(rows).toEqual({ "e/q/a day1.jsonl": ['{"n":1}', '{"run_id":"a","n":'] });
  });

  test("at the end of a file make it one that breaks off, and its run damaged", async () => {
    const { rows, runs, told } = await history('{"run_id":"a","n":1}\n{"run_id":"b","n":1}\n{"run_id":"b","n');
    expect(rows["e/p/b day1.jsonl"]).toEqual(['{"n":1}', '{"run_id":"b","n']);
    expect(runs).toEqual({ "e/p/a day1.jsonl": "{} complete", "e/p/b day1.jsonl": "{} damaged" });
    expect(told).toEqual(["source/truncated day1.jsonl:3 (1)"]);
    expect((await history('{"run_id":"a","n":1}\n{"run')).told).toEqual(["source/truncated day1.jsonl:2 (1)"]);
  });

  test("in a list are told of by their number, and a list that does not end by itself", async () => {
    const { rows, told } = await history('[{"run_id":"a","n":1},5,null,"x",{"run_id":"a","n":2}');
    expect(rows).toEqual({ "e/p/a day1.jsonl": ['{"n":1}', '{"n":2}'] });
    expect(told).toEqual(["source/truncated day1.jsonl", "source/wrong-shape day1.jsonl:2 (3)"]);
  });

  test("many of them are one finding", async () => {
    const { findings } = await history(`{"run_id":"a"}\n${"oops\n".repeat(1000)}`);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      count: 1000,
      message: "Lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 990 more: no JSON object, and names no run; not imported",
    });
  });

  it("loses no line, whatever is in it", async () => {
    const text = fc.oneof(
      fc.string().map((s) => s.replaceAll(/[\n\r]/g, "")),
      fc.constantFrom(
        '{"run_id":"a"',
        '{"run_id":"a","x":}',
        '{"run_id":"a","run_id":"b"}',
        '{"x":1}',
        "{}",
        "}{",
        '{"run_id":{}}',
      ),
      fc.json().map((json) => `{"run_id":"b","x":${json}}`),
    );
    const property = fc.asyncProperty(fc.array(text, { maxLength: 12 }), async (lines) => {
      const content = lines.join("\n");
      const { rows, findings } = await history(
        content === "" || /^\s*\[/.test(content) ? `{}\n${content}` : `{}\n${content}`,
      );
      const kept = Object.values(rows).reduce((sum, list) => sum + list.length, 0);
      const left = findings
        .filter(({ message }) => message.includes("not imported"))
        .reduce((sum, { count = 1 }) => sum + count, 0);
      const given = lines.filter((line) => line.replaceAll(/^[\0- ]+|[\0- ]+$/g, "") !== "").length;
      expect(kept + left).toBe(given + 1);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

describe("archives", () => {
  test("that break off give what is whole, and the run at the end is damaged", async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `{"run_id":"a","n":${i},"r":"${Math.sin(i)}"}\n`).join("");
    const packed = gzipSync(lines);
    const { rows, runs, findings } = await importFiles({
      files: { "a.jsonl.gz": packed.subarray(0, packed.length - 2000) },
    });
    expect(rows["e/p/a a.jsonl.gz"]?.length).toBeGreaterThan(2000);
    expect(runs["e/p/a a.jsonl.gz"]).toBe("{} damaged");
    expect(findings[0]).toMatchObject({ code: "source/truncated" });
    expect(findings[0]?.message).toContain("was imported in part: the gzip archive ends too early");
  });
});

describe("several files", () => {
  test("each is a log of a run that they share", async () => {
    const { rows } = await importFiles({
      files: { "day1.jsonl": '{"run_id":"a","n":1}\n', "day2.jsonl": '{"run_id":"a","n":2}\n{"run_id":"b","n":1}\n' },
    });
    expect(rows).toEqual({
      "e/p/a day1.jsonl": ['{"n":1}'],
      "e/p/a day2.jsonl": ['{"n":2}'],
      "e/p/b day2.jsonl": ['{"n":1}'],
    });
  });

  test("of one name are told apart by their folders, also where the name stands for the run", async () => {
    const { rows } = await importFiles({ files: { "x/m.jsonl": '{"n":1}\n', "y/m.jsonl": '{"n":2}\n' } });
    expect(rows).toEqual({ "e/p/x/m x/m.jsonl": ['{"n":1}'], "e/p/y/m y/m.jsonl": ['{"n":2}'] });
  });

  test("of which one cannot be read give the others; of which none can, an error", async () => {
    const files = { "bad.jsonl": Buffer.from('\ufeff{"a":1}', "utf16le"), "good.jsonl": '{"run_id":"a","n":1}\n' };
    const { rows, told } = await importFiles({ files });
    expect(rows).toEqual({ "e/p/a good.jsonl": ['{"n":1}'] });
    expect(told).toEqual(["source/unreadable bad.jsonl"]);
    await expect(importFiles({ files: { "bad.jsonl": files["bad.jsonl"] } })).rejects.toMatchObject({
      code: "source/unreadable",
      message: expect.stringContaining("UTF-16"),
    });
  });

  test("progress counts the bytes of all of them, and never goes back", async () => {
    const content = `{"run_id":"a","pad":"${"x".repeat(1e6)}"}\n`.repeat(3);
    const { progress } = await importFiles({ files: { "a.jsonl": content, "b.jsonl": content } });
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(2 * content.length);
  });

  test("an interruption ends it, and no temporary file stays", async () => {
    const abort = new AbortController();
    const content = '{"run_id":"a"}\n{"run_id":"b"}\n{"run_id":"a"}\n';
    const options = { signal: abort.signal, progress: () => abort.abort() };
    await expect(importFiles({ files: { "a.jsonl": content }, options })).rejects.toThrow(/abort/i);
  });
});

describe("standard input", () => {
  const lines = ['{"run_id":"a","n":1}\n{"run_', 'id":"a","n":2}\n', '{"run_id":"b","n":1}\n'];
  const names = async (stdin: readonly (string | Uint8Array)[]) => Object.keys((await importFiles({ stdin })).rows);

  test("gives what a file gives, as an archive too", async () => {
    const { rows } = await importFiles({ stdin: lines });
    expect(Object.values(rows)).toEqual([['{"n":1}', '{"n":2}'], ['{"n":1}']]);
    const packed = await importFiles({ stdin: [gzipSync(lines.join(""))] });
    expect(packed.rows).toEqual(rows);
  });

  test("is a log by the first row of each run: more rows replace it, others stand beside it", async () => {
    const [a = "", b = ""] = await names(lines);
    expect(a).toMatch(/^e\/p\/a stdin [0-9a-f]{16}$/);
    expect(await names([...lines, '{"run_id":"a","n":3}\n'])).toEqual(expect.arrayContaining([a, b]));
    expect(await names(['{"run_id":"a","n":2}\n'])).not.toContain(a);
  });

  test("of runs is one log a run, so that what comes later replaces it", async () => {
    const { runs } = await importFiles({ stdin: ['{"run_id":"a","state":"running"}\n'], kind: "runs" });
    expect(runs).toEqual({ "e/p/a stdin": '{"state":"running"} growing' });
  });

  test("that is large is kept in a temporary file, which is removed", async () => {
    const chunk = `{"run_id":"a","pad":"${"x".repeat(1e6)}"}\n`.repeat(10);
    const { rows } = await importFiles({ stdin: Array(8).fill(chunk) });
    expect(Object.values(rows)[0]).toHaveLength(80);
  });
});

describe("runs", () => {
  const runs = (content: string) => importFiles({ files: { "runs.jsonl": content }, kind: "runs" });

  test("a record is a run, with the history that it holds", async () => {
    const found = await runs('{"run_id":"a","state":"finished","history":[{"_step":0},{"_step":1}]}\n{"run_id":"b"}\n');
    expect(found.runs).toEqual({
      "e/p/a runs.jsonl": '{"state":"finished"} complete',
      "e/p/b runs.jsonl": "{} complete",
    });
    expect(found.rows).toEqual({ "e/p/a runs.jsonl": ['{"_step":0}', '{"_step":1}'], "e/p/b runs.jsonl": [] });
  });

  test("the same record again is dropped; of others the last one counts and all are kept", async () => {
    const again = await runs('{"run_id":"a","n":1}\n{"run_id":"b"}\n{"run_id":"a","n":1}\n');
    expect([again.runs["e/p/a runs.jsonl"], again.told]).toEqual(['{"n":1} complete', []]);
    const other = await runs(
      '{"run_id":"a","n":1}\n{"run_id":"b"}\n{"run_id":"a","n":2}\n{"run_id":"a","n":1}\n{"run_id":"a","n":3}\n',
    );
    expect(other.runs["e/p/a runs.jsonl"]).toBe('{"n":3,"repeated_rows":[{"n":1},{"n":2},{"n":1}]} complete');
    expect(other.told).toEqual(["source/copy-differs runs.jsonl"]);
  });

  test("a broken record is kept as it came, without the run id when that was whole", async () => {
    const found = await runs('{"run_id":"a","config":{"lr":1}\n{"run_id":"b","config":{"lr"\n');
    expect(found.runs).toEqual({
      "e/p/a runs.jsonl": '{"config":{"lr":1} complete',
      "e/p/b runs.jsonl": '{"run_id":"b","config":{"lr" complete',
    });
    expect(found.told).toEqual(["source/wrong-shape runs.jsonl:2 (1)"]);
  });
});

test("a file that is not there any more is an error of the system", async () => {
  const gone = importJsonLines(
    [{ path: "gone.jsonl", records: "history", fields: identityFields({}), runIdField: undefined }],
    new Recorder(),
    {},
    { files, temp: tmpdir(), stdin: async function* () {} },
  );
  await expect(gone).rejects.toMatchObject({ code: "ENOENT" });
});
