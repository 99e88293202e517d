import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { HistoryRows } from "../../../src/sources/wandb-folder/history-row.js";
import { TextCache } from "../../../src/sources/wandb-folder/text.js";
import { Wire } from "../../../src/sources/wandb-folder/wire.js";
import { history, type ItemInput, message } from "./log-writer.js";

/** The message inside a Record, with bytes of others around it. */
function content(record: Uint8Array): Wire {
  const inner = new BinaryReader(record);
  inner.tag();
  const bytes = inner.bytes();
  const wire = new Wire();
  wire.begin(Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(3, 0x01)]), 3, 3 + bytes.length);
  return wire;
}

function rows(startingStep = 0n) {
  const problems: [string[], string][] = [];
  const reader = new HistoryRows(new TextCache(), startingStep, (path, text) => problems.push([[...path], text]));
  const read = (record: Uint8Array) => {
    reader.read(content(record));
    return { step: reader.step, text: Buffer.from(reader.out.bytes.slice(0, reader.out.length)).toString("utf8") };
  };
  return { read, problems };
}

const row = (...items: ItemInput[]) => rows().read(history(items, 3)).text;

describe("keys", () => {
  test.each([
    ["plain key", ["a.b", "1"] as ItemInput, '{"a.b":1,"_step":3}'],
    ["nested key with one element", [["a.b"], "1"] as ItemInput, '{"a.b":1,"_step":3}'],
    ["one empty element", [[""], "1"] as ItemInput, '{"":1,"_step":3}'],
    ["two elements, the last empty", [["a", ""], "1"] as ItemInput, '{"_step":3,"a":{"":1}}'],
    ["escapes", ['q"\\\n\u0000é🚀', "1"] as ItemInput, '{"q\\"\\\\\\n\\u0000é🚀":1,"_step":3}'],
    ["__proto__", ["__proto__", "1"] as ItemInput, '{"__proto__":1,"_step":3}'],
    ["invalid UTF-8", [Uint8Array.of(0x61, 0xff, 0xc3), "1"] as ItemInput, '{"a\\udcff\\udcc3":1,"_step":3}'],
  ])("%s", (_, item, text) => expect(row(item)).toBe(text));

  test("items with shared parents become one object", () =>
    expect(row([["m", "_type"], '"image-file"'], ["x", "1"], [["m", "size"], "9"], [["m", "o", "p"], "[1]"])).toBe(
      '{"x":1,"_step":3,"m":{"_type":"image-file","size":9,"o":{"p":[1]}}}',
    ));
  test("nothing is dropped when keys meet: both become members", () => {
    expect(row(["a", "1"], [["a", "b"], "2"])).toBe('{"a":1,"_step":3,"a":{"b":2}}');
    expect(row(["a", "1"], ["a", "2"])).toBe('{"a":1,"a":2,"_step":3}');
    expect(row([["a", "b"], "1"], [["a", "b", "c"], "2"])).toBe('{"_step":3,"a":{"b":1,"b":{"c":2}}}');
  });
  test("a row of nothing", () => expect(rows().read(history([], 3)).text).toBe('{"_step":3}'));
});

describe("values", () => {
  test.each(["1.50", "-0", "1e400", "NaN", "-Infinity", "9007199254740993", '"a\\u0000 ] \\" }"', '[{"a":"}"}]', "{}"])(
    "%s is spliced",
    (value) => expect(row(["k", value])).toBe(`{"k":${value},"_step":3}`),
  );
  test("bytes that are no UTF-8 inside a value survive", () => {
    const { read } = rows();
    const reader = new HistoryRows(new TextCache(), 0n, () => {});
    const value = Uint8Array.of(0x22, 0xff, 0xfe, 0x22);
    reader.read(content(history([["k", value]], 0)));
    expect(Buffer.from(reader.out.bytes.slice(0, reader.out.length)).includes(Buffer.from(value))).toBe(true);
    expect(read(history([["k", "1"]], 0)).text).toBe('{"k":1,"_step":0}');
  });
  test.each(["", "nan", "tru", '1,"b":2', '"a" "b"', '"open', "[1", "{}}", '{"a":1},"b":{}', "]"])(
    "%j is no value: it is kept as a string and reported",
    (value) => {
      const { read, problems } = rows();
      const text = read(
        history(
          [
            ["k", value],
            ["n", "1"],
          ],
          3,
        ),
      ).text;
      expect(text).toBe(`{"k":${value === "" ? "null" : JSON.stringify(value)},"n":1,"_step":3}`);
      expect(problems).toEqual([[["k"], value === "" ? "no value" : value]]);
    },
  );

  const typed = (field: number, write: (writer: BinaryWriter) => void, path: readonly string[] = ["k"]) => {
    const writer = new BinaryWriter();
    for (const element of path) writer.tag(2, WireType.LengthDelimited).string(element);
    write(writer.tag(field, field === 6 ? WireType.Bit64 : field < 6 ? WireType.Varint : WireType.LengthDelimited));
    return message([2, message([1, writer.finish()], [2, message()])]);
  };
  test.each([
    ["none", typed(3, (w) => w.int32(0)), "null"],
    ["boolean", typed(4, (w) => w.bool(true)), "true"],
    ["integer", typed(5, (w) => w.sint64(-(2n ** 63n))), "-9223372036854775808"],
    ["number", typed(6, (w) => w.double(0.1)), "0.1"],
    ["number", typed(6, (w) => w.double(Number.NaN)), "NaN"],
    ["number", typed(6, (w) => w.double(-0)), "-0.0"],
    ["text", typed(7, (w) => w.string('a"b')), '"a\\"b"'],
    ["json", typed(8, (w) => w.string("[1.0]")), "[1.0]"],
  ])("a typed %s without value_json", (_, record, value) =>
    expect(rows().read(record).text).toBe(`{"k":${value},"_step":0}`),
  );
  test("a typed value below nested keys", () =>
    expect(rows().read(typed(4, (w) => w.bool(false), ["a", "b"])).text).toBe('{"_step":0,"a":{"b":false}}'));
});

describe("steps", () => {
  const step = "_step";
  test("the record's step goes with a row that has its own _step", () =>
    expect(rows().read(history([[step, "7"]], 7))).toEqual({ step: 7n, text: '{"_step":7}' }));
  test("an empty step message is 0", () => expect(rows().read(history([["a", "1"]], 0)).step).toBe(0n));
  test("beyond 2^53", () =>
    expect(rows().read(history([["a", "1"]], 2n ** 53n + 1n)).text).toBe('{"a":1,"_step":9007199254740993}'));
  test("only a _step item, junk too: the writer decides", () =>
    expect(rows().read(history([[step, '"5"']]))).toEqual({ step: undefined, text: '{"_step":"5"}' }));
  test("rows without any step are counted from the starting step, on from the last known one", () => {
    const { read } = rows(100n);
    const steps = [
      read(history([["a", "1"]])),
      read(history([["a", "1"]])),
      read(history([["a", "1"]], 500)),
      read(history([["a", "1"]])),
      read(history([[step, "900"]])),
      read(history([["a", "1"]])),
    ].map((each) => each.step);
    expect(steps).toEqual([100n, 101n, 500n, 501n, undefined, 901n]);
  });
});

test("a field that runs past its item is refused, and the next row is whole again", () => {
  const { read } = rows();
  expect(() => read(message([2, Uint8Array.of(0x0a, 0x02, 0x0a, 0x7f)]))).toThrow();
  expect(read(history([["a", "1"]], 0)).text).toBe('{"a":1,"_step":0}');
});
