import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonSyntaxError, MAX_VALUES, readJson } from "../../src/json/read.js";
import { BOUNDS } from "../../src/profile/bounds.js";
import { HAZARD, type PathProfile, VALUE_CLASSES } from "../../src/profile/profile.js";
import { Profiler } from "../../src/profile/profiler.js";
import { RunSet } from "../../src/profile/run-set.js";
import { encode, narrowBounds, objectText, profileOf, records, runKey } from "./documents.js";
import { referenceHazards, referenceProfile } from "./reference.js";

const scan = (text: string): number => new Profiler().scan("history", encode(text), 0, encode(text).length);

const rootOf = (...texts: string[]): PathProfile | undefined =>
  profileOf(texts.map((text) => ({ run: runKey("r"), blob: "history", bytes: encode(text) }))).blobs.history?.root;

describe("the profile", () => {
  it("is the one of its definition", () => {
    fc.assert(
      fc.property(records, (sample) => {
        expect(profileOf(sample)).toEqual(referenceProfile(sample));
      }),
      { numRuns: 600 },
    );
  });

  it("is the one of its definition within narrow bounds", () => {
    fc.assert(
      fc.property(records, narrowBounds, (sample, bounds) => {
        expect(profileOf(sample, bounds)).toEqual(referenceProfile(sample, bounds));
      }),
      { numRuns: 1000 },
    );
  });

  it("is the same after other texts went through the same profiler", () => {
    fc.assert(
      fc.property(fc.array(objectText, { minLength: 2, maxLength: 12 }), (texts) => {
        const profiler = new Profiler();
        for (const text of texts) {
          const bytes = encode(text);
          expect(profiler.scan("history", bytes, 0, bytes.length)).toBe(referenceHazards(bytes));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("has every value class", () => {
    const numbers = ["1", "9007199254740993", "9223372036854775808", `1${"0".repeat(38)}`, "1.0", "1e16", "1e20"];
    const more = [
      "9223372036854775807.0",
      "9223372036854775808.0",
      "0.5",
      `0.${"1".repeat(18)}`,
      "1e400",
      "-0",
      "-0.0",
    ];
    const words = ["null", "true", "NaN", "Infinity", "-Infinity", '"NaN"', '"2025-01-01T00:00:00Z"', '"x"'];
    const strings = ['"2025-01-01T00:00:00+01:00"', '"2025-01-01T00:00:00"', '"\\ud800"'];
    const containers = ["[]", "[1]", "{}", '{"_type":"table"}', '{"_type":1}'];
    const values = [...numbers, ...more, ...words, ...strings, ...containers];
    const expected = Object.fromEntries(VALUE_CLASSES.map((name) => [name, 1]));
    expect(rootOf(...values.map((text) => `{"v":${text}}`))?.children?.get("v")?.counts).toEqual(expected);
    expect(rootOf(`{"v":[${values.join(",")}]}`)?.children?.get("v")?.items?.counts).toEqual(expected);
  });

  it("keeps keys apart that differ and joins those that are equal", () => {
    const root = rootOf(
      '{"A":1,"a/b":1,"é":1,"":1,"__proto__":1,"\\ud800":1,"\\udc00":1,"x\\"y":1,"\ufeff":1}',
      '{"\\u0041":1,"a\\/b":1,"\\u00e9":1,"\\uD800":1,"x\\u0022y":1,"\\ufeff":1,"\\ud834\\udd1e":1}',
      '{"A":1,"𝄞":1}',
    );
    const counts = [...(root?.children ?? [])].map(([key, path]) => [key, path.counts.int53]);
    const expected = [
      ["A", 3],
      ["a/b", 2],
      ["é", 2],
      ["", 1],
      ["__proto__", 1],
      ["\ud800", 2],
      ["\udc00", 1],
      ['x"y', 2],
      ["\ufeff", 2],
      ["𝄞", 2],
    ];
    expect(counts).toEqual(expected.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  });

  it("does not take the end of a key for the key", () => {
    expect(scan('{"a\\"b":1}')).toBe(HAZARD.ESCAPE);
    const profiler = new Profiler();
    for (const [text, hazards] of [
      ['{"a\\"b":1}', HAZARD.ESCAPE],
      ['{"a"b":1}', HAZARD.REFUSED],
      ['{"c\\\\n":1}', HAZARD.ESCAPE],
      ['{"c\\n":1}', HAZARD.ESCAPE],
      ['{"\\ud800":1}', HAZARD.ESCAPE | HAZARD.LONE_SURROGATE],
    ] as const) {
      expect(profiler.scan("config", encode(text), 0, encode(text).length)).toBe(hazards);
    }
    const surrogate = Uint8Array.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]);
    expect(profiler.scan("config", surrogate, 0, surrogate.length)).toBe(HAZARD.REFUSED);
    const keys = [...(profiler.finish().blobs.config?.root.children?.keys() ?? [])];
    expect(keys).toEqual(['a"b', "c\n", "c\\n", "\ud800"].sort());
  });

  it("counts lists and what is in them, one level", () => {
    const list = rootOf('{"v":[1,2.5,"abc",[true,NaN],{"k":"\\n"},[]]}', '{"v":[-7]}')?.children?.get("v");
    const hazards = HAZARD.NONFINITE_TOKEN | HAZARD.ESCAPE;
    expect(list).toMatchObject({ counts: { list: 2 }, hazards });
    const counts = { int53: 2, float: 1, string: 1, empty_list: 1, list: 1, object: 1 };
    expect(list?.items).toEqual({ counts, min: -7, max: 1, maxLength: 3, hazards, runs: RunSet.of(1, [0]) });
    expect(list?.children).toBeUndefined();
  });

  it("has no blob that never came, and a bare root when all records are unusable", () => {
    expect(new Profiler().finish()).toEqual({ format: 1, blobs: {} });
    const profiler = new Profiler();
    profiler.scan("sweep", encode("{"), 0, 1);
    profiler.scan("sweep", encode('{"a":1,"a":2}'), 0, 13);
    expect(profiler.finish().blobs.sweep).toEqual({
      ...{ records: 2, unusable: 2, hazards: HAZARD.REFUSED | HAZARD.DUPLICATE_KEY, bytes: 14, maxBytes: 13, runs: [] },
      root: { counts: {}, hazards: 0, runs: new RunSet(0) },
    });
  });

  it("keeps unusable records out of the paths, whatever they contain", () => {
    const good = '{"a":{"b":1},"l":[1]}';
    const bad = ['{"a":{"b":1,"new":2},"l":["x"],"m":[{"y":1}],', '{"n":1,"a":{"q":[1,{"z":2,"z":3}]}}', '{"a":"\\'];
    const profiler = new Profiler();
    for (const text of [...bad, good, ...bad, good]) profiler.scan("history", encode(text), 0, encode(text).length);
    const blob = profiler.finish().blobs.history;
    expect(blob).toMatchObject({ records: 8, unusable: 6 });
    expect(blob?.root).toEqual({ ...rootOf(good, good), runs: RunSet.of(1, [0]) });
  });

  it("knows the runs of a path when runs alternate", () => {
    const profiler = new Profiler();
    for (let i = 0; i < 6000; i++) {
      profiler.beginRun(runKey(`r${i % 3}`));
      const text = i % 3 === 1 ? '{"a":1}' : '{"b":1}';
      profiler.scan("history", encode(text), 0, text.length);
    }
    const blob = profiler.finish().blobs.history;
    expect([...(blob?.root.runs ?? [])]).toEqual([0, 1, 2]);
    expect([...(blob?.root.children?.get("a")?.runs ?? [])]).toEqual([1]);
    expect([...(blob?.root.children?.get("b")?.runs ?? [])]).toEqual([0, 2]);
  });

  it("holds as many paths of one blob as there is room for", () => {
    const members = Array.from({ length: 100_000 }, (_, k) => `"key/${k}":${k}`);
    const bytes = encode(`{${members.join(",")}}`);
    const records = [0, 1].map(() => ({ run: runKey("r"), blob: "history" as const, bytes }));
    const root = profileOf(records).blobs.history?.root;
    expect(root?.children?.size).toBe(100_000);
    expect(root?.children?.get("key/98765")).toMatchObject({ counts: { int53: 2 }, min: 98765, max: 98765 });
  });

  it("keeps the shortest names of a root with more, and counts the rest together", () => {
    const rows = Array.from({ length: 300 }, (_, row) => {
      const members = Array.from({ length: 1000 }, (_, k) => `"key/${row * 1000 + k}":${k}`);
      return {
        run: runKey("r"),
        blob: "history" as const,
        bytes: encode(`{"loss":1,"in":{"a":1},${members.join(",")}}`),
      };
    });
    const root = profileOf(rows).blobs.history?.root;
    expect(root?.crowded).toBe(true);
    expect(root?.children?.size).toBe(BOUNDS.keptNames);
    expect(root?.children?.get("loss")).toEqual({
      counts: { int53: 300 },
      min: 1,
      max: 1,
      hazards: 0,
      runs: RunSet.of(1, [0]),
    });
    expect(root?.children?.get("in")).toMatchObject({
      counts: { object: 300 },
      crowded: true,
      others: { runs: RunSet.of(1, [0]) },
    });
    expect(root?.others?.counts).toEqual({ int53: 300_002 - BOUNDS.keptNames });
  });

  it("does not look at the members of a map one by one", () => {
    const bytes = encode(
      `{"x":{"y":1},"map":{${Array.from({ length: 1_000_000 }, (_, k) => `"key ${k}":${k}`).join(",")}}}`,
    );
    const root = profileOf([{ run: runKey("r"), blob: "config", bytes }]).blobs.config?.root;
    expect(root?.children?.get("x")?.children?.size).toBe(1);
    const map = root?.children?.get("map");
    expect(map).toMatchObject({ counts: { object: 1 }, crowded: true, others: { counts: { int53: 1_000_000 } } });
    expect(map?.children).toBeUndefined();
  });

  it.each([
    ["elements", `{"a":[${"1,".repeat(MAX_VALUES - 2)}1]}`, ",1"],
    ["members", `{"a":{${Array.from({ length: MAX_VALUES - 1 }, (_, k) => `"${k}":1`).join(",")}}}`, ',"x":1'],
    ["elements that are lists", `{"a":[${"[],".repeat(MAX_VALUES - 2)}{}]}`, ",[]"],
    ["brackets in strings", `{"a":[${'"[,{\\"[",'.repeat(MAX_VALUES - 2)}1]}`, ",1"],
  ])("takes as many %s as readJson, and refuses one more as readJson does", (_, text, more) => {
    expect(scan(text)).not.toBe(HAZARD.REFUSED);
    expect(readJson(text).kind).toBe("object");
    const longer = `${text.slice(0, -2)}${more}${text.slice(-2)}`;
    expect(scan(longer)).toBe(HAZARD.REFUSED);
    expect(() => readJson(longer)).toThrow(JsonSyntaxError);
  });

  it("finds a key twice, however long", () => {
    const long = "k".repeat(BOUNDS.nameBytes + 1);
    expect(scan(`{"${long}":{"a":1},"x":{"${long}":1},"${long}2":1}`)).toBe(0);
    expect(scan(`{"x":{"${long}":1,"\\u006b${long.slice(1)}":1}}`)).toBe(HAZARD.DUPLICATE_KEY | HAZARD.ESCAPE);
    expect(scan(`{"${long}":{"a":1,"a":2}}`)).toBe(HAZARD.DUPLICATE_KEY);
  });
});

describe("hazards", () => {
  const deep = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{"b":1}${"}".repeat(depth - 1)}`;

  it.each([
    ["BEYOND_DOUBLE", '{"v":9007199254740993}', '{"v":9007199254740992}'],
    ["BEYOND_INT64", '{"v":9223372036854775808}', '{"v":9223372036854775807}'],
    ["EXCESS_DIGITS", '{"v":0.123456789012345678}', '{"v":0.12345678901234567}'],
    ["RANGE", '{"v":1e400}', '{"v":1e308}'],
    ["RANGE", '{"v":1e-400}', '{"v":0e-400}'],
    ["NEGATIVE_ZERO_INTEGER", '{"v":-0}', '{"v":-1}'],
    ["NEGATIVE_ZERO_FLOAT", '{"v":-0.0}', '{"v":0.0}'],
    ["NONFINITE_TOKEN", '{"v":NaN}', '{"v":"NaN"}'],
    ["NONFINITE_TOKEN", '{"v":[{"w":-Infinity}]}', '{"v":[{"w":"-Infinity"}]}'],
    ["NONFINITE_STRING", '{"v":"Infinity"}', '{"v":"infinity"}'],
    ["NONFINITE_STRING", '{"v":"\\u004eaN"}', '{"v":"\\u006eaN"}'],
    ["INTEGRAL_BEYOND_DOUBLE", '{"v":1e16}', '{"v":1e15}'],
    ["ESCAPE", '{"v":"\\n"}', '{"v":"n"}'],
    ["ESCAPE", '{"\\n":1}', '{"n":1}'],
    ["LONE_SURROGATE", '{"v":"\\ud800"}', '{"v":"\\ud834\\udd1e"}'],
    ["LONE_SURROGATE", '{"v":[{"\\udc00":1}]}', '{"v":[{"\\ud834\\udd1e":1}]}'],
    ["NUL", '{"v":"\\u0000"}', '{"v":"\\u0001"}'],
    ["NUL", '{"v":[{"\\u0000":1}]}', '{"v":[{"\\\\u0000":1}]}'],
    ["DEEP", deep(101), deep(100)],
    ["DEEP", `{"a":${"[".repeat(100)}${"]".repeat(100)}}`, `{"a":${"[".repeat(99)}${"]".repeat(99)}}`],
    ["DUPLICATE_KEY", '{"a":1,"a":1}', '{"a":1,"b":{"a":1}}'],
    ["REFUSED", '{"a":1', '{"a":1}'],
    ["EMPTY", "{ }", '{"a":{}}'],
  ] as const)("%s is set for %s, not for %s", (name, set, unset) => {
    expect(scan(set) & HAZARD[name]).toBe(HAZARD[name]);
    expect(scan(unset) & HAZARD[name]).toBe(0);
    expect(scan(set)).toBe(referenceHazards(encode(set)));
    expect(scan(unset)).toBe(referenceHazards(encode(unset)));
  });

  it("stand at the path of the value, of the key's value, and of the list around", () => {
    const root = rootOf('{"\\u0061":1,"b":{"c":-0},"l":[[1e400],{"k":NaN}],"d":"x"}');
    const at = (key: string): number | undefined => root?.children?.get(key)?.hazards;
    expect([root?.hazards, at("a"), at("b"), at("d")]).toEqual([0, HAZARD.ESCAPE, 0, 0]);
    expect(root?.children?.get("b")?.children?.get("c")?.hazards).toBe(HAZARD.NEGATIVE_ZERO_INTEGER);
    const inside = HAZARD.RANGE | HAZARD.INTEGRAL_BEYOND_DOUBLE | HAZARD.NONFINITE_TOKEN;
    expect([at("l"), root?.children?.get("l")?.items?.hazards]).toEqual([inside, inside]);
  });
});

describe("duplicate keys", () => {
  it.each([
    ['{"a":1,"a":2}', "/a", 7],
    ['{"a":1,"b":2,"\\u0061":3}', "/a", 13],
    ['{"a":{"x":1,"y":{"z":1,"z":2}}}', "/a/y/z", 23],
    ['{"l":[{"a":1},{"a":1,"b":[2,{"c":1,"c":2}]}]}', "/l/1/b/1/c", 35],
    ['{"a/b":{"~":1,"~":2}}', "/a~1b/~0", 14],
    ['{"":1,"":1}', "/", 6],
    ['{"_step":1,"_step":2}', "/_step", 11],
    ['{"l":[1,"{,",{"\\ud800":1,"\\uD800":1}]}', "/l/2/\ud800", 25],
  ])("%s at %s", (text, pointer, offset) => {
    const profiler = new Profiler();
    const hazards = profiler.scan("history", encode(text), 0, encode(text).length);
    expect(hazards & HAZARD.DUPLICATE_KEY).toBe(HAZARD.DUPLICATE_KEY);
    expect(profiler.refusal).toEqual({ offset, message: `The key ${pointer} is there twice.` });
  });

  it.each([
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1},[{"a":{"a":1}}]]}',
    '{"a":{"x":1},"b":{"x":1}}',
    '{"l":[{"a":[{"a":1},{"a":2}]}],"m":[{"a":1}]}',
  ])("are not found in %s", (text) => {
    expect(scan(text)).toBe(0);
    expect(scan(`{"w":[${text},${text}]}`)).toBe(0);
  });

  it("are found among 100,000 keys of an object in a list", () => {
    const members = Array.from({ length: 100_000 }, (_, k) => `"k${k}":0`).join(",");
    expect(scan(`{"l":[{${members}},{${members}}]}`)).toBe(0);
    expect(scan(`{"l":[{${members},"k77":1}]}`)).toBe(HAZARD.DUPLICATE_KEY);
  });

  it("yield to a text that is refused later", () => {
    expect(scan('{"a":1,"a":2,')).toBe(HAZARD.REFUSED);
  });
});

describe("_step", () => {
  const stepOf = (text: string): (string | boolean)[] => {
    const profiler = new Profiler();
    const bytes = encode(`xx${text}yy`);
    profiler.scan("history", bytes, 2, bytes.length - 2);
    const { stepFrom, stepTo, stepIsInteger } = profiler;
    return [stepFrom < 0 ? "absent" : new TextDecoder().decode(bytes.subarray(stepFrom, stepTo)), stepIsInteger];
  };

  it.each([
    ['{"a":1}', "absent", false],
    ['{"_step":17}', "17", true],
    ['{"a":"_step", "_step" : -3 }', "-3", true],
    ['{"_step":9223372036854775808,"a":1}', "9223372036854775808", true],
    ['{"\\u005fstep":1}', "1", true],
    ['{"_step":1.0}', "1.0", false],
    ['{"_step":1e3}', "1e3", false],
    ['{"_step":-0}', "-0", false],
    ['{"_step":"1"}', '"1"', false],
    ['{"_step":null}', "null", false],
    ['{"_step":{"_step":5},"b":2}', '{"_step":5}', false],
    ['{"_step":[1,2],"b":2}', "[1,2]", false],
    ['{"_step":[],"b":2}', "[]", false],
    ['{"a":{"_step":5},"l":[{"_step":6}]}', "absent", false],
    ['{"_step":1,"_step":2}', "1", true],
    ['{"_step":{"a":1},"_step":[2]}', '{"a":1}', false],
    ['{"_step":1', "absent", false],
  ])("of %s is %s", (text, span, isInteger) => {
    expect(stepOf(text)).toEqual([span, isInteger]);
  });

  it("is forgotten with the next text", () => {
    const profiler = new Profiler();
    profiler.scan("history", encode('{"_step":1}'), 0, 11);
    profiler.scan("history", encode("{}"), 0, 2);
    expect([profiler.stepFrom, profiler.stepTo, profiler.stepIsInteger]).toEqual([-1, -1, false]);
    expect(profiler.finish().blobs.history?.root.children?.size).toBe(1);
  });
});
