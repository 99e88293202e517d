import { expect, test } from "vitest";
import { PART_BYTES, PART_ROWS, partRuns, planParts, type RunVersions } from "../../src/pipelines/parts.js";
import type { Part } from "../../src/pipelines/tables-manifest.js";

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

const names = (drafts: readonly { readonly id: number; readonly runs: readonly RunVersions[] }[]) =>
  drafts.map((draft) => [draft.id, ...draft.runs.map((item) => item.run)]);

test.each([
  ["rows", { rows: PART_ROWS / 2 }],
  ["bytes", { bytes: PART_BYTES / 2 }],
])("a part takes finished runs until it has enough %s; a growing run is alone", (_name, half) => {
  const runs = [run("a", half), run("b", half), run("c", half), run("d", { ...half, growing: true }), run("e")];
  const plan = planParts("history", [], runs, { nextPart: 4 });
  expect(names(plan.write)).toEqual([
    [4, "a", "b"],
    [5, "d"],
    [6, "c", "e"],
  ]);
  expect(plan.nextPart).toBe(7);
});

test("a run that is larger than a part has one of its own", () => {
  const plan = planParts("history", [], [run("a"), run("b", { bytes: 3 * PART_BYTES }), run("c")], { nextPart: 1 });
  expect(names(plan.write)).toEqual([
    [1, "a"],
    [2, "b"],
    [3, "c"],
  ]);
});

test("digests say whether a part is the same, not ids", () => {
  const old = [part(1, run("a"), run("b")), part(2, run("c"))];
  const other = [{ id: 1, digest: "another" }];
  const moved = [{ id: 77, digest: "digest of c" }];
  const runs = [run("a"), run("b", { versions: other }), run("c", { versions: moved })];
  const plan = planParts("history", old, runs, { nextPart: 3 });
  expect(plan.keep.map(({ id }) => id)).toEqual([2]);
  expect(names(plan.write)).toEqual([[1, "a", "b"]]);
});

test("a part that lost a file is written again under its id; one without runs is dropped", () => {
  const old = [part(1, run("a")), part(2, run("b"))];
  const plan = planParts("history", old, [run("a")], { nextPart: 3, lost: new Set(old.slice(0, 1)) });
  expect(plan.keep).toEqual([]);
  expect(names(plan.write)).toEqual([[1, "a"]]);
  expect(plan.drop.map(({ id }) => id)).toEqual([2]);
});

test("runs of different folders share no part", () => {
  const of = (name: string, project: string) => run(name, { key: { entity: "", project, run_id: name } });
  const runs = [of("a", "p"), of("b", "p"), of("c", "q"), of("d", "q")];
  const plan = planParts("history", [], runs, { nextPart: 1, folder: ({ project }) => project });
  expect(names(plan.write)).toEqual([
    [1, "a", "b"],
    [2, "c", "d"],
  ]);
});
