import * as files from "node:fs/promises";
import { availableParallelism, hostname, tmpdir, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Environment, Machine } from "../pipelines/environment.js";

/** Where text goes: stdout or stderr. */
export interface Output {
  /** Resolves when the text was taken, so that a slow reader slows the writer. */
  write(text: string): Promise<void>;
  readonly isTerminal: boolean;
  /** Width of the terminal in characters; 80 where there is none. */
  readonly columns: number;
}

/** Everything outside that the command line touches. Built once, in `main.ts`. */
export interface Effects extends Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly out: Output;
  readonly err: Output;
  /** The `package.json` of this package. */
  readonly packageFile: string;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** A stream of the process as an output. A reader that went away, as `| head` does, is no error: the rest is dropped. */
function outputOf(stream: NodeJS.WriteStream): Output {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  return {
    write: (text) =>
      new Promise((resolve) => {
        if (stream.write(text)) resolve();
        else stream.once("drain", resolve);
      }),
    isTerminal: stream.isTTY === true,
    columns: stream.columns ?? 80,
  };
}

function thisMachine(): Machine {
  return {
    pid: process.pid,
    host: hostname(),
    memory: totalmem(),
    threads: availableParallelism(),
    temp: tmpdir(),
    isAlive,
  };
}

const inPackage = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The real world. */
export function realEffects(signal: AbortSignal): Effects {
  return {
    variables: process.env,
    files,
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    signal,
    packageFile: inPackage("package.json"),
    builtInSchemas: inPackage("schemas"),
    machine: thisMachine(),
    now: () => new Date(),
  };
}
