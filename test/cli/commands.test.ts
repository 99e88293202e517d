import { chmod, cp, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { formatSchemas } from "../../src/pipelines/formats.js";
import { DR_WANDB, emptyFolder, OFFLINE, run, start } from "./cli.js";

const formats = formatSchemas();

/** Parses a result and checks it against its published schema. */
function checked<T = Record<string, unknown>>(name: string, text: string): T {
  const schema = JSON.parse(formats.get(`${name}.schema.json`) ?? "null") as object;
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile<T>(schema);
  const value: unknown = JSON.parse(text);
  if (!validate(value)) throw new Error(`${name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
  return value;
}

/** Rights do not bind the superuser, as whom containers often run. */
const AS_NOBODY = process.getuid?.() === 0 ? { uid: 65534 } : {};

/** A copy of a folder that its reader may not change. */
async function unwritable(folder: string): Promise<string> {
  const copy = join(await emptyFolder(), "copy");
  await cp(folder, copy, { recursive: true });
  await chmod(join(copy, ".."), 0o755);
  for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o555 : 0o444);
  }
  await chmod(copy, 0o555);
  return copy;
}

/** The logs of one run: few columns, so that commands are quick. */
const LOGS = join(OFFLINE, "baseline");

let large: string;
let project: string;
let synced: Awaited<ReturnType<typeof run>>;

beforeAll(async () => {
  large = await emptyFolder();
  synced = await run(["sync", DR_WANDB, "--project", large]);
  project = await emptyFolder();
  expect((await run(["sync", LOGS, "--entity", "lab", "--project", project])).code).toBe(0);
});

describe("sync of a dr_wandb export", () => {
  test("says what there is, what was written and what comes next", () => {
    expect(synced).toMatchObject({ code: 0, err: "" });
    expect(synced.out).toMatch(/^6 runs, 2,549 history rows; logs: 6 new, 0 unchanged\n/);
    expect(synced.out).toContain("schemas/config.schema.json");
    expect(synced.out).toMatch(/tables\/runs\.parquet +6 rows/);
    expect(synced.out).toMatch(/report\.md\n/);
    expect(synced.out).toMatch(/ml-moe\/ft-scaling +6 runs +0 new paths/);
    expect(synced.out).toContain(`wandb-columns report --project ${large}`);
  });

  test("ignores a database inside the project, too", async () => {
    const project = await emptyFolder();
    await writeFile(join(project, "wandb-columns.json"), '{"output":"duckdb:out put/my.duckdb"}');
    await writeFile(join(project, "rows.jsonl"), '{"run_id":"a","_step":0,"loss":1}\n');
    const made = await run(["sync", join(project, "rows.jsonl"), "--project", project, "--fail-on", "never"]);
    expect(made.code).toBe(0);
    const ignored = await readFile(join(project, ".gitignore"), "utf8");
    expect(ignored).toBe("raw/\ntables/\nreport/\n/out\\ put/my.duckdb\n");
  });

  test("writes schemas, .gitignore, generated, tables and report", async () => {
    const names = (await readdir(large)).sort();
    expect(names).toEqual([".gitignore", "generated", "raw", "report", "schemas", "tables"]);
    expect(await readFile(join(large, ".gitignore"), "utf8")).toBe("raw/\ntables/\nreport/\n");
    checked("report", await readFile(join(large, "report/report.json"), "utf8"));
    checked("plan", await readFile(join(large, "generated/plan.json"), "utf8"));
    checked("raw-manifest", await readFile(join(large, "raw/manifest.json"), "utf8"));
    checked("tables-manifest", await readFile(join(large, "tables/manifest.json"), "utf8"));
  });

  test("again finds nothing new and changes no table", async () => {
    const before = await readFile(join(large, "tables/manifest.json"), "utf8");
    const again = await run(["sync", DR_WANDB, "--project", large, "--json"]);
    expect(again.code).toBe(0);
    const result = checked("sync-result", again.out);
    expect(result).toMatchObject({ logs_added: 0, logs_unchanged: 6, schemas: { action: "kept", files: [] } });
    expect(await readFile(join(large, "tables/manifest.json"), "utf8")).toBe(before);
  });
});

describe("the reading commands", () => {
  const cases: [args: string[], format: string, want: object][] = [
    [["status"], "status", { runs: 1, new_paths: 0 }],
    [["report"], "report", { totals: { runs: 1, to_decide: 0, misfits: 0 } }],
    [["plan"], "plan", { format: 1, naming: "snake" }],
    [["infer"], "infer-result", { decisions: [], patches: [], written: false }],
    [["generate", "--check"], "generate-result", { fresh: true, stale: [] }],
    [["export", "--dry-run"], "export-plan", { runs: 1 }],
    [["export"], "export-result", { skipped: true }],
    [["explain", "eval_loss"], "explain-result", { answers: [{ kind: "column", table: "history" }] }],
    [["import", LOGS, "--entity", "lab"], "import-result", { logs_added: 0, logs_unchanged: 1, runs: 1 }],
    [["import", DR_WANDB, "--dry-run"], "sources-result", { sources: [{ kind: "dr-wandb" }] }],
    [["sync", DR_WANDB, "--dry-run"], "sources-result", { findings: [] }],
  ];
  test.each(cases)("%j --json is valid against its published schema", async (args, format, want) => {
    const { code, out, err } = await run([...args, "--project", project, "--json"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(checked(format, out)).toMatchObject(want);
  });

  test("report prints text and Markdown", async () => {
    const text = await run(["report", "--project", project]);
    expect(text).toMatchObject({ code: 0, err: "" });
    expect(text.out).toMatch(/^1 run, /);
    const markdown = await run(["report", "--format", "md", "--project", project]);
    expect(markdown.out).toMatch(/^# Report\n/);
    expect(markdown.out).toBe(await readFile(join(project, "report/report.md"), "utf8"));
  });

  test("plan shows one table, and its query", async () => {
    const list = await run(["plan", "--table", "sweeps", "--project", project]);
    expect(list.out).toMatch(/^sweeps: \d+ columns, key entity, project, sweep_id\n/);
    const sql = await run(["plan", "--table", "history", "--sql", "--project", project]);
    expect(sql.out).toMatch(/^-- history, from raw history records\nSELECT /);
    const wrong = await run(["plan", "--table", "runz", "--project", project]);
    expect(wrong).toMatchObject({ code: 2, out: "" });
    expect(wrong.err).toContain('Did you mean "runs"?');
  });

  test("explain of an unknown name exits with 1 and suggests", async () => {
    const { code, out } = await run(["explain", "evla_loss", "--project", project]);
    expect(code).toBe(1);
    expect(out).toContain("eval_loss");
  });

  test("rebuild prints every record as a JSON line", async () => {
    const { code, out, err } = await run(["rebuild", "--project", project]);
    expect({ code, err }).toEqual({ code: 0, err: "Rebuilt 1 run and 500 history rows.\n" });
    const lines = out.trimEnd().split("\n");
    const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds.filter((kind) => kind === "run").length).toBe(1);
    expect(kinds.filter((kind) => kind === "history").length).toBe(500);
    expect(await run(["rebuild", "--project", project, "-q"])).toMatchObject({ err: "" });
  });

  test("a reader that goes away is no error", async () => {
    const child = start(["rebuild", "--project", project]);
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  test("work in a folder that cannot be written", async () => {
    const copy = await unwritable(project);
    for (const args of [["status"], ["report"], ["infer"], ["explain", "eval_loss"], ["rebuild"]]) {
      const { code, err } = await run([...args, "--project", copy], AS_NOBODY);
      expect({ args, code, err: err.replace(/^Rebuilt .*\n$/, "") }).toEqual({ args, code: 0, err: "" });
    }
  });

  test("and the writing ones say so", async () => {
    const copy = await unwritable(project);
    for (const args of [["import", LOGS], ["sync", LOGS], ["infer", "--write"], ["generate"]]) {
      const { code, err } = await run([...args, "--project", copy], AS_NOBODY);
      if (args[0] === "infer" || args[0] === "generate") expect({ args, code }).toEqual({ args, code: 0 });
      else {
        expect({ args, code }).toEqual({ args, code: 2 });
        expect(err).toMatch(/permission/);
      }
    }
    const empty = await unwritable(await emptyFolder());
    const { code, err } = await run(["generate", "--project", empty], AS_NOBODY);
    expect(code).toBe(2);
    expect(err).toMatch(/cannot be written: EACCES/);
  });
});

describe("new paths", () => {
  let other: string;
  const open = '{"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{}}';

  beforeAll(async () => {
    other = await emptyFolder();
    await mkdir(join(other, "schemas"));
    await writeFile(join(other, "schemas/shared.schema.json"), open);
  });

  test("stay in the residual by default, and are counted", async () => {
    const { code, out } = await run(["sync", LOGS, "--project", other, "--json"]);
    expect(code).toBe(0);
    const result = checked<{ projects: { new_paths: number }[]; next: string[] }>("sync-result", out);
    expect(result.projects[0]?.new_paths).toBeGreaterThan(10);
    expect(result.next[0]).toBe(`wandb-columns infer --project ${other}`);
    expect(await readdir(join(other, "schemas"))).toEqual(["shared.schema.json"]);
    const strict = await run(["report", "--fail-on", "warning", "--project", other]);
    expect(strict.code).toBe(1);
  });

  test("stop a sync with --on-new fail, which leaves the tables alone", async () => {
    const before = await readFile(join(other, "tables/manifest.json"), "utf8");
    const { code, out } = await run(["sync", LOGS, "--project", other, "--on-new", "fail"]);
    expect(code).toBe(1);
    expect(out).toContain("--on-new is fail");
    expect(await readFile(join(other, "tables/manifest.json"), "utf8")).toBe(before);
  });

  test("are proposed as a JSON Patch, which writes nothing", async () => {
    const { code, out } = await run(["infer", "--project", other, "--json"]);
    expect(code).toBe(0);
    const { decisions, patches } = checked<{ decisions: unknown[]; patches: { file: string }[] }>("infer-result", out);
    expect(decisions.length).toBeGreaterThan(10);
    expect(patches.map((item) => item.file)).toContain("schemas/config.schema.json");
    expect(await readdir(join(other, "schemas"))).toEqual(["shared.schema.json"]);
  });

  test("get columns with --on-new add, and generated/ follows", async () => {
    const { code, out } = await run(["sync", LOGS, "--project", other, "--on-new", "add", "--json"]);
    expect(code).toBe(0);
    const result = checked("sync-result", out);
    expect(result).toMatchObject({ schemas: { action: "extended" }, totals: { to_decide: 0 }, logs_added: 0 });
    expect((await run(["generate", "--check", "--project", other])).code).toBe(0);
    expect((await run(["infer", "--project", other])).out).toContain("nothing to propose");
  });
});

describe("generate", () => {
  test("--check names what is stale, missing and orphaned, and exits with 1", async () => {
    const folder = await emptyFolder();
    expect((await run(["generate", "--project", folder])).code).toBe(0);
    await writeFile(join(folder, "generated/plan.json"), "{}\n");
    await writeFile(join(folder, "generated/types/old.d.ts"), "export {};\n");
    const checkedRun = await run(["generate", "--check", "--project", folder, "--json"]);
    expect(checkedRun.code).toBe(1);
    expect(checked("generate-result", checkedRun.out)).toMatchObject({
      fresh: false,
      stale: ["plan.json"],
      missing: [],
      orphaned: ["types/old.d.ts"],
    });
    expect((await run(["generate", "--dry-run", "--project", folder])).code).toBe(0);
    const written = await run(["generate", "--project", folder, "--json"]);
    expect(checked("generate-result", written.out)).toMatchObject({
      written: ["plan.json"],
      removed: ["types/old.d.ts"],
    });
    expect((await run(["generate", "--check", "--project", folder])).code).toBe(0);
  });

  test("a schema that is wrong is told with file, line and column", async () => {
    const folder = await emptyFolder();
    await mkdir(join(folder, "schemas"));
    await writeFile(join(folder, "schemas/config.schema.json"), '{\n  "properties": {"a": {"x-colum": {}}}\n}\n');
    const { code, out, err } = await run(["generate", "--project", folder]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/where: schemas\/config\.schema\.json:2:\d+/);
    expect(err).not.toMatch(/at .*\.js:/);
  });
});

describe("an input that is not what it says", () => {
  async function refused(name: string, make: (folder: string) => Promise<string>, says: RegExp): Promise<void> {
    const folder = await emptyFolder();
    const path = await make(folder);
    const { code, out, err } = await run(["sync", path, "--project", join(folder, "project")]);
    expect({ name, code, out }).toEqual({ name, code: 2, out: "" });
    expect(err).toMatch(says);
    expect(err).toMatch(/next: /);
    expect(err).not.toMatch(/Unexpected|at .*\.js:/);
  }
  const named = (file: string, text: string | Uint8Array) => async (folder: string) => {
    await writeFile(join(folder, file), text);
    return join(folder, file);
  };

  test("a path where nothing is", () => refused("nothing", async (folder) => join(folder, "nope"), /no such file/));
  test("an empty folder", () =>
    refused(
      "empty",
      async (folder) => folder,
      /nothing that can be imported was found; run-<id>\.wandb, wandb-history/,
    ));
  test("a file of another kind", () => refused("text", named("notes.txt", "hello"), /does not end in \.wandb/));
  test("a Parquet file by name only", () =>
    refused("no Parquet", named("runs_metadata.parquet", "hello, this is no Parquet"), /runs_metadata\.parquet/));
  test("an empty Parquet file", () => refused("empty Parquet", named("runs_history.parquet", ""), /runs_history/));
  test("a .wandb file by name only", () =>
    refused("no log", named("run-x.wandb", Buffer.from("this is no W&B log at all")), /No W&B run can be read/));
  test("an empty .wandb file", () => refused("empty log", named("run-x.wandb", ""), /No W&B run can be read/));
  test("a truncated Parquet file", () =>
    refused(
      "truncated",
      async (folder) => {
        await cp(join(DR_WANDB, "runs_metadata.parquet"), join(folder, "runs_metadata.parquet"));
        await truncate(join(folder, "runs_metadata.parquet"), 5000);
        return folder;
      },
      /runs_metadata\.parquet/,
    ));

  test("one of two paths: the other is imported, and the exit code is 1", async () => {
    const folder = await emptyFolder();
    const { code, out } = await run(["import", DR_WANDB, join(folder, "nope"), "--project", folder, "--json"]);
    expect(code).toBe(1);
    expect(checked("import-result", out)).toMatchObject({
      logs_added: 6,
      findings: [{ code: "source/unreadable", severity: "error", count: 1 }],
    });
    const never = await run(["import", DR_WANDB, join(folder, "nope"), "--project", folder, "--fail-on", "never"]);
    expect(never.code).toBe(0);
  });

  test("a history that is truncated beside whole metadata gives the metadata and a finding", async () => {
    const folder = await emptyFolder();
    await cp(DR_WANDB, join(folder, "export"), { recursive: true });
    await truncate(join(folder, "export/runs_history.parquet"), 9000);
    const { code, out } = await run(["import", join(folder, "export"), "--project", folder, "--json"]);
    expect(code).toBe(1);
    const result = checked<{ runs: number; findings: { code: string }[] }>("import-result", out);
    expect(result.runs).toBe(6);
    expect(result.findings.map((group) => group.code)).toContain("source/truncated");
  });

  test("a wandb-columns.json that is wrong", async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, "wandb-columns.json"), '{\n  "onnew": "add"\n}\n');
    const { code, err } = await run(["status", "--project", folder]);
    expect(code).toBe(2);
    expect(err).toContain('Did you mean "onNew"?');
    expect(err).toMatch(/wandb-columns\.json:/);
  });

  test("a raw store whose manifest is damaged", async () => {
    const folder = await emptyFolder();
    await cp(project, folder, { recursive: true });
    await writeFile(join(folder, "raw/manifest.json"), '{"format":1,');
    const { code, err } = await run(["report", "--project", folder]);
    expect(code).toBe(2);
    expect(err).toMatch(/raw\/manifest\.json is not a raw store's manifest.*\[store\/manifest\]/);
  });
});

describe("without data", () => {
  test.each([["infer"], ["export"], ["report"], ["explain x"]])("%s says what to do first", async (line) => {
    const folder = await emptyFolder();
    const { code, out, err } = await run([...line.split(" "), "--project", folder]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/Nothing was imported.*\[project\/no-data\][\s\S]*wandb-columns sync PATH/);
    expect(await readdir(folder)).toEqual([]);
  });

  test("status has no runs", async () => {
    const folder = await emptyFolder();
    expect(await run(["status", "--project", folder])).toMatchObject({ code: 0, err: "" });
    expect(await readdir(folder)).toEqual([]);
  });

  test("sync without a source says how to name one", async () => {
    const folder = await emptyFolder();
    const { code, err } = await run(["sync", "--project", folder]);
    expect(code).toBe(2);
    expect(err).toContain("[usage/no-source]");
  });
});

describe("local W&B logs", () => {
  test("sync from sources of wandb-columns.json; entity and project are filled in where the log has none", async () => {
    const folder = await emptyFolder();
    await cp(join(OFFLINE, "numbers"), join(folder, "wandb"), { recursive: true });
    await writeFile(join(folder, "wandb-columns.json"), JSON.stringify({ sources: ["wandb"], entity: "lab" }));
    const { code, out } = await run(["sync", "--json", "--project", folder]);
    expect(code).toBe(0);
    const result = checked<{ projects: { entity: string; runs: number }[] }>("sync-result", out);
    expect(result.projects).toMatchObject([{ entity: "lab", runs: 1 }]);
  });

  test("a growing run is a warning; --fail-on warning makes it count", async () => {
    const folder = await emptyFolder();
    const args = ["sync", join(OFFLINE, "crashed"), "--project", folder];
    expect((await run(args)).code).toBe(0);
    const strict = await run([...args, "--fail-on", "warning"]);
    expect(strict.code).toBe(1);
    expect(strict.out).toContain("run/growing");
  });
});

test("no colours where stdout is no terminal, and an unknown command goes to stderr", async () => {
  const { out } = await run(["report", "--project", project]);
  expect(out).not.toContain("\u001b");
  const wrong = await run(["snyc"]);
  expect(wrong).toMatchObject({ code: 2, out: "" });
  expect(wrong.err).toBe(
    'error: There is no command "snyc". Did you mean "sync"? [usage/unknown-command]\n  next:  Run `wandb-columns --help` for the list.\n',
  );
});

test("--version is that of package.json", async () => {
  const about = JSON.parse(await readFile(join(DR_WANDB, "../../../package.json"), "utf8")) as { version: string };
  expect(await run(["--version"])).toEqual({ code: 0, out: `wandb-columns ${about.version}\n`, err: "" });
});
