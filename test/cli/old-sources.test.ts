/** Sources that are recognised by the path alone: dr_wandb's JSON Lines, and runs of old clients. */
import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { emptyFolder, REPOSITORY, run } from "./cli.js";

const DATA = join(REPOSITORY, "test/data");
const LINES = join(DATA, "dr_wandb_jsonl");
const LEGACY = join(DATA, "wandb_files_legacy");

test("--dry-run says what each path is", async () => {
  const folder = join(LEGACY, "wandb/dryrun-20261125_225016-old00836");
  const paths = [LINES, join(LINES, "history.jsonl"), LEGACY, folder, join(folder, "wandb-history.jsonl")];
  const { code, out } = await run(["import", "--dry-run", ...paths]);
  expect(code).toBe(0);
  const said = out.split("\n").slice(1, -1);
  expect(said.map((line) => line.trim().split(/ {2,}/)[1])).toEqual([
    "a dr_wandb export of 2 JSON Lines files",
    "a dr_wandb export of 1 JSON Lines file",
    "a folder of files of 4 runs without a log",
    "a run folder with files of 1 run without a log",
    "a run folder with files of 1 run without a log",
  ]);
});

test("a folder of the run itself is known from inside of it", async () => {
  const folder = join(LEGACY, "wandb/dryrun-20261125_225016-old00836");
  const project = await emptyFolder();
  const { code, out } = await run(["import", ".", "--project", project, "--entity", "me", "--json"], { cwd: folder });
  expect([code, JSON.parse(out).logs_added]).toEqual([0, 1]);
  const { out: status } = await run(["status", "--project", project]);
  expect(status).toContain("me/old-fixtures");
});

test("what was looked for in vain is said", async () => {
  const folder = await emptyFolder();
  await writeFile(join(folder, "runs.jsonl"), '{"id":"r1"}\n');
  const { code, err } = await run(["import", folder]);
  expect(code).toBe(2);
  for (const name of ["run-<id>.wandb", "wandb-history.jsonl", "runs_metadata.parquet", "exported_at and run"]) {
    expect(err).toContain(name);
  }
});

test("an import of both, a second one that adds nothing, and a file that cannot be read", async () => {
  const copy = join(await emptyFolder(), "wandb");
  await cp(join(LEGACY, "wandb"), copy, { recursive: true });
  const project = await emptyFolder();
  const args = ["import", copy, LINES, "--project", project, "--entity", "me", "--wandb-project", "old", "--json"];
  const first = await run(args);
  expect(first.code).toBe(0);
  expect(JSON.parse(first.out)).toMatchObject({ logs_added: 7, logs_unchanged: 0 });
  const second = await run(args);
  expect(JSON.parse(second.out)).toMatchObject({ logs_added: 0, logs_unchanged: 7 });

  const history = join(copy, "dryrun-20261125_225016-old00836/wandb-history.jsonl");
  await chmod(history, 0o000);
  await chmod(join(copy, ".."), 0o755);
  const other = await emptyFolder();
  await mkdir(join(other, "p"));
  await chmod(other, 0o755);
  await chmod(join(other, "p"), 0o777);
  const nobody = process.getuid?.() === 0 ? { uid: 65534 } : {};
  const { code, out } = await run(["import", copy, "--project", join(other, "p"), "--entity", "me"], nobody);
  expect(code).toBe(1);
  expect(out).toContain("4 logs imported");
  expect(out).toContain("source/unreadable (1)");
  expect(out).toContain("wandb-history.jsonl");
});
