import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DEPTH } from "../../src/json/read.js";
import { BOUNDS } from "../../src/profile/bounds.js";
import { emptyProfile, mergeProfiles, ProfileSum } from "../../src/profile/merge.js";
import { HAZARD, type Profile } from "../../src/profile/profile.js";
import { RunSet } from "../../src/profile/run-set.js";
import { readProfile, writeProfile } from "../../src/profile/serialize.js";
import { encode, narrowBounds, profileOf, records, runKey } from "./documents.js";

const anyBounds = fc.oneof(fc.constant(BOUNDS), narrowBounds);

describe("mergeProfiles", () => {
  it("gives the same bytes for any order of records and any split, within any bounds", () => {
    const splits = records.chain((sample) =>
      fc.record({
        sample: fc.constant(sample),
        shuffled: fc.shuffledSubarray(sample, { minLength: sample.length }),
        cuts: fc.array(fc.nat(sample.length), { maxLength: 3 }),
        bounds: anyBounds,
      }),
    );
    fc.assert(
      fc.property(splits, ({ sample, shuffled, cuts, bounds }) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), sample.length];
        const parts = edges.slice(1).map((end, k) => profileOf(shuffled.slice(edges[k], end), bounds));
        const merged = parts.reduceRight((all, part) => mergeProfiles(part, all, bounds), emptyProfile());
        expect(writeProfile(merged)).toBe(writeProfile(profileOf(sample, bounds)));
      }),
      { numRuns: 800 },
    );
  });

  it("is commutative and associative, with the empty profile as its unit", () => {
    const three = anyBounds.chain((bounds) => {
      const profile = records.map((sample) => profileOf(sample, bounds));
      return fc.tuple(fc.constant(bounds), profile, profile, profile);
    });
    fc.assert(
      fc.property(three, ([bounds, a, b, c]) => {
        const merge = (x: Profile, y: Profile): Profile => mergeProfiles(x, y, bounds);
        expect(merge(a, b)).toEqual(merge(b, a));
        expect(writeProfile(merge(a, b))).toBe(writeProfile(merge(b, a)));
        const left = merge(merge(a, b), c);
        expect(writeProfile(left)).toBe(writeProfile(merge(a, merge(b, c))));
        expect(merge(a, emptyProfile())).toEqual(a);
        expect(merge(emptyProfile(), a)).toEqual(a);
      }),
      { numRuns: 300 },
    );
  });

  it("is what ProfileSum adds up, one by one", () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 12 }), (samples) => {
        const sum = new ProfileSum();
        for (const sample of samples) sum.add(profileOf(sample));
        expect(writeProfile(sum.total())).toBe(writeProfile(profileOf(samples.flat())));
      }),
      { numRuns: 100 },
    );
  });

  it("changes neither argument and shares nothing with them", () => {
    const a = profileOf([{ run: runKey("a"), blob: "config", bytes: encode('{"x":[1],"y":{"z":"s"}}') }]);
    const b = profileOf([{ run: runKey("b"), blob: "config", bytes: encode('{"x":2,"w":null}') }]);
    const before = [writeProfile(a), writeProfile(b)];
    const merged = mergeProfiles(a, b);
    merged.blobs.config?.root.children?.get("w")?.runs.words.fill(255);
    merged.blobs.config?.runs.push("x");
    expect([writeProfile(a), writeProfile(b)]).toEqual(before);
  });

  it("takes texts of any depth, and names what is within its bounds", () => {
    const text = `${'{"a":'.repeat(MAX_DEPTH - 1)}{"b":1}${"}".repeat(MAX_DEPTH - 1)}`;
    const deep = profileOf([{ run: runKey("r"), blob: "history", bytes: encode(text) }]);
    const twice = mergeProfiles(deep, deep);
    expect(readProfile(writeProfile(twice))).toEqual(twice);
    let path = twice.blobs.history?.root;
    let depth = 0;
    for (; path?.children !== undefined; path = path.children.get("a")) depth += 1;
    expect(depth).toBe(BOUNDS.room.length);
    expect(path).toEqual({
      counts: { object: 2 },
      hazards: 0,
      runs: RunSet.of(1, [0]),
      crowded: true,
      others: expect.anything(),
    });
    expect(path?.others).toEqual({ counts: { object: 2 }, hazards: HAZARD.DEEP, runs: RunSet.of(1, [0]) });
  });
});
