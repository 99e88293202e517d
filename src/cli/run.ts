import { setTimeout } from "node:timers/promises";
import type { LockWait } from "../store/store-env.js";
import type { Effects } from "./effects.js";
import { failureOf } from "./failure.js";
import { commandHelp, programHelp } from "./help.js";
import type { OptionName } from "./options.js";
import { type CommandLine, parseCommandLine } from "./parse.js";
import { ProgressMeter } from "./progress.js";
import { settingFlag } from "./variables.js";

/** How to wait for the lock of another: with a line on stderr, until Ctrl-C. */
function waitOf(seconds: number, signal: AbortSignal, remark: (text: string) => Promise<void>): LockWait {
  const sleep = (milliseconds: number): Promise<void> => setTimeout(milliseconds, undefined, { signal });
  return { seconds, tell: remark, sleep };
}

async function runCommand(line: CommandLine, effects: Effects): Promise<number> {
  const { command, options, positionals } = line;
  if (options.has("version")) {
    await effects.out.write(`wandb-columns ${effects.version}\n`);
    return 0;
  }
  if (command === undefined || options.has("help")) {
    await effects.out.write(command === undefined ? programHelp() : commandHelp(command));
    return 0;
  }
  const quiet = settingFlag("quiet", options, effects.variables);
  const meter = new ProgressMeter(effects.err, effects.now, quiet);
  try {
    const { readSettings } = await import("./settings.js");
    const settings = await readSettings(options, effects);
    const act = await command.load();
    const remark = async (text: string): Promise<void> => {
      meter.clear();
      if (!quiet) await effects.err.write(`${text}\n`);
    };
    const wait = waitOf(settings.wait, effects.signal, remark);
    return await act({ effects: { ...effects, wait }, settings, positionals, options, progress: meter.report, remark });
  } finally {
    meter.clear();
  }
}

/** Whether stacks are wanted, for a command line that may not even parse. */
function wantsDebug(argv: readonly string[], effects: Effects): boolean {
  return argv.includes("--debug") || settingFlag("debug", new Map<OptionName, string | true>(), effects.variables);
}

/**
 * Runs a command line and tells how to exit. Never throws: an error becomes a message on stderr and an exit code.
 * @param argv the arguments after the program's name.
 */
export async function run(argv: readonly string[], effects: Effects): Promise<number> {
  try {
    return await runCommand(parseCommandLine(argv), effects);
  } catch (error) {
    const failure = failureOf(error, wantsDebug(argv, effects), effects.signal.aborted);
    await effects.err.write(failure.text);
    return failure.exitCode;
  }
}
