import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BlobName } from "../../src/blob.js";
import { SchemaError } from "../../src/errors.js";
import { flattenRecord, type RawRecord } from "../../src/flatten/flatten.js";
import { prepareRebuild, rebuildRecord } from "../../src/flatten/rebuild.js";
import { shapeRecord } from "../../src/flatten/shape.js";
import { type Plan, tableOf } from "../../src/plan/plan.js";
import { planColumns } from "../../src/plan/planner.js";
import { marked, registryOf, schemaError } from "../schema/fixture.js";

const plan = (schemas: Readonly<Record<string, unknown>>): Plan =>
  planColumns(registryOf(schemas), { naming: "snake" }).plan;

const inTable = (...keys: readonly string[]): object => ({
  type: "number",
  "x-column": { table: "fam", keys: Object.fromEntries(keys.map((key) => [key, "string"])) },
});

describe("rows of one table that could not be told apart are refused at the second pattern", () => {
  /** The schemas as texts, one pattern a line; the mark stands in the last one. */
  function refusal(schemas: Readonly<Record<string, string>>, file: string) {
    const { text, line, column } = marked(schemas[file] ?? "");
    const error = schemaError(() => plan({ ...schemas, [file]: text }));
    expect({ code: error.code, ...error.where }).toEqual({
      code: "schema/family-table",
      file: `built-in/${file}.schema.json`,
      line,
      column,
    });
    return error;
  }
  const member = (pattern: string, ...keys: readonly string[]): string =>
    `${pattern}: ${JSON.stringify(inTable(...keys))}`;
  const object = (...members: readonly string[]): string => `{"patternProperties": {\n${members.join(",\n")}}}`;

  test("one pattern in two blobs", () => {
    const error = refusal(
      {
        config: object(member('"^f\\\\.(?<n>.+)$"', "n")),
        summary: object(member('"^g(?<m>.+)$"', "m"), member('¶"^f\\\\.(?<n>.+)$"', "n")),
      },
      "summary",
    );
    expect(error.message).toContain("config");
    expect(error.message).toContain("summary");
    expect(error.next).toContain("table of its own");
  });

  test("two blobs whose keys are the same in another order", () => {
    refusal(
      {
        config: object(member('"^(?<a>.)-(?<b>.)$"', "a", "b")),
        summary: object(member('¶"^(?<b>.)/(?<a>.)$"', "b", "a")),
      },
      "summary",
    );
  });

  test.each([
    ["more keys", ["a"], ["a", "b"]],
    ["fewer keys", ["a", "b"], ["a"]],
  ])("a second blob whose pattern has all keys of the first's and %s", (_name, first, second) => {
    const pattern = (groups: readonly string[]): string => `"^${groups.map((group) => `(?<${group}>.)`).join("-")}$"`;
    refusal(
      {
        config: object(member(pattern(first), ...first)),
        "system-info": object(member(`¶${pattern(second)}`, ...second)),
      },
      "system-info",
    );
  });

  test("two patterns of one blob with the same keys and different names", () => {
    const error = refusal(
      { config: object(member('"^f\\\\.(?<n>.+)$"', "n"), member('¶"^g\\\\.(?<n>.+)$"', "n")) },
      "config",
    );
    expect(error.message).toContain("f.{n}");
    expect(error.message).toContain("g.{n}");
  });

  test("one pattern below two keys", () => {
    const below = (mark: string): string => `{"type": "object", ${object(member(`${mark}"^(?<n>.+)$"`, "n")).slice(1)}`;
    const error = refusal({ config: `{"properties": {"a": ${below("")}, "b": ${below("¶")}}}` }, "config");
    expect(error.message).toContain("b / {n}");
  });

  test("a key that the pattern lists and no group of it fills tells nothing apart", () => {
    refusal(
      { config: object(member('"^f(?<n>.+)$"', "n", "other")), summary: object(member('¶"^f(?<n>.+)$"', "n", "more")) },
      "summary",
    );
  });

  test.each([
    [
      "patterns of one blob with equal names",
      { "^f\\.(?<n>\\d+)$": inTable("n"), "^f\\.(?<n>[a-z]+)$": inTable("n") },
      {},
    ],
    [
      "patterns of one blob, one with a key more",
      { "^f(?<n>.)$": inTable("n"), "^f(?<n>.)-(?<m>.)$": inTable("n", "m") },
      {},
    ],
    ["blobs that each have a key of their own", { "^(?<n>.)$": inTable("n") }, { "^(?<m>.)$": inTable("m") }],
    [
      "blobs that share a key beside one of their own",
      { "^(?<n>.)-(?<a>.)$": inTable("n", "a") },
      { "^(?<n>.)-(?<b>.)$": inTable("n", "b") },
    ],
  ])("%s go together", (_name, config, summary) => {
    const found = plan({ config: { patternProperties: config }, summary: { patternProperties: summary } });
    expect(tableOf(found, "fam").families).toHaveLength(2);
  });
});

