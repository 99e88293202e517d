/** W: `.wandb` logs into the raw store. */
import { join } from "node:path";
import { empty, importedLogs, memory, memoryRatio, ours, rate } from "../job.mjs";

const METRICS = 30;
const LEAST = 50_000;

const logInput = (name, steps) => ({ name, generator: "log.mjs", args: [steps, METRICS], ending: ".wandb" });

export function logJob(context) {
  const { steps, manySteps } = context.sizes;
  const load = (id, path) => {
    const project = join(context.work, `W-${id}`);
    return ours(id, project, ["import", path], { prepare: empty(project), expect: importedLogs(1) });
  };
  const input = context.input(logInput("W", steps));
  const title = (count) => `${count.toLocaleString("en")} steps`;
  return {
    name: "W",
    title: `a .wandb log, ${title(steps)} of ${METRICS} metrics`,
    input,
    commands: [
      load("log", input),
      load("start", context.input(logInput("W-start", 1))),
      load("long", context.input(logInput("W-long", manySteps))),
    ],
    labels: { log: title(steps), start: "less a log of 1 step" },
    claims: [
      rate("import, whole command", "log", steps, LEAST),
      rate("import without start-up", "log", steps, undefined, "start"),
      rate(`import of ${title(manySteps)}`, "long", manySteps, LEAST),
      memory(`peak of ${title(manySteps)}`, "long", 2),
      memoryRatio(`peak of ${title(manySteps)}`, "long", "log"),
    ],
  };
}
