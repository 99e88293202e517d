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

test.each([
  ["parqet:x", "Write parquet:x."],
  ["duckbd:x", "Write duckdb:x."],
  ["sqlite:all.db", "Write duckdb:all.db."],
  ["all.duckdb", "Write duckdb:all.duckdb."],
  ["x.duckdb", "Write duckdb:x.duckdb."],
  ["duckdb", "Write, for example, duckdb:tables.duckdb."],
  ["duckdb:", "Write, for example, duckdb:tables.duckdb."],
  ["parquet:", "Write, for example, parquet:tables."],
  ["postgres:x", "Write, for example, parquet:tables."],
  ["", "Write, for example, parquet:tables."],
])("%j is told how it is written", (text, next) => {
  expect(() => parseSink(text, "")).toThrow(expect.objectContaining({ code: "usage/sink", next }));
});
