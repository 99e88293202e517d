import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as library from "../src/index.js";

test("the library has these names and no others", () => {
  const names = Object.keys(library).sort();
  expect(names.length).toBeLessThanOrEqual(25);
  expect(names).toMatchInlineSnapshot(`
    [
      "FINDING_CODES",
      "SchemaError",
      "SourceError",
      "StoreError",
      "WandbColumnsError",
      "explain",
      "exportDatabase",
      "exportTables",
      "flattenRecord",
      "generateAll",
      "importSources",
      "loadRegistry",
      "makeReport",
      "nodeEnvironment",
      "openRaw",
      "openTables",
      "planColumns",
      "planProject",
      "projectAt",
      "proposeFrom",
      "readPlan",
      "rebuildTables",
      "recogniseSources",
      "shapeRecord",
      "sync",
    ]
  `);
});

test("a project is synced, reported and rebuilt by calls", async () => {
  const root = await mkdtemp(join(tmpdir(), "wandb-columns-test-"));
  try {
    const env = library.nodeEnvironment();
    const project = library.projectAt(root);
    const limits = { memory: 500e6, threads: 1 };
    const source = new URL("./data/wandb_sdk_offline/numbers", import.meta.url).pathname;
    const synced = await library.sync(project, { paths: [source], entity: "lab", limits }, env);
    expect(synced.schemas.action).toBe("created");
    expect(synced.report.totals).toMatchObject({ runs: 1, to_decide: 0 });
    const { plan } = await library.planProject(project, env, "snake");
    const lines: string[] = [];
    const write = async (line: string): Promise<void> => {
      lines.push(line);
    };
    const temp = join(root, "temp");
    const rebuilt = await library.rebuildTables({ plan, dir: project.tables, write, ...limits, temp });
    expect(rebuilt.rows).toBe(synced.report.totals.history_rows);
    expect(lines.filter((line) => line.startsWith('{"kind":"history"')).length).toBe(rebuilt.rows);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
