/** JSON Lines from the command line, to tables and back. */
import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { emptyFolder, run, start } from "./cli.js";

const row = (run_id: string, step: number) => `{"run_id":"${run_id}","_step":${step},"loss":${step + 0.5}}\n`;
const DAY1 = row("a", 0) + row("a", 1) + row("b", 0);
const DAY2 = row("a", 2) + row("b", 1);
const PLACE = ["--entity", "e", "--wandb-project", "p"];

let folder: string;
beforeAll(async () => {
  folder = await emptyFolder();
  await writeFile(join(folder, "day1.jsonl"), DAY1);
  await writeFile(join(folder, "day2.jsonl.gz"), gzipSync(DAY2));
  await writeFile(join(folder, "runs.json"), '[{"run_id":"a","name":"one","config":{"lr":0.1}}]');
});

/** The rows that `rebuild` prints, by run. */
async function rebuilt(project: string): Promise<Record<string, number[]>> {
  const { out } = await run(["rebuild", "--project", project]);
  const rows: Record<string, number[]> = {};
  for (const line of out.trim().split("\n")) {
    const record = JSON.parse(line) as { kind: string; run_id: string; row?: { loss: number } };
    if (record.row !== undefined) rows[record.run_id] = [...(rows[record.run_id] ?? []), record.row.loss];
  }
  return rows;
}

describe("sync", () => {
  test("of a glob, a file and standard input brings every row into the tables, once", async () => {
    const project = join(folder, "mixed");
    const args = ["sync", "day*", "-", "runs.json", ...PLACE, "--project", project, "--json"];
    const first = await run(args, { cwd: folder, input: row("c", 0) });
    expect(first).toMatchObject({ code: 0, err: "" });
    const result = JSON.parse(first.out) as { sources: object[]; totals: object };
    expect(result.sources).toMatchObject([
      { path: "day1.jsonl", kind: "json-lines", records: "history", bytes: DAY1.length },
      { path: "day2.jsonl.gz", kind: "json-lines", records: "history" },
      { path: "-", kind: "json-lines", records: "history", bytes: 0 },
      { path: "runs.json", kind: "json-lines", records: "runs" },
    ]);
    expect(result.totals).toMatchObject({ runs: 3, history_rows: 6 });
    expect(await rebuilt(project)).toEqual({ a: [0.5, 1.5, 2.5], b: [0.5, 1.5], c: [0.5] });
    const again = await run(args, { cwd: folder, input: row("c", 0) });
    expect(JSON.parse(again.out)).toMatchObject({ logs_added: 0, logs_unchanged: 6 });
  });

  test("of a file that grew replaces its rows; of a copy adds none, and says so", async () => {
    const own = await emptyFolder();
    const project = join(own, "p");
    const sync = (...paths: string[]) => run(["sync", ...paths, ...PLACE, "--project", project], { cwd: own });
    await writeFile(join(own, "rows.jsonl"), DAY1);
    await sync("rows.jsonl");
    await writeFile(join(own, "rows.jsonl"), DAY1 + row("b", 1));
    await sync("rows.jsonl");
    expect(await rebuilt(project)).toEqual({ a: [0.5, 1.5], b: [0.5, 1.5] });
    await writeFile(join(own, "copy.jsonl"), DAY1 + row("b", 1));
    expect((await sync("copy.jsonl")).out).toContain("source/same-content 2");
    expect(await rebuilt(project)).toEqual({ a: [0.5, 1.5], b: [0.5, 1.5] });
  });

  test("of a glob of folders, and of several projects, is one set of tables", async () => {
    const own = await emptyFolder();
    const sdk = fileURLToPath(new URL("../data/wandb_sdk_offline", import.meta.url));
    for (const name of ["keys", "numbers"]) await cp(join(sdk, name), join(own, "in", name), { recursive: true });
    await writeFile(join(own, "in", "notes.txt"), "not imported");
    await writeFile(join(own, "rows.jsonl"), row("a", 0));
    const args = ["rows.jsonl", ...PLACE, "--project", "out", "--partition-by", "project", "--json"];
    const result = await run(["sync", "in/*/*run-*", ...args], { cwd: own });
    expect(result).toMatchObject({ code: 0, err: "" });
    const { sources, projects } = JSON.parse(result.out) as { sources: { path: string }[]; projects: object[] };
    expect(sources.map(({ path }) => path)).toEqual([
      expect.stringMatching(/^in\/keys\/offline-run-/),
      expect.stringMatching(/^in\/numbers\/offline-run-/),
      "rows.jsonl",
    ]);
    expect(projects.length).toBeGreaterThan(1);
    const folders = await readdir(join(own, "out/tables/history"), { recursive: true, withFileTypes: true });
    const partitions = folders.filter((entry) => entry.name.startsWith("project=")).length;
    expect(partitions).toBe(projects.length);
    const dry = async (path: string) => (await run(["sync", path, "--dry-run", "--json"], { cwd: own })).out;
    expect(await dry("in/")).toContain('"path": "in/"');
    expect(await dry("in/*/")).toContain('"path": "in/keys"');
  });

  test("takes paths and fields from wandb-columns.json", async () => {
    const project = await emptyFolder();
    await mkdir(join(project, "in"));
    await writeFile(join(project, "in/x.jsonl"), '{"meta":{"id":"a","team":"t"},"loss":1}\n');
    const sources = [{ path: "in/*.jsonl", kind: "history", runIdField: "meta.id", entityField: "/meta/team" }];
    await writeFile(join(project, "wandb-columns.json"), JSON.stringify({ sources }));
    const { code, out } = await run(["sync", "--wandb-project", "p", "--json"], { cwd: project });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ projects: [{ entity: "t", project: "p", runs: 1 }] });
  });
});

