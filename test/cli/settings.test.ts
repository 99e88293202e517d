import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Effects } from "../../src/cli/effects.js";
import type { OptionName } from "../../src/cli/options.js";
import { parseSize, readSettings } from "../../src/cli/settings.js";
import { settingFlag } from "../../src/cli/variables.js";
import { nodeEnvironment } from "../../src/pipelines/node-environment.js";
import { emptyFolder } from "./cli.js";

const silent = { write: async () => {}, isTerminal: false, columns: 80 };

function effects(variables: Record<string, string>): Effects {
  const env = nodeEnvironment();
  const machine = { ...env.machine, memory: 8e9, threads: 3 };
  return { ...env, machine, variables, out: silent, err: silent };
}

async function projectWith(config: object): Promise<string> {
  const folder = await emptyFolder();
  await writeFile(join(folder, "wandb-columns.json"), JSON.stringify(config));
  return folder;
}

const options = (given: Partial<Record<OptionName, string | true>>) =>
  new Map(Object.entries(given) as [OptionName, string | true][]);

describe("settings", () => {
  test("have defaults", async () => {
    const project = await emptyFolder();
    const found = await readSettings(options({ project }), effects({}));
    expect(found).toMatchObject({
      onNew: "report",
      failOn: "error",
      naming: "snake",
      sources: [],
      entity: undefined,
      limits: { memory: 2e9, threads: 3 },
      sink: { kind: "parquet", dir: join(project, "tables") },
      tableOptions: { history: "wide", compression: "zstd", partitionBy: "none" },
    });
  });

  test("come from wandb-columns.json, over it the environment, over both the option", async () => {
    const project = await projectWith({ entity: "file", memory: "300MB", onNew: "add", failOn: "warning", threads: 2 });
    const read = (given: Partial<Record<OptionName, string>>, variables: Record<string, string>) =>
      readSettings(options({ project, ...given }), effects(variables));
    expect(await read({}, {})).toMatchObject({ entity: "file", limits: { memory: 3e8, threads: 2 }, onNew: "add" });
    const variables = { WANDB_COLUMNS_ENTITY: "variable", WANDB_COLUMNS_MEMORY: "400MB", WANDB_COLUMNS_ON_NEW: "fail" };
    expect(await read({}, variables)).toMatchObject({ entity: "variable", limits: { memory: 4e8 }, onNew: "fail" });
    const given = { entity: "option", memory: "500MB", "on-new": "report" } as const;
    expect(await read(given, variables)).toMatchObject({ entity: "option", limits: { memory: 5e8 }, onNew: "report" });
    expect(await read({}, { WANDB_COLUMNS_ENTITY: "" })).toMatchObject({ entity: "file", failOn: "warning" });
  });

  test("a source of the file says how its JSON Lines are to be read; an option wins", async () => {
    const source = { path: "rows/*.jsonl", kind: "history", runIdField: "run.id" } as const;
    const project = await projectWith({ sources: [source, "runs.jsonl"] });
    const path = join(project, "rows/*.jsonl");
    const found = await readSettings(options({ project }), effects({}));
    expect(found.sources).toEqual([{ ...source, path }, { path: join(project, "runs.jsonl") }]);
    const given = options({ project, kind: "runs", "project-field": "p" });
    expect((await readSettings(given, effects({}))).sources).toEqual([
      { ...source, path, kind: "runs", projectField: "p" },
      { path: join(project, "runs.jsonl"), kind: "runs", projectField: "p" },
    ]);
  });

  test("sources and output of the file are inside the project folder, --to is not", async () => {
    const project = await projectWith({ sources: ["wandb", "/abs/export"], output: "parquet:out" });
    const found = await readSettings(options({ project }), effects({}));
    expect(found.sources).toEqual([{ path: join(project, "wandb") }, { path: "/abs/export" }]);
    expect(found.sink).toEqual({ kind: "parquet", dir: join(project, "out") });
    const { sink } = await readSettings(options({ project, to: "parquet:here" }), effects({}));
    expect(sink).toEqual({ kind: "parquet", dir: "here" });
  });

  test("how tables are kept comes from all three", async () => {
    const project = await projectWith({ output: "duckdb:all.duckdb", history: "long", rowGroupSize: 4096 });
    const found = await readSettings(options({ project }), effects({ WANDB_COLUMNS_COMPRESSION: "snappy" }));
    expect(found.sink).toEqual({ kind: "duckdb", file: join(project, "all.duckdb") });
    expect(found.tableOptions).toEqual({
      history: "long",
      compression: "snappy",
      partitionBy: "none",
      rowGroupSize: 4096,
    });
    const given = options({
      project,
      to: "parquet:x",
      history: "struct",
      "row-group-size": "5000",
      "partition-by": "project",
    });
    const { tableOptions } = await readSettings(given, effects({ WANDB_COLUMNS_HISTORY: "wide" }));
    expect(tableOptions).toMatchObject({ history: "struct", rowGroupSize: 5000, partitionBy: "project" });
  });

  test("WANDB_COLUMNS_PROJECT names the folder", async () => {
    const folder = await emptyFolder();
    expect((await readSettings(options({}), effects({ WANDB_COLUMNS_PROJECT: folder }))).project.root).toBe(folder);
  });

  const bad: [
    name: string,
    given: Partial<Record<OptionName, string>>,
    variables: Record<string, string>,
    says: RegExp,
  ][] = [
    ["a size without unit", { memory: "2000" }, {}, /--memory is a size/],
    ["too little memory", { memory: "10MB" }, {}, /at least 200MB.*"10MB"/],
    ["an absurd size", { memory: `${"9".repeat(400)}GB` }, {}, /--memory is a size/],
    ["no threads", { threads: "0" }, {}, /--threads is a number from 1 to 1024/],
    ["threads that are no number", { threads: "two" }, {}, /found "two"/],
    [
      "a wrong variable",
      {},
      { WANDB_COLUMNS_FAIL_ON: "errors" },
      /WANDB_COLUMNS_FAIL_ON is one of error, warning, note, never/,
    ],
    ["an unknown sink", { to: "postgres:x" }, {}, /parquet:DIR or duckdb:FILE, found "postgres:x"/],
    [
      "a small row group",
      { "row-group-size": "100" },
      {},
      /--row-group-size is a whole number of at least 2048, found "100"/,
    ],
    ["a row group of words", { "row-group-size": "1e6" }, {}, /--row-group-size is a whole number/],
    [
      "an unknown compression",
      {},
      { WANDB_COLUMNS_COMPRESSION: "zip" },
      /WANDB_COLUMNS_COMPRESSION is one of zstd, snappy/,
    ],
    ["Parquet's options for a database", { to: "duckdb:x", compression: "gzip" }, {}, /--compression is for Parquet/],
    ["a sink without folder", { to: "parquet:" }, {}, /found "parquet:"/],
    ["a sink without prefix", { to: "tables" }, {}, /found "tables"/],
  ];
  test.each(bad)("refuse %s", async (_name, given, variables, says) => {
    const project = await emptyFolder();
    await expect(readSettings(options({ project, ...given }), effects(variables))).rejects.toThrow(says);
  });

  test("say of which file a wrong one is", async () => {
    const project = await projectWith({ memory: "2000" });
    await expect(readSettings(options({ project }), effects({}))).rejects.toThrow(
      '"memory" in wandb-columns.json is a size of at least 200MB, such as 2GB, found "2000"',
    );
  });

  test("a configuration that is a folder is an error of the system", async () => {
    const project = await emptyFolder();
    await mkdir(join(project, "wandb-columns.json"));
    await expect(readSettings(options({ project }), effects({}))).rejects.toThrow(/EISDIR/);
  });
});

test.each([
  ["200MB", 200e6],
  ["1.5 gb", 1.5e9],
  ["1GiB", 2 ** 30],
  ["300000000B", 3e8],
])("%s is %d bytes", (text, bytes) => {
  expect(parseSize(text, "--memory")).toBe(bytes);
});

test.each([
  ["1", true],
  ["true", true],
  ["0", false],
  ["false", false],
  ["", false],
])("WANDB_COLUMNS_QUIET=%j is %s", (value, want) => {
  expect(settingFlag("quiet", options({}), { WANDB_COLUMNS_QUIET: value })).toBe(want);
});
