import { gzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import { streamOf } from "../../../src/sources/json-lines/byte-stream.js";
import type { RecordKind } from "../../../src/sources/json-lines/form.js";
import { recogniseJsonLines } from "../../../src/sources/json-lines/recognise.js";

const recognise = (bytes: string | Uint8Array, given?: RecordKind, path = "a.jsonl") =>
  recogniseJsonLines(path, streamOf([Buffer.from(bytes as string)]), given);

describe("what the records are", () => {
  test.each([
    ['{"_step":0,"loss":1}\n', "history", "_step"],
    ['{"run_id":"a","_step":0,"config":{"lr":1}}\n', "history", "_step"],
    ['{"step":1,"media":{"_type":"image-file"}}\n', "history", "step"],
    ['{"run_id":"a","loss":1}\n', "history", "run_id"],
    ['{"run":"a","loss":1}\n', "history", "run"],
    ['{"run_id":"a","config":{}}\n', "runs", "config"],
    ['{"id":"a","summary":"{}"}\n', "runs", "summary"],
    ['{"run_id":"a","state":"finished","created_at":"2025"}\n', "runs", "created_at"],
    ['{"x":{"y":1}}\noops\n{"_step":1}\n', "history", "_step"],
    ['[\n {"_step": 0}\n]', "history", "_step"],
    ['{\n "config": {}\n}\n{\n "config": {}\n}', "runs", "config"],
  ])("%j: %s", async (text, records, by) => {
    expect(await recognise(text)).toMatchObject({
      records,
      description: expect.stringContaining(`, guessed from ${by} (`),
    });
  });

  test("a first record that is longer than what is looked at tells by the members before it ends", async () => {
    const long = "x".repeat(2_000_000);
    const config = await recognise(`{"run_id":"a","config":{"text":"${long}"},"state":"finished"}\n`);
    expect(config).toMatchObject({ records: "runs", description: expect.stringContaining("guessed from config") });
    const row = await recognise(`{"run_id":"a","_step":0,"text":"${long}"}\n`);
    expect(row).toMatchObject({ records: "history", description: expect.stringContaining("guessed from _step") });
    expect(await recognise(`{"run_id":"a","text":"${long}"}\n`)).toHaveProperty("reason");
  });

  test.each(['{"a":1}\n', '{"run_id":"a"}\n', '{"a":{"b":1}}\n', "{}\n", '{"_step":0}\n{"config":{}}\n'])(
    "%j does not tell; --kind does",
    async (text) => {
      expect(await recognise(text)).toMatchObject({ reason: expect.stringContaining("--kind history|runs") });
      expect(await recognise(text, "runs")).toEqual({ records: "runs", description: "JSON Lines of runs" });
    },
  );
});

describe("what the file is", () => {
  test.each([
    ['{"a":1}\n', "JSON Lines of history rows"],
    ['\ufeff{"a":1}\n', "JSON Lines of history rows"],
    ['{"a":1}', "JSON Lines of history rows"],
    ['{"a":\n{"a":1}\n', "JSON Lines of history rows"],
    ['[INFO] ready\n{"a":1}\n', "JSON Lines of history rows"],
    ['ready\n{"a":1}\n', "JSON Lines of history rows"],
    ["[]", "a JSON list of history rows"],
    [' [\n{"a":1}]', "a JSON list of history rows"],
    ['[[{"a":1}]]', "a JSON list of history rows"],
    ['{\n  "a": 1\n}', "JSON objects of history rows"],
    ["{\n}\n", "JSON objects of history rows"],
    ["", "JSON Lines without a record"],
    ["\n\n", "JSON Lines without a record"],
  ])("%j: %s", async (text, description) => {
    expect(await recognise(text, "history")).toEqual({ records: "history", description });
  });

  it("is told of an archive too", async () => {
    expect(await recognise(gzipSync('{"a":1}\n'), "runs")).toEqual({
      records: "runs",
      description: "JSON Lines (gzip) of runs",
    });
    expect(await recognise(gzipSync(""))).toMatchObject({ description: "JSON Lines without a record" });
  });

  test.each([
    [Buffer.from('{"a":1}\n', "utf16le"), "UTF-16"],
    [Buffer.from('\ufeff{"a":1}\n', "utf16le"), "iconv -f UTF-16 -t UTF-8"],
    [Buffer.from('\ufeff{"a":1}\n', "utf16le").swap16(), "UTF-16"],
    [Buffer.from("fffe00007b000000", "hex"), "UTF-32"],
    [gzipSync(Buffer.from('\ufeff{"a":1}\n', "utf16le")), "UTF-16"],
    [Buffer.from("fd377a585a0000", "hex"), "xz archive"],
    [Buffer.from("BZh91AY"), "bzip2 archive"],
    [Buffer.from("PK\x03\x04"), "zip archive"],
    [Buffer.from("PAR1"), "Parquet file"],
    [Buffer.from("a,b\n1,2\n"), "no JSON objects"],
    [Buffer.from("oops"), "no JSON objects"],
    [gzipSync("x").subarray(0, 5), "ends too early"],
  ])("that is something else is refused in words (%#)", async (bytes, says) => {
    expect(await recognise(bytes, "history")).toMatchObject({ reason: expect.stringContaining(says) });
  });

  test("an empty file is one of records by its name only", async () => {
    expect(await recognise("", undefined, "notes.txt")).toMatchObject({ reason: "JSON Lines: it is empty" });
    expect(await recognise("", undefined, "a.ndjson.gz")).toMatchObject({ records: "history" });
  });
});