const BLOBS = ["config", "summary"] as const satisfies readonly BlobName[];

/** Patterns over digits that share and mix the groups a, b and c. */
const PATTERNS = [
  ["^f\\.(?<a>\\d)$", ["a"]],
  ["^f\\.(?<a>[3-7])$", ["a"]],
  ["^g\\.(?<a>\\d)$", ["a"]],
  ["^f\\.(?<b>\\d)$", ["b"]],
  ["^f\\.(?<a>\\d)-(?<b>\\d)$", ["a", "b"]],
  ["^f\\.(?<b>\\d)/(?<a>\\d)$", ["a", "b"]],
  ["^f\\.(?<a>\\d)-(?<c>\\d)$", ["a", "c"]],
  ["^h\\.(?<c>\\d)$", ["c"]],
] as const;

type Pattern = (typeof PATTERNS)[number];

function schemaOf(patterns: readonly Pattern[]): object {
  const member = ([pattern, groups]: Pattern): [string, object] => [
    pattern,
    { type: "integer", "x-column": { table: "fam", keys: Object.fromEntries(groups.map((key) => [key, "string"])) } },
  ];
  return { patternProperties: Object.fromEntries(patterns.map(member)) };
}

/** The plan, or undefined when the rows of `fam` could not be told apart. */
function planOf(patterns: Record<(typeof BLOBS)[number], readonly Pattern[]>): Plan | undefined {
  const schemas = Object.fromEntries(BLOBS.map((blob) => [blob, schemaOf(patterns[blob])]));
  try {
    return planColumns(registryOf(schemas), { naming: "snake" }).plan;
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    expect(["schema/family-table", "schema/family-pattern"]).toContain(error.code);
    return undefined;
  }
}

const NAMES = ["f", "g", "h"].flatMap((start) =>
  ["1", "4", "1-4", "1/4", "4-1", "4/1"].map((end) => `${start}.${end}`),
);
const members = fc.dictionary(fc.constantFrom(...NAMES), fc.integer({ min: 0, max: 9 }), {
  minKeys: 1,
  noNullPrototype: true,
});
const patterns = fc.uniqueArray(fc.constantFrom(...PATTERNS), { maxLength: 3 });

function recordOf(payload: Record<(typeof BLOBS)[number], object>): RawRecord {
  return {
    kind: "run",
    key: { entity: "acme", project: "vision", run_id: "r1" },
    step: -1n,
    ordinal: -1n,
    blobs: Object.fromEntries(BLOBS.map((blob) => [blob, JSON.stringify(payload[blob])])),
    computed: new Map(),
  };
}

test("whatever families share a table, its keys are unique and its rows give every blob back, or the plan is refused", () => {
  let shared = 0;
  let refused = 0;
  const run = fc.property(
    fc.record({ config: patterns, summary: patterns }),
    fc.record({ config: members, summary: members }),
    (declared, payload) => {
      const plan = planOf(declared);
      if (plan === undefined) {
        refused += 1;
        return;
      }
      if (declared.config.length === 0 && declared.summary.length === 0) return;
      const shape = shapeRecord(plan, "run");
      const { rows } = flattenRecord(shape, recordOf(payload));
      const { key } = tableOf(plan, "fam");
      const found = rows.get("fam") ?? [];
      if (found.length > 1) shared += 1;
      const keys = found.map((row) => JSON.stringify(key.map((name) => row.get(name))));
      expect(new Set(keys).size).toBe(keys.length);
      const main = rows.get("runs")?.[0] ?? new Map();
      const texts = rebuildRecord(prepareRebuild(shape), main, new Map([["fam", found]]));
      for (const blob of BLOBS) expect(JSON.parse(texts.get(blob) ?? "null")).toEqual(payload[blob]);
    },
  );
  fc.assert(run, { numRuns: 500 });
  expect(shared).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
});
