import { expect, test } from "vitest";
import { threadsFor } from "../../src/pipelines/export-engine.js";
import { type HistoryForm, storedTables } from "../../src/plan/history-form.js";
import type { Column, Plan } from "../../src/plan/plan.js";

function tablesOf(form: HistoryForm, metrics: number) {
  const columns = Array.from(
    { length: metrics },
    (_, i): Column => ({ id: i + 1, name: `m${i}`, type: "float64", description: "" }),
  );
  const history = { name: "history", kind: "history", description: "", key: [], columns, residuals: [], families: [] };
  const plan: Plan = {
    format: 1,
    naming: "snake",
    tables: [{ ...history, kind: "history" }],
    serialized: [],
    retired: [],
  };
  return storedTables(plan, form);
}

test.each<[form: HistoryForm, metrics: number, memory: number, threads: number]>([
  ["wide", 400, 2e9, 7],
  ["wide", 1700, 2e9, 1],
  ["struct", 1700, 2e9, 1],
  ["long", 0, 2e9, 7],
  ["long", 20, 2e9, 7],
  ["long", 300, 2e9, 4],
  ["long", 1700, 2e9, 1],
  ["long", 1700, 2e8, 1],
  ["long", 900, 2e10, 7],
])("the %s history of %i metrics with %d bytes has %i engine threads of 8", (form, metrics, memory, threads) => {
  expect(threadsFor({ memory, threads: 8, tables: tablesOf(form, metrics) })).toBe(threads);
});
