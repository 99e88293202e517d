import { join } from "node:path";
import { counted } from "../output/layout.js";
import { planProject } from "../pipelines/project.js";
import { rebuildTables } from "../pipelines/rebuild.js";
import { type CommandRun, textOption } from "./context.js";

/** Lines are written together: a write a line costs more than the line. */
const BATCH = 1 << 16;

/** `rebuild`: tables back to the payloads, one JSON object a line. */
export const rebuildCommand: CommandRun = async (context) => {
  const { settings, effects, remark } = context;
  const { plan } = await planProject(settings.project, effects, settings.naming);
  const temp = await effects.files.mkdtemp(join(effects.machine.temp, "wandb-columns-"));
  let waiting = "";
  const write = async (line: string): Promise<void> => {
    waiting += `${line}\n`;
    if (waiting.length < BATCH) return;
    const batch = waiting;
    waiting = "";
    await effects.out.write(batch);
  };
  try {
    const dir = textOption(context, "from") ?? settings.tables;
    const done = await rebuildTables({ plan, dir, write, ...settings.limits, temp, signal: effects.signal });
    await effects.out.write(waiting);
    await remark(`Rebuilt ${counted(done.runs, "run")} and ${counted(done.rows, "history row")}.`);
  } finally {
    await effects.files.rm(temp, { recursive: true, force: true });
  }
  return 0;
};
