import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { compactParts } from "../../src/pipelines/part-compaction.js";
import { PART_ROWS, partRuns, planParts, type RunVersions, runVersions } from "../../src/pipelines/parts.js";
import type { Project } from "../../src/pipelines/project.js";
import type { Part } from "../../src/pipelines/tables-manifest.js";
import { liveRuns } from "../../src/store/live.js";
import { environment } from "../end-to-end/project.js";
import type { TestLog } from "../store/store-fixture.js";
import {
  declare,
  dying,
  exportProject,
  failure,
  history,
  load,
  project,
  rowsOf,
  select,
  tableFiles,
  withFiles,
} from "./export-fixture.js";

const run = (name: string, changes: Partial<RunVersions> = {}): RunVersions => ({
  run: name,
  key: { entity: "", project: "", run_id: name },
  versions: [{ id: 1, digest: `digest of ${name}` }],
  rows: 10,
  bytes: 1000,
  growing: false,
  ...changes,
});

const part = (id: number, ...runs: RunVersions[]): Part => ({
  id,
  kind: "history",
  runs: partRuns({ id, kind: "history", runs }),
  files: [],
  careRecords: 0,
  findings: [],
});

const planned = (old: readonly Part[], runs: readonly RunVersions[], next: number, lost?: ReadonlySet<Part>) =>
  compactParts(planParts("history", old, runs, { nextPart: next, ...(lost === undefined ? {} : { lost }) }), old, runs);

const names = (drafts: readonly { readonly id: number; readonly runs: readonly RunVersions[] }[]) =>
  drafts.map((draft) => [draft.id, ...draft.runs.map((item) => item.run)]);
const ids = (parts: readonly Part[]): number[] => parts.map(({ id }) => id);

describe("which parts are merged", () => {
  it("small ones of ended runs, when there are four of a size; growing ones stay alone", () => {
    const runs = ["a", "b", "c", "d", "e"].map((name) => run(name));
    const growing = run("g", { growing: true });
    const old = [
      part(1, runs[0] as RunVersions),
      part(2, growing),
      ...[3, 4].map((id) => part(id, runs[id - 2] as RunVersions)),
    ];
    const three = planned(old, [...runs.slice(0, 3), growing], 5);
    expect([ids(three.keep), three.write, three.moved]).toEqual([[1, 2, 3, 4], [], []]);
    const five = planned(old, [...runs, growing], 5);
    expect(names(five.write)).toEqual([[6, "a", "b", "c", "d", "e"]]);
    expect([ids(five.keep), ids(five.drop), ids(five.moved), five.nextPart]).toEqual([[2], [1, 3, 4], [1, 3, 4], 7]);
  });

  it("one that has to be written anyway goes along, and a full one does not", () => {
    const full = run("full", { rows: PART_ROWS });
    const runs = [
      run("a", { versions: [{ id: 9, digest: "new" }] }),
      ...["b", "c", "d"].map((name) => run(name)),
      full,
    ];
    const old = [part(1, run("a")), part(2, run("b")), part(3, run("c")), part(4, run("d")), part(5, full)];
    const plan = planned(old, runs, 6, new Set(old.slice(1, 2)));
    expect(names(plan.write)).toEqual([[6, "a", "b", "c", "d"]]);
    expect([ids(plan.keep), ids(plan.moved)]).toEqual([[5], [1, 2, 3, 4]]);
  });

  it("every run is in one part, and few parts are small, whatever comes", () => {
    const day = fc.array(fc.record({ rows: fc.integer({ min: 1, max: PART_ROWS }), growing: fc.boolean() }), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(fc.array(day, { minLength: 1, maxLength: 30 }), (days) => {
        let runs: RunVersions[] = [];
        let parts: Part[] = [];
        let next = 1;
        for (const [i, added] of days.entries()) {
          runs = runs.map((item) => ({ ...item, growing: false }));
          runs.push(...added.map((item, k) => run(`${String(i).padStart(3, "0")}-${k}`, item)));
          const plan = planned(parts, runs, next);
          next = plan.nextPart;
          parts = [...plan.keep, ...plan.write.map((draft) => part(draft.id, ...draft.runs))];
          const homes = parts.flatMap((item) => item.runs.map((member) => member.run));
          expect([...homes].sort()).toEqual(runs.map((item) => item.run).sort());
          for (const draft of plan.write) {
            const order = draft.runs.map((item) => item.run);
            expect(order).toEqual([...order].sort());
          }
        }
        const ended = new Map(runs.filter(({ growing }) => !growing).map((item) => [item.run, item]));
        const small = parts.filter((item) => {
          const members = item.runs.map((member) => ended.get(member.run));
          return (
            members.every((member) => member !== undefined) &&
            members.reduce((sum, m) => sum + (m?.rows ?? 0), 0) < PART_ROWS / 2
          );
        });
        expect(small.length).toBeLessThanOrEqual(15);
      }),
      { numRuns: 50 },
    );
  });

  it("a run that has not ended and did not change for a week counts as ended", () => {
    const version = (id: number, run_id: string, fetched_at: string) => ({
      ...{ id, fetched_at, digest: "0".repeat(64), state: "growing" as const, findings: [] },
      ...{
        log: { entity: "", project: "", run_id, source: "wandb-log" as const, start: "" },
        rows: { history: 1, system_event: 0 },
      },
    });
    const growingWith = (old: string) => {
      const versions = [version(1, "old", old), version(2, "new", "2026-01-08T00:00:00.000Z")];
      return runVersions({ versions, segments: [] }, liveRuns(versions), "history").map((item) => [
        item.key.run_id,
        item.growing,
      ]);
    };
    expect(growingWith("2026-01-01T00:00:00.000Z")).toEqual([
      ["new", true],
      ["old", false],
    ]);
    expect(growingWith("2026-01-01T00:00:00.001Z")).toEqual([
      ["new", true],
      ["old", true],
    ]);
  });
});

