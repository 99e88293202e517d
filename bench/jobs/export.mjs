/** P: a dr_wandb export, Parquet with JSON text columns. */
import { join } from "node:path";
import { empty, hasRuns, memory, ours, peer, time } from "../job.mjs";
import { pythonPeer } from "../peers/find.mjs";

export function exportJob(context) {
  const { python, work, sizes } = context;
  const runs = sizes.exportRuns;
  const project = join(work, "P");
  const input = context.input({ name: "P", generator: "export.mjs", args: [runs], ending: "" });
  const pandas = pythonPeer(python, "pandas_export.py", ["pandas", "pyarrow"], [input, join(work, "P-peer.parquet")]);
  return {
    name: "P",
    title: `dr_wandb export, ${runs.toLocaleString("en")} runs of 1,700 paths`,
    input,
    commands: [
      ours("sync", project, ["sync", input], { prepare: empty(project), expect: hasRuns(runs) }),
      peer("pandas", "pandas", pandas),
    ],
    claims: [time("first sync", "sync", "pandas", 1), memory("peak of first sync", "sync", 1)],
  };
}
