import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BlobName } from "../../src/blob.js";
import { formatPointer } from "../../src/json/pointer.js";
import type { Plan } from "../../src/plan/plan.js";
import { infer } from "../../src/profile/infer.js";
import { OVER_BUDGET_SAYS } from "../../src/profile/infer-budget.js";
import { declaredPaths } from "../../src/profile/infer-declared.js";
import type { SchemaPatch } from "../../src/profile/infer-patch.js";
import { DEFAULT_THRESHOLDS, RULES, type Thresholds } from "../../src/profile/infer-rules.js";
import { profileOf } from "./infer-profile.js";

const FOLDER = new URL("infer/", import.meta.url);
const NOTHING: Plan = { format: 1, naming: "snake", tables: [], serialized: [], retired: [] };

interface Case {
  readonly says: string;
  readonly blob: BlobName;
  readonly records: readonly string[];
  readonly thresholds?: Partial<Thresholds>;
  readonly twins?: Record<string, string>;
  readonly want: Record<string, { rule: string; decision: string; type?: string; reason?: string; property: object }>;
  readonly containers?: Record<string, object>;
}

const ruleIds = [...RULES.map((rule) => rule.id), "over-budget"];
const casesOf = (rule: string): Case[] => JSON.parse(readFileSync(new URL(`${rule}.json`, FOLDER), "utf8")) as Case[];

/** Decisions and properties of a patch by JSON Pointer. */
function outcome(patch: SchemaPatch, blob: BlobName) {
  const decided = new Set(patch.decisions.map((item) => formatPointer(item.path)));
  const properties = (patch.properties.get(blob) ?? []).map(
    (item) => [formatPointer(item.path), item.property] as const,
  );
  const property = new Map(properties);
  return {
    decisions: patch.decisions.map(({ path, rule, decision, type, reason }) => [
      formatPointer(path),
      { rule, decision, type, reason, property: property.get(formatPointer(path)) },
    ]),
    containers: Object.fromEntries(properties.filter(([path]) => !decided.has(path))),
  };
}

function inferCase(item: Case) {
  const profile = profileOf(item.records.map((text) => ({ blob: item.blob, text })));
  const twins = new Map([[item.blob, new Map(Object.entries(item.twins ?? {}))]]);
  return infer(profile, declaredPaths(NOTHING), { ...DEFAULT_THRESHOLDS, ...item.thresholds }, twins);
}

describe("every rule has a fixture, every fixture a rule", () => {
  it("by name", () => {
    const files = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ""));
    expect(files.sort()).toEqual([...ruleIds].sort());
  });
  it("that shows the rule at work", () => {
    for (const rule of ruleIds.filter((id) => id !== "members")) {
      const rules = casesOf(rule).flatMap((item) => Object.values(item.want).map((want) => want.rule));
      expect(rules, rule).toContain(rule);
    }
  });
});

describe.each(ruleIds)("rule %s", (rule) => {
  it.each(casesOf(rule).map((item) => [item.says, item] as const))("%s", (_says, item) => {
    const got = outcome(inferCase(item), item.blob);
    const want = Object.entries(item.want).map(([path, { type, reason, ...rest }]) => [
      path,
      { ...rest, type, reason },
    ]);
    expect(new Map(got.decisions as [string, object][])).toEqual(new Map(want as [string, object][]));
    if (item.containers !== undefined) expect(got.containers).toEqual(item.containers);
  });
});

it("the documentation has every rule, in order, in its own words", () => {
  const text = readFileSync(new URL("../../docs/inference.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\|\s*\d+\s*\|\s*`([a-z-]+)`\s*\|\s*(.+?)\s*\|$/gm)].map(([, id, says]) => ({
    id,
    says,
  }));
  const want = [...RULES.map(({ id, says }) => ({ id, says })), { id: "over-budget", says: OVER_BUDGET_SAYS }];
  expect(rows).toEqual(want);
});

const key = fc.constantFrom("a", "b", "c", "", "__proto__", "x/y", "_type");
const scalar = fc.constantFrom(
  "1",
  "-7",
  "0.5",
  "1e400",
  "9007199254740993",
  '"x"',
  '"NaN"',
  "NaN",
  "null",
  "true",
  "12.0",
  "-0",
);
const { value: json } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
    fc
      .dictionary(key, tie("value"), { maxKeys: 3 })
      .map((members) => `{${Object.entries(members).map(([name, value]) => `${JSON.stringify(name)}:${value}`)}}`),
  ),
}));
const record = fc
  .uniqueArray(fc.tuple(key, json), { selector: ([name]) => name, maxLength: 4 })
  .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`);
const sample = fc.record({
  blob: fc.constantFrom<BlobName>("config", "summary", "history"),
  text: record,
  run: fc.constantFrom("r1", "r2", "r3"),
});

describe("laws", () => {
  const thresholds = { ...DEFAULT_THRESHOLDS, maxMembers: 2, maxColumns: 3, maxDepth: 3 };

  it("the order of the data does not matter", () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (samples, keys) => {
        const order = new Map(samples.map((item) => [item, keys.next().value as number]));
        const shuffled = samples.toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
        const [one, two] = [samples, shuffled].map((list) =>
          infer(profileOf(list), declaredPaths(NOTHING), thresholds),
        );
        expect(two).toEqual(one);
      }),
    );
  });

  it("a path is decided once, and nothing is proposed below or above a decision", () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 8 }), (samples) => {
        const { decisions } = infer(profileOf(samples), declaredPaths(NOTHING), thresholds);
        for (const a of decisions) {
          const related = decisions.filter((b) => b.blob === a.blob && a.path.every((part, i) => part === b.path[i]));
          expect(related).toEqual([a]);
        }
      }),
    );
  });
});