const ended = (name: string, rows = 2): TestLog => ({
  key: { run_id: name },
  rows: rowsOf(rows),
  events: ['{"system.cpu":1}'],
});
const growing = (name: string, rows = 2): TestLog => ({ ...ended(name, rows), state: "growing" });

/** A project with three small parts of each kind: one import and export more merges them. */
async function nearly(): Promise<Project> {
  const at = await project();
  await declare(at, "x");
  for (const name of ["b", "d", "c"]) {
    await load(at, ended(name));
    await exportProject(at);
  }
  await load(at, growing("g"));
  await exportProject(at);
  return at;
}

const runsOf = (at: Project, table: string) =>
  select(
    at,
    `SELECT run_id, count(*)::INT FROM read_parquet('tables/${table}/*.parquet') GROUP BY run_id ORDER BY run_id`,
  );

describe("compaction of parts", () => {
  it("puts them together in key order; other parts are the same files, and what is not ours stays", async () => {
    const at = await nearly();
    const before = await tableFiles(at);
    const one = async () => (await stat(join(at.tables, "history/part-0007.parquet"))).ino;
    const inode = await one();
    await writeFile(join(at.tables, "history/notes.txt"), "mine");
    await mkdir(join(at.tables, "history/kept"));
    await load(at, ended("a", 3));
    const { tables } = await exportProject(at);
    const after = await tableFiles(at);
    expect(after.filter((file) => file.startsWith("history/part"))).toEqual([
      "history/part-0000.parquet",
      "history/part-0007.parquet",
      "history/part-0010.parquet",
    ]);
    expect(before.length).toBeGreaterThan(after.length);
    expect(after).toEqual([...tables.flatMap((table) => table.files), "history/notes.txt", "manifest.json"].sort());
    expect(await one()).toBe(inode);
    expect((await readdir(join(at.tables, "history"))).sort()).toContain("kept");
    expect(await runsOf(at, "history")).toEqual([
      ["a", 3],
      ["b", 2],
      ["c", 2],
      ["d", 2],
      ["g", 2],
    ]);
    expect(await select(at, "SELECT run_id FROM read_parquet('tables/history/part-0010.parquet')")).toEqual(
      ["a", "a", "a", "b", "b", "c", "c", "d", "d"].map((name) => [name]),
    );
    expect((await exportProject(at)).skipped).toBe(true);
  });

  it("works where there are no hard links", async () => {
    const at = await nearly();
    await load(at, ended("a", 3));
    const link = () => Promise.reject(Object.assign(new Error("no"), { code: "EPERM" }));
    await exportProject(at, { env: withFiles({ link }) });
    expect(await runsOf(at, "history")).toEqual([
      ["a", 3],
      ["b", 2],
      ["c", 2],
      ["d", 2],
      ["g", 2],
    ]);
  });

  it("a full disk leaves the tables as they were", async () => {
    const at = await nearly();
    const before = [await history(at), await tableFiles(at)];
    await load(at, ended("a", 3));
    const full = Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    const env = withFiles({ link: () => Promise.reject(full) });
    expect(await failure(exportProject(at, { env }))).toMatchObject({
      code: "tables/write",
      message: expect.stringContaining("are unchanged"),
    });
    expect([await history(at), await tableFiles(at)]).toEqual(before);
    await exportProject(at);
    expect(await runsOf(at, "history")).toEqual([
      ["a", 3],
      ["b", 2],
      ["c", 2],
      ["d", 2],
      ["g", 2],
    ]);
  });

  it("killed at any change of names, a reader finds each run old or new, and the next export finishes", async () => {
    const at = await nearly();
    const old = [
      ["b", 2],
      ["c", 2],
      ["d", 2],
      ["g", 2],
    ];
    const now = [
      ["a", 3],
      ["b", 2],
      ["c", 2],
      ["d", 2],
      ["g", 4],
    ];
    await load(at, ended("a", 3), growing("g", 4));
    const was = join(at.root, "was");
    await cp(at.tables, was, { recursive: true });
    const seen = new Set<string>();
    let alive = false;
    for (let changes = 0; !alive; changes++) {
      expect(changes).toBeLessThan(80);
      await rm(at.tables, { recursive: true });
      await cp(was, at.tables, { recursive: true });
      const { env, died } = dying(changes);
      await failure(exportProject(at, { env }));
      alive = !died();
      const { pending } = JSON.parse(await readFile(join(at.tables, "manifest.json"), "utf8")) as { pending: string[] };
      const there = await readdir(at.tables);
      if (there.includes("history")) {
        const found = await runsOf(at, "history");
        expect(found.map(([name]) => name)).toEqual((found.length === 4 ? old : now).map(([name]) => name));
        const isNow = found.map((row) => now.some((state) => String(state) === String(row)));
        expect(found.filter((row, i) => !isNow[i] && !old.some((state) => String(state) === String(row)))).toEqual([]);
        seen.add(found.length === now.length && isNow.every(Boolean) ? "new" : "old");
      } else {
        expect(pending).toContain("history/part-0010.parquet");
        seen.add("none");
      }
      await exportProject(at);
      expect(await runsOf(at, "history")).toEqual(now);
      expect(await runsOf(at, "system_metrics")).toEqual(["a", "b", "c", "d", "g"].map((name) => [name, 1]));
      const { skipped, tables } = await exportProject(at);
      expect(skipped).toBe(true);
      expect(await tableFiles(at)).toEqual([...tables.flatMap((table) => table.files), "manifest.json"].sort());
      expect((await readdir(at.tables)).filter((name) => name.startsWith("."))).toEqual([]);
    }
    expect([...seen].sort()).toEqual(["new", "none", "old"]);
  }, 600_000);

  test("a changed plan groups runs anew without anybody seeing one twice", async () => {
    const at = await project();
    await declare(at, "x");
    await load(at, growing("a"), growing("b"));
    await exportProject(at);
    await load(at, ended("a"), ended("b"));
    await declare(at, "x", "y");
    const { files } = environment;
    const counts: unknown[] = [];
    const look: typeof files.rename = async (from, to) => {
      await files.rename(from, to);
      if ((await readdir(at.tables)).includes("history")) counts.push(await runsOf(at, "history"));
    };
    await exportProject(at, { env: withFiles({ rename: look }) });
    expect(counts.length).toBeGreaterThan(3);
    for (const count of counts)
      expect(count).toEqual([
        ["a", 2],
        ["b", 2],
      ]);
    expect((await tableFiles(at)).filter((file) => file.startsWith("history"))).toHaveLength(2);
  });
});
