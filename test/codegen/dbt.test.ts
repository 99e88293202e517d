/** What dbt itself makes of the file is checked by scripts/check-python.sh. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { dbtSources } from "../../src/codegen/dbt.js";
import { columnComment } from "../../src/codegen/ddl.js";
import { DUCKDB_TYPES } from "../../src/engines/duckdb/types.js";
import { isFolder } from "../../src/plan/part-files.js";
import type { Plan, Table } from "../../src/plan/plan.js";
import { column, HOSTILE, SMALL_PLAN, widePlan } from "./plans.js";

interface Source {
  readonly name: string;
  readonly description: string;
  readonly config: { readonly meta: { readonly external_location: string } };
  readonly data_tests?: readonly unknown[];
  readonly columns: readonly {
    readonly name: string;
    readonly description: string;
    readonly data_type: string;
    readonly quote?: boolean;
    readonly data_tests?: readonly string[];
  }[];
}

function tablesOf(plan: Plan): readonly Source[] {
  const text = dbtSources(plan, DUCKDB_TYPES);
  const { sources } = parse(text) as { sources: readonly { name: string; tables: readonly Source[] }[] };
  expect(sources.map(({ name }) => name)).toEqual(["wandb"]);
  return sources[0]?.tables ?? [];
}

const withTable = (change: Partial<Table>): Plan => {
  const [runs] = SMALL_PLAN.tables;
  return { ...SMALL_PLAN, tables: [{ ...(runs as Table), ...change }] };
};

describe("dbt's sources", () => {
  it("name every table, column and residual with its type", () => {
    const found = tablesOf(SMALL_PLAN).map(({ name, columns }) => [name, columns.map((item) => item.name)]);
    const want = SMALL_PLAN.tables.map((table) => [
      table.name,
      [...table.columns, ...table.residuals].map((item) => item.name),
    ]);
    expect(found).toEqual(want);
    for (const item of tablesOf(SMALL_PLAN).flatMap(({ columns }) => columns)) {
      expect(Object.values(DUCKDB_TYPES)).toContain(item.data_type);
    }
  });

  it("describe columns as the DDL does", () => {
    const hostile = SMALL_PLAN.tables[0]?.columns.find(({ description }) => description === HOSTILE);
    const found = tablesOf(SMALL_PLAN)[0]?.columns.find(({ name }) => name === 'say "hi"');
    expect(found?.description).toBe(columnComment(hostile ?? column(1, "")));
    expect(found?.description).toContain("\\u0000 \\ud800");
  });

  it("test that keys are never NULL and never twice", () => {
    const [runs] = tablesOf(SMALL_PLAN);
    expect(runs?.data_tests).toEqual([{ unique: { arguments: { column_name: '("entity", "project", "run_id")' } } }]);
    const tested = runs?.columns.filter((item) => item.data_tests !== undefined) ?? [];
    expect(tested.map(({ name, quote, data_tests }) => [name, quote, data_tests])).toEqual(
      ["entity", "project", "run_id"].map((name) => [name, true, ["not_null"]]),
    );
    const [single] = tablesOf(withTable({ key: ["run_id"] }));
    expect(single?.data_tests).toEqual([{ unique: { arguments: { column_name: '"run_id"' } } }]);
    const [keyless] = tablesOf(withTable({ key: [] }));
    expect(keyless?.data_tests).toBeUndefined();
  });

  it("point dbt-duckdb at a file, or at the parts of a folder", () => {
    const folder = '{{ var("wandb_columns_tables", "tables") }}';
    expect(tablesOf(SMALL_PLAN).map(({ config }) => config.meta.external_location)).toEqual([
      `${folder}/runs.parquet`,
      `${folder}/system_metrics/*.parquet`,
    ]);
    expect(SMALL_PLAN.tables.map(isFolder)).toEqual([false, true]);
  });

  it("give Jinja nothing to evaluate but the folder, and YAML nothing that it refuses", () => {
    const description = "{{ x }} {% y %} {# z #} {{{ \u007f\u0085\u2028\ufeff: - # é😀";
    const text = dbtSources(withTable({ description, columns: [column(7, "{{ c }}")] }), DUCKDB_TYPES);
    const expressions = [...text.matchAll(/\{\{.*?\}\}/g)].map(([found]) => found.replaceAll("\\", ""));
    expect(new Set(expressions)).toEqual(new Set(['{{ var("wandb_columns_tables", "tables") }}', '{{ "{" }}']));
    expect(text).not.toMatch(/\{[%#]|[\u007f-\u009f\u2028\ufeff]/);
    const [table] = tablesOf(withTable({ description }));
    expect(table?.description.replaceAll('{{ "{" }}', "{")).toBe(description);
  });

  it("are the same bytes for the same plan", () => {
    const plan = widePlan(300);
    expect(dbtSources(plan, DUCKDB_TYPES)).toBe(dbtSources(structuredClone(plan), DUCKDB_TYPES));
  });
});
