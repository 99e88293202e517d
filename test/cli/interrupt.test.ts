import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
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
  const second = await run(["import", DR_WANDB, "--project", project, "--wait", "0"]);
  expect(second).toMatchObject({ code: 2, out: "" });
  expect(second.err).toMatch(new RegExp(`process ${child.pid} on .*\\[store/locked\\]`));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
});

test("or waits for the first, says so, and goes on when that is done", async () => {
  const project = await emptyFolder();
  const { child, ended } = await importing(project);
  const second = start(["import", DR_WANDB, "--project", project]);
  let err = "";
  second.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const code = new Promise<number | null>((resolve) => second.on("close", resolve));
  while (!err.includes("waiting up to 60 s.")) await sleep(20);
  expect(err).toMatch(
    new RegExp(`^The raw store is being written by process ${child.pid} on .*: waiting up to 60 s\\.\n$`),
  );
  child.kill("SIGINT");
  expect([await ended, await code]).toEqual([130, 0]);
  expect((await run(["status", "--project", project])).out).toContain("6 runs");
});

test("Ctrl-C ends the waiting", async () => {
  const project = await emptyFolder();
  const { child, ended } = await importing(project);
  const second = start(["sync", DR_WANDB, "--project", project]);
  const code = new Promise<number | null>((resolve) => second.on("close", resolve));
  let err = "";
  second.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  while (!err.includes("waiting up to")) await sleep(20);
  second.kill("SIGINT");
  expect(await code).toBe(130);
  child.kill("SIGINT");
  expect(await ended).toBe(130);
});

test("a lock that a killed process left, whose number another has by now, is taken over", {
  skip: process.platform !== "linux",
}, async () => {
  const project = await emptyFolder();
  const { child, ended } = await importing(project);
  const lock = await readFile(join(project, "raw/lock"), "utf8");
  child.kill("SIGKILL");
  await ended;
  await writeFile(join(project, "raw/lock"), lock.replace(`"pid":${child.pid}`, `"pid":${process.pid}`));
  expect(await run(["import", DR_WANDB, "--project", project, "--wait", "0"])).toMatchObject({ code: 0 });
});

test("a folder of a newer version is refused with the version to install", async () => {
  const project = await emptyFolder();
  expect((await run(["sync", DR_WANDB, "--project", project])).code).toBe(0);
  const newer = { format: 99, readableFrom: "9.1.0" };
  const commands = [
    ["raw/manifest.json", ["sync", DR_WANDB], ["status"], ["forget", "x"]],
    ["tables/manifest.json", ["export"], ["rebuild"], ["gc"]],
    ["generated/plan.json", ["generate"]],
  ] as const;
  for (const [file, ...lines] of commands) {
    const path = join(project, file);
    const before = await readFile(path, "utf8");
    await writeFile(path, JSON.stringify(newer));
    for (const line of lines) {
      const ended = await run([...line, "--project", project]);
      expect(ended, line.join(" ")).toMatchObject({ code: 2, out: "" });
      expect(ended.err).toContain(`${path} has format 99`);
      expect(ended.err).toContain("Install wandb-columns 9.1.0 or later: npm install wandb-columns@9.1.0");
      expect(await readFile(path, "utf8")).toBe(JSON.stringify(newer));
    }
    await writeFile(path, before);
  }
}, 180_000);
