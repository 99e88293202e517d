import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { logNames, stemOf } from "../../../src/sources/json-lines/names.js";

test("a file is named by its base name", () => {
  expect(logNames(["a/day1.jsonl", join("/x", "day2.jsonl.gz"), "-"])).toEqual(["day1.jsonl", "day2.jsonl.gz", "-"]);
});

test("where two have the same name, folders tell them apart", () => {
  expect(logNames(["a/m.jsonl", "b/m.jsonl", "c.jsonl"])).toEqual(["a/m.jsonl", "b/m.jsonl", "c.jsonl"]);
  expect(logNames(["x/a/m.jsonl", "y/a/m.jsonl", "y/b/m.jsonl"])).toEqual(["x/a/m.jsonl", "y/a/m.jsonl", "b/m.jsonl"]);
});

test("one path given in two ways is one file", () => {
  expect(logNames(["a/m.jsonl", resolve("a/m.jsonl")])).toEqual(["m.jsonl", "m.jsonl"]);
});

test.each([
  ["day1.jsonl", "day1"],
  ["day1.jsonl.gz", "day1"],
  ["day1.v2.ndjson.zst", "day1.v2"],
  ["day1", "day1"],
  [".jsonl", ".jsonl"],
  ["a/m.jsonl", "a/m"],
])("%s stands for the run %s", (name, stem) => expect(stemOf(name)).toBe(stem));
