/** Syncs once a day for a long time: what piles up stays bounded, and the tables are those of a fresh project. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { gcProject } from "../../src/pipelines/gc.js";
import type { Project } from "../../src/pipelines/project.js";
import { findTablesManifest } from "../../src/pipelines/tables-folder.js";
import { openStore } from "../../src/store/raw-store.js";
import { declare } from "../pipelines/export-fixture.js";
import { contentOf } from "../store/store-content.js";
import { importLogs, storeEnv, type TestLog } from "../store/store-fixture.js";
import { environment, LIMITS, load, newProject, removeProject } from "./project.js";
import { allLines } from "./tables.js";

const DAYS = 100;
const SLOTS = 30;

const open: Project[] = [];
afterAll(async () => {
  for (const made of open) await removeProject(made);
});

async function project(): Promise<Project> {
  const made = await newProject();
  open.push(made);
  await declare(made, "loss", "acc");
  return made;
}

/** The log of the run that is in a slot on a day: it grows every day, ends after 10 to 30, and another follows. */
function logOf(slot: number, day: number): TestLog {
  const lasts = 10 + ((slot * 7) % 21);
  const age = (day + slot) % lasts;
  const number = Math.floor((day + slot) / lasts);
  const row = (step: number): string =>
    `{"_step":${step},"loss":${1 / (step + slot + 1)},"acc":${step / 100},"note":"${slot}"}`;
  return {
    key: { run_id: `slot${slot}-${number}` },
    rows: Array.from({ length: 3 * (age + 1) }, (_, step) => row(step)),
    events: slot % 6 === 0 ? Array.from({ length: age + 1 }, (_, i) => `{"_timestamp":${i},"system.cpu":${i}}`) : [],
    blobs: { config: `{"lr":0.${slot + 1},"slot":${slot}}`, summary: `{"loss":${age}}` },
    state: age === lasts - 1 ? "complete" : "growing",
  };
}

const logsOf = (day: number): TestLog[] => Array.from({ length: SLOTS }, (_, slot) => logOf(slot, day));

async function sizeOf(folder: string): Promise<{ files: number; bytes: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map((file) => stat(file)));
  return { files: files.length, bytes: sizes.reduce((sum, { size }) => sum + size, 0) };
}

const countBy = <T>(items: readonly T[], key: (item: T) => string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
};

it("100 daily syncs of 30 growing runs", { timeout: 1_200_000 }, async () => {
  const daily = await project();
  const last = new Map<string, TestLog>();
  for (let day = 0; day < DAYS; day++) {
    const logs = logsOf(day);
    for (const log of logs) last.set(log.key?.run_id ?? "", log);
    const store = await openStore(daily.raw, storeEnv());
    await importLogs(store, ...logs);
    for (const count of countBy(store.manifest.segments, ({ kind }) => kind).values())
      expect(count).toBeLessThanOrEqual(15);
    await load(daily);
    const parts = (await findTablesManifest(environment.files, daily.tables))?.parts ?? [];
    for (const count of countBy(parts, ({ kind }) => kind).values()) expect(count).toBeLessThanOrEqual(SLOTS + 15);
  }

  const fresh = await project();
  await importLogs(await openStore(fresh.raw, storeEnv()), ...last.values());
  const [a, b] = [await load(daily), await load(fresh)];
  expect(last.size).toBeGreaterThan(150);
  const lines = await allLines(fresh.tables, b.planned.plan, b.exported);
  expect(await allLines(daily.tables, a.planned.plan, a.exported)).toEqual(lines);
  expect(lines["history"]?.length).toBeGreaterThan(5000);
  expect(await contentOf(a.store)).toEqual(await contentOf(b.store));

  const [raw, rawFresh] = [await sizeOf(daily.raw), await sizeOf(fresh.raw)];
  expect(raw.files).toBeLessThanOrEqual(1 + 2 * 3 * 15);
  expect(raw.bytes).toBeLessThan(4 * rawFresh.bytes);
  const [tables, tablesFresh] = [await sizeOf(daily.tables), await sizeOf(fresh.tables)];
  expect(tables.bytes).toBeLessThan(3 * tablesFresh.bytes);
  await gcProject(
    daily,
    { sink: { kind: "parquet", dir: daily.tables }, dryRun: false, naming: "snake", limits: LIMITS },
    environment,
  );
  const tidy = await sizeOf(daily.raw);
  expect(tidy.files).toBe(rawFresh.files);
  expect(tidy.bytes).toBeLessThan(1.1 * rawFresh.bytes);
});
