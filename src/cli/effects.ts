import type { Environment } from "../pipelines/environment.js";
import { nodeEnvironment } from "../pipelines/node-environment.js";

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
}

/** A stream of the process as an output. A reader that went away, as `| head` does, is no error: the rest is dropped. */
function outputOf(stream: NodeJS.WriteStream): Output {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    // Nothing more can be written there; stderr may still work.
    process.stderr.write(
      `error: The output could not be written: ${error.message}\n  next:  Free space, or send it elsewhere.\n`,
    );
    process.exit(2);
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

/** The real world. */
export function realEffects(signal: AbortSignal): Effects {
  return {
    ...nodeEnvironment(signal),
    variables: process.env,
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
  };
}