describe("import", () => {
  test("--dry-run says what each path is, and why", async () => {
    const { code, out } = await run(["import", "day1.jsonl", "runs.json", "-", "--dry-run"], {
      cwd: folder,
      input: gzipSync('{"run_id":"a","summary":{}}\n'),
    });
    expect(code).toBe(0);
    expect(out.replaceAll(/ +/g, " ")).toBe(
      [
        "Would be imported:",
        " day1.jsonl JSON Lines of history rows, guessed from _step (--kind overrides) 108 B",
        " runs.json a JSON list of runs, guessed from config (--kind overrides) 49 B",
        " - JSON Lines (gzip) of runs, guessed from summary (--kind overrides)",
        "",
      ].join("\n"),
    );
  });

  test.each([
    [["none-*.jsonl"], "none-*.jsonl was not imported: no file or folder matches"],
    [["unclear.jsonl"], "say which with --kind history|runs"],
    [["utf16.jsonl"], "it is UTF-16 text"],
    [["."], "JSON Lines: it is a folder; give its files"],
    [["day1.jsonl", "--run-id-field", "/a~2"], "There can be no field"],
    [["day1.jsonl", "--kind", "run"], 'Did you mean "runs"?'],
  ])("%j is refused with what was found and what to do", async (args, says) => {
    const own = await emptyFolder();
    await writeFile(join(own, "day1.jsonl"), DAY1);
    await writeFile(join(own, "unclear.jsonl"), '{"a":1}\n');
    await writeFile(join(own, "utf16.jsonl"), Buffer.from('\ufeff{"a":1}\n', "utf16le"));
    const { code, out, err } = await run(["import", ...args], { cwd: own });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(says);
    expect(err).toContain("next:");
  });

  test("of standard input that does not end stops at Ctrl-C and leaves nothing behind", async () => {
    const own = await emptyFolder();
    const temp = await emptyFolder();
    const child = start(["import", "-", "--kind", "history", "--project", own], {
      input: row("a", 0).repeat(2_000_000),
      staysOpen: true,
      env: { TMPDIR: temp },
    });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    while ((await readdir(temp)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(await readdir(temp)).toEqual([]);
    const { out } = await run(["status", "--json", "--project", own]);
    expect(out).toContain('"runs": 0');
  });
});
