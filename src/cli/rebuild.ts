import { join } from "node:path";
import { CliError } from "../errors.js";
import { counted } from "../output/layout.js";
import { planProject } from "../pipelines/project.js";
import { rebuildTables } from "../pipelines/rebuild.js";
import { sinkPath } from "../pipelines/sink-address.js";
import { type CommandRun, type Context, projectFlag, textOption } from "./context.js";

/** Lines are written together: a write a line costs more than the line. */
const BATCH = 1 << 16;

/** The folder of tables. @throws CliError `usage/rebuild-sink` when the tables are in a database */
function tablesFolder(context: Context): string {
  const { sink } = context.settings;
  const from = textOption(context, "from");
  const place = from ?? (sink.kind === "parquet" ? sink.dir : `duckdb:${sinkPath(sink)}`);
  if (!place.startsWith("duckdb:")) return place.replace(/^parquet:/, "");
  const flag = projectFlag(context);
  throw new CliError("usage/rebuild-sink", `rebuild reads Parquet tables, and ${place} is a database.`, {
    next: `Run \`wandb-columns export${flag} --to parquet:DIR\`, then \`wandb-columns rebuild${flag} --from DIR\`.`,
  });
}

/** `rebuild`: tables back to the payloads, one JSON object a line. */
export const rebuildCommand: CommandRun = async (context) => {
  const { settings, effects, remark } = context;
  const dir = tablesFolder(context);
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
    const done = await rebuildTables({ plan, dir, write, ...settings.limits, temp, signal: effects.signal });
    await effects.out.write(waiting);
    await remark(`Rebuilt ${counted(done.runs, "run")} and ${counted(done.rows, "history row")}.`);
  } finally {
    await effects.files.rm(temp, { recursive: true, force: true });
  }
  return 0;
};
