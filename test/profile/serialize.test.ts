import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StoreError } from "../../src/errors.js";
import { BOUNDS } from "../../src/profile/bounds.js";
import { RunSet } from "../../src/profile/run-set.js";
import { readProfile, writeProfile } from "../../src/profile/serialize.js";
import { encode, narrowBounds, profileOf, records, runKey } from "./documents.js";

describe("writeProfile and readProfile", () => {
  it("give the profile back", () => {
    fc.assert(
      fc.property(records, fc.oneof(fc.constant(BOUNDS), narrowBounds), (sample, bounds) => {
        const profile = profileOf(sample, bounds);
        const text = writeProfile(profile);
        const bytes = new TextDecoder().decode(new TextEncoder().encode(text));
        expect(readProfile(bytes)).toEqual(profile);
        expect(writeProfile(readProfile(bytes))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("keep keys in order and runs as bits", () => {
    const rows = Array.from({ length: 500 }, (_, k) => ({
      ...{ run: runKey(`r${String(k).padStart(3, "0")}`), blob: "history" as const },
      bytes: encode(k === 250 ? '{"b":1}' : '{"b":1,"\\ud800":-2.0,"":[null]}'),
    }));
    const text = writeProfile(profileOf(rows));
    const runs = rows.map((_, k) => k).filter((k) => k !== 250);
    const missing250 = RunSet.of(500, runs).toText();
    expect(text).toContain(`[1,"\\ud800",1536,[6,499],"${missing250}",-2,-2,null]`);
    expect(readProfile(text.replace(`"${missing250}"`, "[0,249,251,499]"))).toEqual(readProfile(text));
    const keys = [...(readProfile(text).blobs.history?.root.children?.keys() ?? [])];
    expect(keys).toEqual(["", "b", "\ud800"]);
  });
});

describe("readProfile refuses", () => {
  const good = writeProfile(
    profileOf([
      { run: runKey("a"), blob: "config", bytes: encode('{"x":[1,"s"],"y":{"z":true}}') },
      { run: runKey("b"), blob: "config", bytes: encode('{"x":[1,"s"],"y":{"z":true}}') },
    ]),
  );

  it.each([
    ["no text", ""],
    ["a truncated text", good.slice(0, -10)],
    ["another root", "[]"],
    ["null", "null"],
    ["another format", good.replace('"format":1', '"format":2')],
    ["no classes", good.replace('"classes"', '"klasses"')],
    ["an unknown class", good.replace('"list"', '"liste"')],
    ["an unknown blob", good.replace('"config"', '"confik"')],
    ["a blob that is no object", '{"format":1,"classes":[],"blobs":{"config":1}}'],
    ["a blob without counts", good.replace('"records"', '"rekords"')],
    ["a negative count", good.replace('"records":2', '"records":-2')],
    ["no paths", good.replace(/"paths":\[[^}]*\]\}/, '"paths":[]}')],
    ["a path of another shape", good.replace('[2,"z",', '["z",')],
    ["a path without parent", good.replace('[2,"z",', '[3,"z",')],
    ["a second root", good.replace('[1,"y",', '[0,"y",')],
    ["a key twice", good.replace('[1,"y",', '[1,"x",')],
    ["keys out of order", good.replace('[1,"y",', '[1,"a",')],
    ["elements twice", good.replace('[2,"z",', "[1,null,").replace('[1,"y",', "[2,null,")],
    ["other members twice", good.replace('[2,"z",', "[1,0,").replace('[1,"y",', "[1,0,")],
    ["a mark that is none", good.replace("null,null,null]", "null,null,null,2]")],
    ["runs that do not exist", good.replace('"Aw=="', '"Bw=="')],
    ["more runs than there are", good.replace('"Aw=="', '"AwA="')],
    ["runs that are no bits", good.replace('"Aw=="', '"Aw"')],
    ["ranges of runs that do not exist", good.replace('"Aw=="', "[0,2]")],
    ["ranges backwards", good.replace('"Aw=="', "[1,0]")],
    ["runs out of order", good.replace('\\"a\\"]', '\\"c\\"]')],
  ])("%s", (_, text) => {
    expect(text).not.toBe(good);
    expect(() => readProfile(text)).toThrow(StoreError);
  });

  it("nothing of its own", () => {
    expect(readProfile(good).blobs.config?.records).toBe(2);
  });
});
