import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, expect, test } from "vitest";
import { DR_WANDB, emptyFolder, run, start } from "./cli.js";

const ROWS = 600_000;
let large: string;

beforeAll(async () => {
  large = await emptyFolder();
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const columns = Array.from({ length: 12 }, (_, i) => `random() AS metric_${i}`).join(", ");
  await connection.run(
    `COPY (SELECT 'r' || (i // 100000) AS run_id, i % 100000 AS step, ${columns} FROM range(${ROWS}) t(i))
     TO '${join(large, "runs_history.parquet")}' (FORMAT parquet)`,
  );
});

/** Starts an import of the large export and waits until its writer is at work. */
async function importing(project: string) {
  const child = start(["import", large, "--project", project]);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  for (let i = 0; i < 600; i++) {
    const names = await readdir(join(project, "raw")).catch((): string[] => []);
    if (names.includes("lock")) break;
    await sleep(20);
  }
  await sleep(100);
  return { child, ended, stderr: () => err };
}

/** All files of the raw store, and its manifest. */
async function storeOf(project: string) {
  const entries = await readdir(join(project, "raw"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return { files: files.sort(), manifest: await readFile(join(project, "raw/manifest.json"), "utf8") };
}

test("Ctrl-C during an import exits with 130 and leaves the store as it was", async () => {
  const project = await emptyFolder();
  expect((await run(["import", DR_WANDB, "--project", project])).code).toBe(0);
  const before = await storeOf(project);
  const { child, ended, stderr } = await importing(project);
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(stderr()).toMatch(/^Interrupted\. What was finished before is kept\.\n$/);
  expect(await storeOf(project)).toEqual(before);
  expect((await run(["import", DR_WANDB, "--project", project])).code).toBe(0);
});

test("a second Ctrl-C exits at once", async () => {
  const project = await emptyFolder();
  const { child, ended } = await importing(project);
  child.kill("SIGINT");
  child.kill("SIGTERM");
  expect(await ended).toBe(130);
});

test("a killed import leaves the store readable, and the next one takes over", async () => {
  const project = await emptyFolder();
  expect((await run(["import", DR_WANDB, "--project", project])).code).toBe(0);
  const { manifest } = await storeOf(project);
  const { child, ended } = await importing(project);
  child.kill("SIGKILL");
  await ended;
  expect((await storeOf(project)).manifest).toBe(manifest);
  expect((await run(["status", "--project", project])).out).toContain("6 runs");
  expect((await run(["import", DR_WANDB, "--project", project])).code).toBe(0);
  expect((await storeOf(project)).files.some((file) => file.endsWith("/lock") || file.endsWith(".tmp"))).toBe(false);
});

test("two imports at once: the second is told who holds the store", async () => {
  const project = await emptyFolder();
  await mkdir(join(project, "raw"));
  const { child, ended } = await importing(project);
  const second = await run(["import", DR_WANDB, "--project", project]);
  expect(second).toMatchObject({ code: 2, out: "" });
  expect(second.err).toMatch(new RegExp(`process ${child.pid} on .*\\[store/locked\\]`));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
});
