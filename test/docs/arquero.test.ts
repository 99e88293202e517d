/** The programs of docs/arquero.md print what stands there, and the cells of docs/notebook.md run in their order. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { blocksOf } from "./document.js";
import { NOTEBOOK_RUNNER } from "./notebook-runner.js";
import { recipeProjects } from "./recipe-projects.js";
import { inWorkspace, writeFiles } from "./workspace.js";

let folder: string;
beforeAll(async () => {
  folder = await recipeProjects("digits");
}, 600_000);

const plain = (text: string): string => text.replaceAll(/[ \t]+$/gm, "").trimEnd();

test("the programs print what the document shows", async () => {
  const blocks = blocksOf("docs/arquero.md", "js", "text");
  const programs = blocks.filter(({ language }) => language === "js");
  expect(programs.length).toBe(2);
  for (const program of programs) {
    const [name = ""] = await writeFiles(folder, [program]);
    const { code, out, err } = await inWorkspace(folder, "node", [name]);
    expect([code, err]).toEqual([0, ""]);
    const shown = blocks[blocks.indexOf(program) + 1];
    expect([shown?.language, plain(out)]).toEqual(["text", plain(shown?.text ?? "")]);
  }
});

interface Shown {
  readonly lines?: number;
  readonly rows?: readonly Readonly<Record<string, number>>[];
}

describe("the notebook", () => {
  let shown: readonly Shown[];
  beforeAll(async () => {
    const blocks = blocksOf("docs/notebook.md", "js");
    const files = await writeFiles(folder, blocks);
    expect(files).toEqual(["src/data/history.arrow.js"]);
    const cells = blocks.slice(files.length).map(({ text }) => text);
    expect(cells.length).toBeGreaterThan(4);
    await writeFile(join(folder, "cells.json"), JSON.stringify(cells));
    await writeFile(join(folder, "runner.mjs"), NOTEBOOK_RUNNER);
    const { code, out, err } = await inWorkspace(folder, "node", ["runner.mjs"]);
    expect([code, err]).toEqual([0, ""]);
    shown = JSON.parse(out) as Shown[];
  }, 600_000);

  test("draws a line a run, and one a learning rate", () => {
    expect(shown.map(({ lines }) => lines)).toEqual([7, 3, undefined]);
  });

  test("computes mean and deviation over seeds", () => {
    const noise = (seed: number): number => 0.02 * Math.sin(3 * 39 + seed);
    const mean = (lr: number): number => {
      const losses = [1, 2, 3].map((seed) => 2 * Math.exp(-3 * lr * 39) + 0.15 + noise(seed));
      return losses.reduce((sum, loss) => sum + loss) / 3;
    };
    const [slow, fast, ...rest] = shown[2]?.rows ?? [];
    expect(rest).toEqual([]);
    expect([slow?.["config_lr"], fast?.["config_lr"], slow?.["runs"]]).toEqual([0.01, 0.1, 3]);
    expect(slow?.["mean"]).toBeCloseTo(mean(0.01), 5);
    expect(fast?.["mean"]).toBeCloseTo(mean(0.1), 5);
  });
});
