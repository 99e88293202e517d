import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { LineRecords, recordsOf, ValueRecords } from "../../../src/sources/json-lines/records.js";
import { pieces, seenRecords } from "./streams.js";

const bytesOf = (text: string) => Buffer.from(text, "utf8");
const lines = (text: string, lengths = [1 << 20]) => seenRecords(new LineRecords(pieces(bytesOf(text), lengths)));
const values = (text: string, lengths = [1 << 20]) => seenRecords(new ValueRecords(pieces(bytesOf(text), lengths)));
const texts = async (seen: Promise<{ text: string }[]>) => (await seen).map(({ text }) => text);

describe("lines", () => {
  test.each([
    ["", []],
    ["\n\r\n  \n", []],
    ['{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['{"a":1}\r\n{"a":2}\r\n', ['{"a":1}', '{"a":2}']],
    ['{"a":1}\n{"a":2}', ['{"a":1}', '{"a":2}']],
    ['\ufeff{"a":1}\n\ufeff{"a":2}', ['{"a":1}', '\ufeff{"a":2}']],
    ['  {"a":1}\t \n', ['{"a":1}']],
    ['{"a":"\\n"}\n', ['{"a":"\\n"}']],
  ])("%j", async (text, want) => {
    expect(await texts(lines(text))).toEqual(want);
  });

  it("numbers lines as an editor does, empty ones too", async () => {
    expect((await lines('\n{"a":1}\n\n\n{"a":2}\n')).map(({ number }) => number)).toEqual([2, 5]);
  });

  it("marks a last line that breaks off, not one that only lacks its newline", async () => {
    expect((await lines('{"a":1}\n{"a":2}')).map(({ cut }) => cut)).toEqual([false, false]);
    expect((await lines('{"a":1}\n{"a":')).map(({ cut }) => cut)).toEqual([false, true]);
    expect((await lines('{"a":1}\n{"a":\n')).map(({ cut }) => cut)).toEqual([false, false]);
  });

  it("are the same however the bytes come", async () => {
    const line = fc.oneof(
      fc.json().map((text) => `{"k":${text}}`),
      fc.constantFrom("", " ", "{", "ü", "\r"),
    );
    const property = fc.asyncProperty(
      fc.array(line, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (all, lengths, newline) => {
        const text = all.join("\n") + (newline ? "\n" : "");
        const want = text.split("\n").flatMap((item) => item.replace(/^[\0- ]+|[\0- ]+$/g, "") || []);
        expect(await texts(lines(text, lengths))).toEqual(want);
      },
    );
    await fc.assert(property);
  });

  it("may be longer than any buffer", async () => {
    const long = JSON.stringify({ a: "x".repeat(5_000_000) });
    const text = `{"b":1}\n${long}\n{"c":1}\n${long}`;
    expect(await texts(lines(text))).toEqual(['{"b":1}', long, '{"c":1}', long]);
    expect(await texts(lines(text, [70_000]))).toEqual(['{"b":1}', long, '{"c":1}', long]);
  });

  it("that are too long are passed over, and the next one is found", async () => {
    const text = `{"a":1}\n{"a":"${"x".repeat(3000)}"}\n{"a":3}\n{"a":"${"y".repeat(3000)}`;
    const stream = pieces(bytesOf(text), [700]);
    const seen = await seenRecords(recordsOf(stream, "lines", 1000));
    expect(seen.map(({ number, text: found }) => [number, found])).toEqual([
      [1, '{"a":1}'],
      [2, "(too long)"],
      [3, '{"a":3}'],
      [4, "(too long)"],
    ]);
  });
});

describe("values", () => {
  const one = '{"a":[1,{"b":"]}"}]}';
  test.each([
    ["[]", []],
    [" [ ] ", []],
    [`[${one}]`, [one]],
    [`[${one},${one}]\n`, [one, one]],
    [`\ufeff[\n  ${one},\r\n  ${one}\n]`, [one, one]],
    [`[[${one}],[],[${one},${one}]]`, [one, one, one]],
    [`${one}${one}\n\n${one}`, [one, one, one]],
    [`[${one}]\n[${one}]`, [one, one]],
    ['[1,"a]",null,{"a":1}]', ["1", '"a]"', "null", '{"a":1}']],
    ['{\n  "a": 1\n}\n{\n  "a": 2\n}\n', ['{\n  "a": 1\n}', '{\n  "a": 2\n}']],
    ["[1}2]", ["1", "}", "2"]],
  ])("%j", async (text, want) => {
    expect(await texts(values(text))).toEqual(want);
    expect(await texts(values(text, [1]))).toEqual(want);
    expect(await texts(values(text, [3, 5]))).toEqual(want);
  });

  test.each([
    ["[", true],
    ['[{"a":1}', true],
    ['[{"a":1},{"a"', true],
    ['[{"a":1},"abc', true],
    ['[{"a":1}]', false],
    ['[{"a":1},12', true],
    ['{"a":1}', false],
    ["12", false],
  ])("%s ends inside: %s", async (text, want) => {
    const records = new ValueRecords(pieces(bytesOf(text), [2]));
    await seenRecords(records);
    expect(records.endsInside).toBe(want);
  });

  it("are the same as JSON.parse finds, however the bytes come", async () => {
    const property = fc.asyncProperty(
      fc.array(
        fc.jsonValue({ maxDepth: 3 }).filter((value) => !Array.isArray(value)),
        { maxLength: 10 },
      ),
      fc.constantFrom(undefined, 1),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
      async (list, indent, lengths) => {
        const found = await texts(values(JSON.stringify(list, null, indent), lengths));
        expect(found.map((text) => JSON.stringify(JSON.parse(text)))).toEqual(
          list.map((value) => JSON.stringify(value)),
        );
      },
    );
    await fc.assert(property);
  });

  it("of a list larger than any buffer come one by one", async () => {
    const item = JSON.stringify({ a: "x".repeat(500) });
    const seen = await values(`[${Array(10_000).fill(item).join(",")}]`);
    expect(seen.length).toBe(10_000);
    expect(new Set(seen.map(({ text }) => text))).toEqual(new Set([item]));
  });

  it("end at one that is too long, since its end is not known", async () => {
    const stream = pieces(bytesOf(`[{"a":1},{"a":"${"x".repeat(3000)}"},{"a":3}]`), [700]);
    const seen = await seenRecords(recordsOf(stream, "values", 1000));
    expect(seen.map(({ text }) => text)).toEqual(['{"a":1}', "(too long)"]);
  });
});
