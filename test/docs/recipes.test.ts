/** The SQL of docs/recipes.md gives what stands there; scripts/check-python.sh holds the pandas code to the same tables. */
import { beforeAll, describe, expect, test } from "vitest";
import { sectionsOf } from "./document.js";
import { recipeProjects } from "./recipe-projects.js";
import { asked } from "./sql.js";

const recipes = sectionsOf("docs/recipes.md")
  .map(({ title, blocks, table }) => ({
    title,
    queries: blocks.filter(({ language }) => language === "sql").map(({ text }) => text),
    programs: blocks.filter(({ language }) => language === "python"),
    table,
  }))
  .filter(({ queries, programs }) => queries.length + programs.length > 0);

let folder: string;
beforeAll(async () => {
  folder = await recipeProjects("digits", "scaling");
}, 600_000);

test("every recipe is written in both languages and shows its result", () => {
  expect(recipes.length).toBeGreaterThanOrEqual(8);
  for (const { title, queries, programs, table } of recipes) {
    expect([title, queries.length]).toEqual([title, programs.length]);
    expect([title, table.length > 1]).toEqual([title, true]);
  }
});

describe("the SQL gives what is shown", () => {
  test.each(recipes)("$title", async ({ queries, table }) => {
    for (const sql of queries) expect(await asked(folder, sql)).toEqual(table);
  });
});

describe("what is shown is true by the formulas of the runs", () => {
  const STEPS = Array.from({ length: 40 }, (_, step) => step);
  const noise = (step: number, seed: number): number => 0.02 * Math.sin(3 * step + seed);
  const loss = (lr: number, seed: number, step: number): number =>
    2 * Math.exp(-3 * lr * step) + 0.1 + noise(step, seed);
  const rowsOf = (title: string): readonly (readonly string[])[] =>
    recipes.find((recipe) => recipe.title === title)?.table.slice(1) ?? [];
  const cell = (text: string | undefined): number => Number(text);

  test("best steps", () => {
    const rows = rowsOf("Best step of each run");
    expect(rows.length).toBe(7);
    for (const [run = "", step, best] of rows) {
      const [, lr, seed] = /^lr(.*)-seed(\d)$/.exec(run) ?? [];
      const steps = STEPS.filter((each) => Number(lr) < 1 || each <= 20);
      const losses = steps.map((each) => loss(Number(lr), Number(seed), each));
      expect(cell(best)).toBeCloseTo(Math.min(...losses), 5);
      expect(losses[cell(step)]).toBeCloseTo(Math.min(...losses), 5);
    }
  });

  test("mean and deviation over seeds", () => {
    for (const [lr, runs, diverged, mean, deviation] of rowsOf("Mean and deviation over seeds of a sweep")) {
      if (lr === "1") expect([runs, diverged, mean, deviation]).toEqual(["1", "1", "NULL", "NULL"]);
      else {
        const losses = [1, 2, 3].map((seed) => loss(Number(lr), seed, 39) + 0.05);
        const average = losses.reduce((sum, each) => sum + each) / 3;
        const square = losses.reduce((sum, each) => sum + (each - average) ** 2, 0) / 2;
        expect([runs, diverged]).toEqual(["3", "0"]);
        expect(cell(mean)).toBeCloseTo(average, 5);
        expect(cell(deviation)).toBeCloseTo(Math.sqrt(square), 5);
      }
    }
  });

  test("sparse metrics: the gradient norm is that of the last third step", () => {
    const rows = rowsOf("Sparse metrics aligned");
    expect(rows.map(([, step]) => step)).toEqual(["9", "19", "29", "39"]);
    for (const [, step, evaluation, norm] of rows) {
      const last = Math.floor(cell(step) / 3) * 3;
      expect(cell(norm)).toBeCloseTo(1 + Math.abs(noise(last, 1)) * 10, 5);
      expect(cell(evaluation)).toBeCloseTo(loss(0.1, 1, cell(step)) + 0.05, 5);
    }
  });
});
