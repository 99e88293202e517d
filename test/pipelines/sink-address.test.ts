import { expect, test } from "vitest";
import { CliError } from "../../src/errors.js";
import { parseSink } from "../../src/pipelines/sink-address.js";

test.each([
  ["parquet:out", "", "out"],
  ["parquet:out", "project", "project/out"],
  ["parquet:/data/out", "project", "/data/out"],
  ["parquet:a:b", "", "a:b"],
])("%s beside %j is %s", (text, base, dir) => {
  expect(parseSink(text, base)).toEqual({ kind: "parquet", dir });
});

test.each([
  ["duckdb:all.duckdb", "", "all.duckdb"],
  ["duckdb:all.duckdb", "project", "project/all.duckdb"],
  ["duckdb:C:/all.duckdb", "", "C:/all.duckdb"],
])("%s beside %j is %s", (text, base, file) => {
  expect(parseSink(text, base)).toEqual({ kind: "duckdb", file });
});

test.each(["", "parquet", "parquet:", "duckdb:", "out", ":out", "toString:x", "parquett:x"])(
  "%j is refused",
  (text) => {
    expect(() => parseSink(text, "")).toThrow(CliError);
  },
);

test("a misspelt kind is suggested", () => {
  try {
    parseSink("parqet:x", "");
    expect.unreachable();
  } catch (error) {
    expect((error as CliError).next).toBe("Write parquet:x.");
  }
});
