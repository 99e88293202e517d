import fc from "fast-check";
import { HAZARD, UNUSABLE } from "../../src/profile/profile.js";
import { Profiler } from "../../src/profile/profiler.js";
import { writeProfile } from "../../src/profile/serialize.js";
import { objectText, profileOf, runKey } from "../profile/documents.js";
import { readObject, referenceHazards, referenceProfile } from "../profile/reference.js";
import { mutate } from "./mutate.js";
import { realTexts } from "./real-data.js";
import { must, type Target } from "./target.js";

let texts: string[] | undefined;
/** Goes from case to case: what one text leaves behind must not change the next. */
const lived = new Profiler();
let scanned = 0;

/** The import pass over a text, held to a reader that builds whole trees. */
export const tokenizer: Target = {
  name: "tokenizer",
  extension: "json",
  async make(random) {
    texts ??= await realTexts();
    const source = random.chance(0.5)
      ? random.pick(texts)
      : (fc.sample(objectText, { seed: random.next() | 0, numRuns: 1 })[0] ?? "{}");
    return mutate(Buffer.from(source), random, Buffer.from(random.pick(texts)));
  },
  check(bytes) {
    const expected = referenceHazards(bytes);
    const fresh = new Profiler().scan("history", bytes, 0, bytes.length);
    must(fresh === expected, `hazards ${fresh}, by the tree ${expected}`);
    const again = lived.scan("history", bytes, 0, bytes.length);
    must(again === expected, `hazards ${again} after other texts, by the tree ${expected}`);
    must(
      (lived.refusal !== undefined) === ((expected & UNUSABLE) !== 0),
      "a reason is there when the text is unusable",
    );
    const step = readObject(bytes)?.root.members.find((member) => member.key === "_step");
    if ((expected & HAZARD.REFUSED) === 0)
      must((step !== undefined) === lived.stepFrom >= 0, "_step is found where it is");
    scanned += 1;
    if (scanned % 200 === 0) lived.finish();
    const record = [{ run: runKey("r"), blob: "history" as const, bytes }];
    must(
      writeProfile(profileOf(record)) === writeProfile(referenceProfile(record)),
      "the profile is that of its definition",
    );
  },
};
