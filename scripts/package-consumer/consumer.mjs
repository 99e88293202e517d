/** What a program does with the installed package: load a project's plan, rebuild its tables, open them. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeEnvironment, openTables, planProject, projectAt, rebuildTables } from "wandb-columns";

const project = projectAt(process.argv[2] ?? ".");
const { plan } = await planProject(project, nodeEnvironment(), "snake");
assert.ok(plan.tables.some(({ name }) => name === "history"));

const temp = await mkdtemp(join(tmpdir(), "wandb-columns-consumer-"));
let lines = 0;
const write = async () => {
  lines += 1;
};
try {
  const { rows } = await rebuildTables({ plan, dir: project.tables, write, memory: 500e6, threads: 1, temp });
  assert.ok(rows > 0 && lines > rows);
  const history = await (await openTables(project.tables)).get("history", { columns: ["run_id", "step"] });
  assert.equal(history.numRows(), rows);
  console.log(`library: ${plan.tables.length} tables planned, ${lines} records rebuilt`);
} finally {
  await rm(temp, { recursive: true, force: true });
}
