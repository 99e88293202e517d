import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DEPTH } from "../../src/json/read.js";
import { emptyProfile, mergeProfiles } from "../../src/profile/merge.js";
import type { Profile } from "../../src/profile/profile.js";
import { readProfile, writeProfile } from "../../src/profile/serialize.js";
import { encode, profileOf, records, runKey } from "./documents.js";

const profile: fc.Arbitrary<Profile> = records.map(profileOf);

describe("mergeProfiles", () => {
  it("gives the same bytes for any order of records and any split", () => {
    const splits = records.chain((sample) =>
      fc.record({
        sample: fc.constant(sample),
        shuffled: fc.shuffledSubarray(sample, { minLength: sample.length }),
        cuts: fc.array(fc.nat(sample.length), { maxLength: 3 }),
      }),
    );
    fc.assert(
      fc.property(splits, ({ sample, shuffled, cuts }) => {
        const bounds = [0, ...cuts.sort((a, b) => a - b), sample.length];
        const parts = bounds.slice(1).map((end, k) => profileOf(shuffled.slice(bounds[k], end)));
        const merged = parts.reduceRight((all, part) => mergeProfiles(part, all), emptyProfile());
        expect(writeProfile(merged)).toBe(writeProfile(profileOf(sample)));
      }),
      { numRuns: 400 },
    );
  });

  it("is commutative and associative, with the empty profile as its unit", () => {
    fc.assert(
      fc.property(profile, profile, profile, (a, b, c) => {
        expect(mergeProfiles(a, b)).toEqual(mergeProfiles(b, a));
        expect(writeProfile(mergeProfiles(a, b))).toBe(writeProfile(mergeProfiles(b, a)));
        const left = mergeProfiles(mergeProfiles(a, b), c);
        expect(writeProfile(left)).toBe(writeProfile(mergeProfiles(a, mergeProfiles(b, c))));
        expect(mergeProfiles(a, emptyProfile())).toEqual(a);
        expect(mergeProfiles(emptyProfile(), a)).toEqual(a);
      }),
      { numRuns: 150 },
    );
  });

  it("changes neither argument and shares nothing with them", () => {
    const a = profileOf([{ run: runKey("a"), blob: "config", bytes: encode('{"x":[1],"y":{"z":"s"}}') }]);
    const b = profileOf([{ run: runKey("b"), blob: "config", bytes: encode('{"x":2,"w":null}') }]);
    const before = [writeProfile(a), writeProfile(b)];
    const merged = mergeProfiles(a, b);
    merged.blobs.config?.root.children?.get("w")?.runs.push(99);
    merged.blobs.config?.runs.push("x");
    expect([writeProfile(a), writeProfile(b)]).toEqual(before);
  });

  it("goes as deep as a text may", () => {
    const text = `${'{"a":'.repeat(MAX_DEPTH - 1)}{"b":1}${"}".repeat(MAX_DEPTH - 1)}`;
    const deep = profileOf([{ run: runKey("r"), blob: "history", bytes: encode(text) }]);
    const twice = mergeProfiles(deep, deep);
    expect(writeProfile(readProfile(writeProfile(twice)))).toBe(writeProfile(twice));
    expect(twice.blobs.history?.root.children?.get("a")?.counts).toEqual({ object: 2 });
  });
});
