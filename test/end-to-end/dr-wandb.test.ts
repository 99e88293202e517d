/** The dr_wandb export, imported, exported and rebuilt, against what DuckDB reads from its Parquet files. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fromDriver } from "../../src/engines/duckdb/cells.js";
import { quoteIdentifier, quoteLiteral } from "../../src/engines/duckdb/types.js";
import type { Value } from "../../src/flatten/value.js";
import { formatDouble } from "../../src/json/number.js";
import type { Project } from "../../src/pipelines/project.js";
import { differences, type PayloadRecord, rebuiltRecords } from "./differ.js";
import { byStep } from "./fixtures.js";
import { pick } from "./object-text.js";
import { DATA, importPaths, load, newProject, rebuild, removeProject } from "./project.js";
import { withSession } from "./tables.js";

const EXPORT = join(DATA, "dr_wandb_export");

type Cells = ReadonlyMap<string, Value>;

/** Rows of one of the files; strings are read behind a dot, because the driver strips a leading U+FEFF. */
function cellsOf(file: string, texts: readonly string[], numbers: readonly string[]): Promise<Cells[]> {
  const names = [...texts, ...numbers];
  const select = [...texts.map((name) => `'.' || ${quoteIdentifier(name)}`), ...numbers.map(quoteIdentifier)];
  return withSession(async (session) => {
    const rows = await session.rows(`SELECT ${select.join(", ")} FROM ${quoteLiteral(join(EXPORT, file))}`);
    return rows.map((row) => new Map(names.map((name, i) => [name, fromDriver(row[i] ?? null)])));
  });
}

let project: Project;
let records: PayloadRecord[];
let runs: Cells[];
let rows: Cells[];

beforeAll(async () => {
  project = await newProject();
  await importPaths(project, [EXPORT]);
  const { planned } = await load(project);
  records = rebuiltRecords(await rebuild(project, planned.plan));
  const texts = ["entity", "project", "run_id", "config", "summary", "wandb_metadata", "system_metrics"];
  runs = await cellsOf("runs_metadata.parquet", texts, []);
  const numbers = ["step", "timestamp", "runtime", "total_tokens", "train_loss", "learning_rate"];
  rows = await cellsOf("runs_history.parquet", ["run_id"], numbers);
});
afterAll(() => removeProject(project));

const NAMES = [
  ["config", "config"],
  ["summary", "summary"],
  ["wandb_metadata", "system_info"],
  ["system_metrics", "system_metrics"],
] as const;

it("gives every run with every blob back", () => {
  expect(runs.length).toBe(6);
  expect(records.filter((record) => record.kind === "run").length).toBe(runs.length);
  for (const cells of runs) {
    const run = `${cells.get("entity")}/${cells.get("project")}/${cells.get("run_id")}`;
    const record = records.find((item) => item.kind === "run" && item.run === run);
    for (const [column, blob] of NAMES) {
      const want = cells.get(column) ?? null;
      const got = record?.payloads.get(blob);
      if (want === null) expect([run, blob, got]).toEqual([run, blob, undefined]);
      else
        expect(
          differences(
            String(want),
            pick(got ?? "{}", (key) => blob !== "config" || key !== "_wandb"),
          ),
        ).toEqual([]);
    }
  }
});

const MEMBERS = new Map([
  ["step", "_step"],
  ["timestamp", "_timestamp"],
  ["runtime", "_runtime"],
]);

function rowText(cells: Cells): string {
  const members = [...cells].flatMap(([name, value]) => {
    if (name === "run_id" || value === null) return [];
    const text = typeof value === "number" ? formatDouble(value) : String(value);
    return [`${JSON.stringify(MEMBERS.get(name) ?? name)}:${text}`];
  });
  return `{${members.join(",")}}`;
}

it("gives every history row back", () => {
  expect(rows.length).toBe(2549);
  const history = records.filter((record) => record.kind === "history");
  expect(history.length).toBe(rows.length);
  for (const cells of runs) {
    const id = cells.get("run_id");
    const own = rows.filter((row) => row.get("run_id") === id);
    const want = byStep(own.map((row) => ({ step: BigInt(String(row.get("step") ?? -1)), text: rowText(row) })));
    const got = history.filter((record) => record.run.endsWith(`/${id}`));
    expect(got.length).toBe(want.length);
    const differ = want.flatMap(({ text }, i) => differences(text, got[i]?.payloads.get("row") ?? "null"));
    expect(differ).toEqual([]);
  }
});
