/** The comparison that the end-to-end tests rest on sees every kind of difference, and only those. */
import { expect, it } from "vitest";
import { differences, printed, rebuiltRecords, recordDifferences } from "./differ.js";

const SAME = [
  ['{"a":1,"b":2}', '{"b":2,"a":1}'],
  ['{"a":1.50}', '{"a":1.5}'],
  ['{"a":12.0}', '{"a":12}'],
  ['{"a":9007199254740993.0}', '{"a":9007199254740992}'],
  ['{"a":"NaN"}', '{"a":NaN}'],
  ['{"a":-Infinity}', '{"a":"-Infinity"}'],
  ['{"a":"\\u0041"}', '{"a":"A"}'],
  ['{"a":[null,{"b":[]}]}', '{"a":[ null, { "b": [] } ]}'],
] as const;

const DIFFERENT = [
  ['{"a":1}', '{"a":"1"}'],
  ['{"a":9007199254740993}', '{"a":9007199254740992}'],
  ['{"a":0.1}', '{"a":0.10000000000000002}'],
  ['{"a":-0.0}', '{"a":0.0}'],
  ['{"a":NaN}', '{"a":null}'],
  ['{"a":NaN}', '{"a":Infinity}'],
  ['{"a":"nan"}', '{"a":NaN}'],
  ['{"a":null}', "{}"],
  ["{}", '{"a":null}'],
  ['{"a":[]}', '{"a":{}}'],
  ['{"a":[1,2]}', '{"a":[2,1]}'],
  ['{"a":[1]}', '{"a":[1,1]}'],
  ['{"a":"\\ud800"}', '{"a":"\ufffd"}'],
  ['{"A":1}', '{"a":1}'],
  ['{"a":true}', '{"a":1}'],
] as const;

it.each(SAME)("%s says what %s says", (want, got) => expect(differences(want, got)).toEqual([]));
it.each(DIFFERENT)("%s is not %s", (want, got) => expect(differences(want, got)).not.toEqual([]));

it("tells where a difference is", () => {
  expect(differences('{"a/b":{"c":[1,2]}}', '{"a/b":{"c":[1,3]}}')).toEqual(["/a~1b/c/1: want 2, got 3"]);
});

it("sees records that are missing, too many, out of order or without a blob", () => {
  const row = (n: number): string => `{"kind":"history","entity":"e","project":"p","run_id":"r","row":{"n":${n}}}`;
  const run = '{"kind":"run","entity":"e","project":"p","run_id":"r","run":{},"config":{"a":1}}';
  const want = rebuiltRecords([run, row(1), row(2)]);
  expect(recordDifferences(want, want)).toEqual([]);
  for (const got of [
    [run, row(1)],
    [run, row(1), row(2), row(3)],
    [run, row(2), row(1)],
    [row(1), row(2)],
  ]) {
    expect(recordDifferences(want, rebuiltRecords(got))).not.toEqual([]);
  }
  const without = run.replace(',"config":{"a":1}', "");
  expect(recordDifferences(want, rebuiltRecords([without, row(1), row(2)])).length).toBe(1);
});

it("compares refused text by its bytes", () => {
  const got = (payload: string) =>
    rebuiltRecords([`{"kind":"history","entity":"","project":"","run_id":"","row":${payload}}`]);
  const want = (bytes: Uint8Array) => [{ kind: "history", run: "//", payloads: new Map([["row", printed(bytes)]]) }];
  expect(recordDifferences(want(Buffer.from('{"a":')), got('{"raw":"{\\"a\\":"}'))).toEqual([]);
  expect(recordDifferences(want(Buffer.from([0x7b, 0xff])), got('{"raw_base64":"e/8="}'))).toEqual([]);
  expect(recordDifferences(want(Buffer.from('{"a":')), got('{"raw":"{\\"b\\":"}'))).not.toEqual([]);
});
