import fc from "fast-check";
import type { RecordKind } from "../../src/blob.js";
import { readBlob } from "../../src/flatten/walk.js";
import { integerOf } from "../../src/json/number.js";
import type { LogicalType } from "../../src/plan/plan.js";
import { blobText, type PlannedColumn, plannedColumns, planOf } from "../flatten/hostile.js";
import { difference, roundTrip } from "../flatten/round-trip.js";
import { mutate } from "./mutate.js";
import { realTexts } from "./real-data.js";
import { must, type Target } from "./target.js";

/** A record and the columns that it is flattened into. */
interface Case {
  readonly kind: Extract<RecordKind, "run" | "history">;
  readonly columns: readonly PlannedColumn[];
  readonly family: LogicalType;
  readonly text: string;
}

let texts: string[] | undefined;

/** Flattening and its inverse: the payload comes back, whatever the text and the columns. */
export const flatten: Target = {
  name: "flatten",
  extension: "json",
  async make(random) {
    texts ??= await realTexts();
    const sample = <T>(arbitrary: fc.Arbitrary<T>): T =>
      fc.sample(arbitrary, { seed: random.next() | 0, numRuns: 1 })[0] as T;
    const source = random.chance(0.4) ? random.pick(texts) : sample(blobText);
    const item: Case = {
      kind: random.pick(["run", "history"]),
      columns: sample(plannedColumns),
      family: random.pick(["float64", "int64", "string"]),
      text: Buffer.from(mutate(Buffer.from(source), random)).toString("utf8"),
    };
    return Buffer.from(JSON.stringify(item));
  },
  check(bytes) {
    const { kind, columns, family, text } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Case;
    const blob = kind === "run" ? "config" : "history";
    const plan = kind === "run" ? planOf(columns, [], family) : planOf([], columns, family);
    const root = readBlob(text);
    const step = "why" in root ? undefined : root.members.find((member) => member.key === "_step")?.value;
    const token = step === undefined ? undefined : integerOf(text.slice(step.start, step.end));
    const isStep = token !== undefined && BigInt.asIntN(64, token) === token;
    const rebuilt = roundTrip(kind, plan, { [blob]: text }, isStep ? token : -1n).get(blob);
    const problem = difference(kind, plan, blob, text, rebuilt);
    must(problem === undefined, problem ?? "");
  },
};
