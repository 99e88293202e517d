/** Runs a job: all its commands in turn, round after round, so that what the machine does meanwhile meets all alike. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { measure, medians } from "./measure.mjs";
import { profileFlags, topFunctions } from "./profile.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

/** One run of a command: its usage, or why there is none. */
async function once(command, { work, limit }, nodeFlags) {
  try {
    command.prepare();
    const usage = await measure(command.argv(nodeFlags), work, limit);
    command.check(usage.stdout);
    return usage;
  } catch (error) {
    return { failed: error.message };
  }
}

/** Results by command: medians, `{failed}` or `{skipped}`. A command that failed is not run again. */
export async function runJob(job, context) {
  const samples = new Map(job.commands.map((command) => [command.id, []]));
  const results = new Map();
  for (const { id, skipped } of job.commands) if (skipped !== undefined) results.set(id, { skipped });
  for (let round = 1; round <= context.rounds; round++) {
    for (const command of job.commands) {
      if (results.has(command.id) || (command.isSlow && round > 1)) continue;
      const usage = await once(command, context);
      if (usage.failed === undefined) samples.get(command.id).push(usage);
      else results.set(command.id, usage);
      const took = usage.failed ?? `${usage.wall.toFixed(2)} s`;
      say(`${job.name} ${round}/${context.rounds} ${command.label ?? command.id}: ${took}`);
    }
  }
  for (const [id, found] of samples) if (!results.has(id)) results.set(id, medians(found));
  return results;
}

/** Runs our commands of a job once more, each with a CPU profile, and prints where the time of each goes. */
export async function profileJob(job, context) {
  const folder = join(context.data, "profiles");
  mkdirSync(folder, { recursive: true });
  for (const command of job.commands.filter(({ isOurs }) => isOurs)) {
    const { flags, path } = profileFlags(folder, `${job.name}-${command.id}`);
    const { failed } = await once(command, context, flags);
    console.log(`\n${job.name} ${command.id}: ${failed === undefined ? path : `failed: ${failed}`}`);
    if (failed === undefined) console.log(topFunctions(path).join("\n"));
  }
}
