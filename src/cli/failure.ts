import { CliError, formatLocator, WandbColumnsError } from "../errors.js";
import { printable } from "../output/layout.js";

/** What a failed command says and how it exits. */
export interface Failure {
  readonly exitCode: number;
  /** Lines for stderr, newline at the end. */
  readonly text: string;
}

export const INTERRUPTED = 130;
const NOTHING_PRODUCED = 2;

/** Errors of the operating system that a user can do something about. */
const SYSTEM_ERRORS: Readonly<Record<string, readonly [says: string, next: string]>> = {
  ENOENT: ["there is no such file or folder", "Check the path."],
  ENOTDIR: ["a part of the path is not a folder", "Check the path."],
  EISDIR: ["it is a folder, not a file", "Check the path."],
  EACCES: ["permission denied", "Check the rights of the file and of its folder."],
  EPERM: ["the operation is not permitted", "Check the rights of the file and of its folder."],
  EROFS: ["the file system is read-only", "Choose a folder that can be written, with --project DIR."],
  ENOSPC: ["no space is left on the disk", "Free some space and run the command again: what was done is kept."],
  EDQUOT: ["the disk quota is used up", "Free some space and run the command again: what was done is kept."],
  EMFILE: ["too many files are open", "Raise the limit (`ulimit -n`) and run the command again."],
  ENAMETOOLONG: ["the name is too long", "Choose a shorter path."],
  ELOOP: ["its links lead in a circle", "Check the path."],
  EBUSY: ["it is in use", "Close what uses it and run the command again."],
};

function lines(head: string, where: string, next: string | undefined): string {
  const rest = [where === "" ? "" : `  where: ${where}`, next === undefined ? "" : `  next:  ${next}`];
  return [head, ...rest].filter((line) => line !== "").join("\n");
}

function systemFailure(error: NodeJS.ErrnoException): string | undefined {
  const known = SYSTEM_ERRORS[error.code ?? ""];
  if (known === undefined) return undefined;
  const [says, next] = known;
  const act = error.syscall === undefined ? "use" : error.syscall;
  return lines(`error: Cannot ${act} ${error.path ?? "a file"}: ${says} (${error.code}).`, "", next);
}

function isInterruption(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || ("code" in error && error.code === "ABORT_ERR"));
}

function told(error: unknown): string {
  if (error instanceof WandbColumnsError) {
    return lines(`error: ${error.message} [${error.code}]`, formatLocator(error.where), error.next);
  }
  const system = error instanceof Error ? systemFailure(error) : undefined;
  if (system !== undefined) return system;
  const message = error instanceof Error ? error.message : String(error);
  const next = "Run the command again with --debug, and report what it shows.";
  return lines(`Unexpected error: ${message}`, "", next);
}

/** Names of files and of the data stand in messages; line ends are those of lists. */
const printableLines = (text: string): string => text.split("\n").map(printable).join("\n");

function stacks(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const cause = error.cause === undefined ? "" : `Caused by: ${stacks(error.cause)}`;
  return `${error.stack ?? error.message}\n${cause}`;
}

/**
 * An error as the user sees it: what was found and expected, where, the next step. The stack only with `debug`.
 * @param interrupted whether Ctrl-C was pressed: then whatever was thrown is its consequence.
 */
export function failureOf(error: unknown, debug: boolean, interrupted: boolean): Failure {
  const stack = debug ? `\n\n${stacks(error)}` : "";
  if (interrupted || isInterruption(error)) {
    return { exitCode: INTERRUPTED, text: printableLines(`Interrupted. What was finished before is kept.${stack}\n`) };
  }
  const exitCode = error instanceof CliError ? error.exitCode : NOTHING_PRODUCED;
  return { exitCode, text: `${printableLines(told(error) + stack)}\n` };
}
