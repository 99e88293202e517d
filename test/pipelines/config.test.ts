import { expect, test } from "vitest";
import { SchemaError } from "../../src/errors.js";
import { readConfig, thresholdsOf } from "../../src/pipelines/config.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";

test("every setting is optional", () => {
  expect(readConfig("{}", "wandb-columns.json")).toEqual({});
  expect(thresholdsOf({})).toEqual(DEFAULT_THRESHOLDS);
  expect(thresholdsOf({ thresholds: { maxDepth: 2 } })).toEqual({ ...DEFAULT_THRESHOLDS, maxDepth: 2 });
});

test("all settings are read", () => {
  const config = {
    $schema: "./node_modules/wandb-columns/formats/wandb-columns.schema.json",
    sources: ["wandb", "export"],
    entity: "lab",
    wandbProject: "mnist",
    onNew: "add",
    failOn: "warning",
    memory: "2GB",
    threads: 2,
    naming: "verbatim",
    output: "parquet:tables",
    thresholds: { maxDepth: 3, maxMembers: 10, maxColumns: 100, minFill: 0.1 },
  };
  expect(readConfig(JSON.stringify(config), "c.json")).toEqual(config);
});

const bad: [name: string, text: string, code: string, says: RegExp, line: number][] = [
  ["no JSON", '{\n"a": }', "schema/json", /not JSON/, 2],
  ["an empty file", "", "schema/json", /not JSON/, 1],
  ["a list", "[]", "schema/root", /one JSON object, found array/, 1],
  ["a key twice", '{"naming":"snake",\n"naming":"snake"}', "schema/duplicate-key", /"naming" stands twice/, 2],
  ["an unknown setting", '{\n\n"onnew": "add"}', "config/unknown-member", /no setting "onnew"/, 1],
  ["an unknown threshold", '{\n"thresholds": {"maxdepth": 1}}', "config/unknown-member", /no setting "maxdepth"/, 2],
  ["a choice that is none", '{\n"onNew": "ad"}', "config/value", /onNew is none of report, add, fail/, 2],
  ["a wrong type", '{\n"sources": "wandb"}', "config/value", /sources must be array/, 2],
  [
    "a kind of records that is none",
    '{"sources": [\n{"path": "a", "kind": "rows"}]}',
    "config/value",
    /sources\/0\/kind is none of history, runs/,
    2,
  ],
  [
    "a misspelt member of a source",
    '{"sources": [\n{"path": "a", "runIdFeild": "x"}]}',
    "config/unknown-member",
    /"runIdFeild"/,
    2,
  ],
  ["a wrong element", '{"sources": [\n""]}', "config/value", /sources\/0 must NOT have fewer/, 2],
  ["a number out of range", '{\n"threads": 0}', "config/value", /threads must be >= 1/, 2],
];
test.each(bad)("%s is told with line and next step", (_name, text, code, says, line) => {
  let error: unknown;
  try {
    readConfig(text, "wandb-columns.json");
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(SchemaError);
  const { code: found, message, where, next } = error as SchemaError;
  expect(found).toBe(code);
  expect(message).toMatch(says);
  expect(where).toMatchObject({ file: "wandb-columns.json", line });
  expect(next).toBeTypeOf("string");
});

test("a misspelt setting is suggested", () => {
  expect(() => readConfig('{"treads": 2}', "c.json")).toThrow(SchemaError);
  try {
    readConfig('{"treads": 2}', "c.json");
  } catch (error) {
    expect((error as SchemaError).next).toBe('Did you mean "threads"?');
  }
});
