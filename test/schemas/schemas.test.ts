import { describe, expect, test } from "vitest";
import { LOGICAL_TYPES, SERIALIZED_REASONS } from "../../src/plan/plan.js";
import { BASE, builtIn, isObject, type JsonObject, type Located, validator, walk } from "./built-in.js";

const NAMES = [
  "config",
  "history-keys",
  "history-row",
  "run",
  "summary",
  "sweep",
  "system-event",
  "system-info",
  "system-metrics",
  "typed-value",
  "x-column",
];

const KEYWORDS = new Set(
  `$schema $id $ref $defs title description type properties patternProperties additionalProperties required items enum
  const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern format allOf examples
  default deprecated x-column`.split(/\s+/),
);
const TESTING = new Set(["if", "then", "else", "oneOf", "dependentRequired"]);

const everySchema = [...builtIn].flatMap(([name, schema]) => walk(schema).map((at) => ({ name, ...at })));
const xColumns = everySchema.flatMap(({ name, path, schema }) =>
  isObject(schema["x-column"]) ? [{ place: `${name}#${path}`, x: schema["x-column"] }] : [],
);

function properties(name: string): [string, JsonObject][] {
  const found = builtIn.get(name)?.["properties"];
  if (!isObject(found)) throw new TypeError(`${name} has no properties`);
  return Object.entries(found).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
}

function leaves(name: string): Map<string, JsonObject> {
  const found: [string, JsonObject][] = properties(name).flatMap(([key, schema]) =>
    isObject(schema["properties"])
      ? Object.entries(schema["properties"]).map(([inside, leaf]): [string, JsonObject] => {
          if (!isObject(leaf)) throw new TypeError(`${name} ${key} ${inside}`);
          return [`/${key}/${inside}`, leaf];
        })
      : [[`/${key}`, schema] as [string, JsonObject]],
  );
  return new Map(found);
}

function columnNames(name: string): (readonly [string, string])[] {
  return [...leaves(name)].flatMap(([path, leaf]) => {
    const x = leaf["x-column"];
    return isObject(x) && typeof x["name"] === "string" ? [[x["name"], path] as const] : [];
  });
}

test("the schemas are those that the documentation lists", () => {
  expect([...builtIn.keys()]).toEqual(NAMES);
});

describe.each(NAMES)("%s", (name) => {
  const schema = builtIn.get(name) ?? {};
  const all = walk(schema);

  test("names its draft, its $id and a title, and compiles in strict mode", () => {
    expect(schema["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(schema["$id"]).toBe(`${BASE}${name}.schema.json`);
    expect(schema["title"]).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(validator(name)).toBeTypeOf("function");
  });

  test("describes itself, every property, pattern and definition in sentences", () => {
    const poor = all.filter(({ schema: inside, named, path, tests }: Located) => {
      const text = inside["description"];
      return (named || path === "") && !tests && !(typeof text === "string" && /^\S.*[.:]$/s.test(text));
    });
    expect(poor.map(({ path }) => path)).toEqual([]);
  });

  test("uses the agreed keywords only", () => {
    const odd = all.flatMap(({ path, schema: inside }) =>
      Object.keys(inside)
        .filter((key) => !KEYWORDS.has(key) && !(TESTING.has(key) && ["typed-value", "x-column"].includes(name)))
        .map((key) => `${path}/${key}`),
    );
    expect(odd).toEqual([]);
  });

  test("its own examples are valid", () => {
    const wrong = all.flatMap(({ path, schema: inside }) => {
      const examples = inside["examples"];
      if (!Array.isArray(examples)) return [];
      const validate = validator(name, `#${path}`);
      return examples.filter((example) => !validate(example)).map((example) => [path, example]);
    });
    expect(wrong).toEqual([]);
  });
});

describe("x-column", () => {
  const meta = builtIn.get("x-column")?.["properties"];
  const member = (key: string): JsonObject => {
    const found = isObject(meta) ? meta[key] : undefined;
    if (!isObject(found)) throw new TypeError(`x-column has no ${key}`);
    return found;
  };

  test("every value obeys the meta-schema", () => {
    const validate = validator("x-column");
    expect(xColumns.length).toBeGreaterThan(150);
    expect(xColumns.filter(({ x }) => !validate(x))).toEqual([]);
  });

  test("its reasons and types are those of the plan", () => {
    expect(member("reason")["enum"]).toEqual([...SERIALIZED_REASONS]);
    expect(member("type")["enum"]).toEqual([...LOGICAL_TYPES]);
  });

  test("every promoted leaf says who writes it", () => {
    const silent = ["run", "config", "summary", "system-info", "history-row", "system-event", "sweep"].flatMap((name) =>
      [...leaves(name)].flatMap(([path, leaf]) => {
        const x = isObject(leaf["x-column"]) ? leaf["x-column"] : {};
        const own = x["promote"] === false || x["source"] !== undefined;
        const parent = properties(name).find(([key]) => path.startsWith(`/${key}/`))?.[1]["x-column"];
        return own || (isObject(parent) && parent["promote"] === false) ? [] : [`${name}${path}`];
      }),
    );
    expect(silent).toEqual([]);
  });

  test.each(["run", "sweep", "system-event", "history-row"])("no two columns of %s have one name", (name) => {
    const names = columnNames(name).map(([column]) => column);
    expect(new Set(names).size).toBe(names.length);
  });

  test("the run has its life columns where they are expected", () => {
    expect(Object.fromEntries(columnNames("run"))).toMatchObject({
      name: "/displayName",
      state: "/state",
      created_at: "/createdAt",
      heartbeat_at: "/heartbeatAt",
      user: "/user/username",
      user_name: "/user/name",
      run_group: "/group",
      job_type: "/jobType",
      tags: "/tags",
      notes: "/notes",
      sweep_id: "/sweepName",
      commit: "/commit",
      host: "/host",
      runtime_s: "/runtime",
      exit_code: "/exitCode",
      history_rows_expected: "/historyLineCount",
    });
  });

  test("every moment is a UTC timestamp", () => {
    const moments = everySchema.filter(({ schema }) => schema["format"] === "date-time");
    expect(moments.length).toBeGreaterThanOrEqual(7);
    expect(
      moments.filter(({ schema }) => !isObject(schema["x-column"]) || schema["x-column"]["zone"] !== "utc"),
    ).toEqual([]);
  });
});
