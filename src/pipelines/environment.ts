import type { LockWait } from "../store/store-env.js";
import type { StandardInput } from "./standard-input.js";

/** What the program may use of the machine. */
export interface Machine {
  readonly pid: number;
  /** Name of the machine. */
  readonly host: string;
  /** Bytes of main memory. */
  readonly memory: number;
  readonly threads: number;
  /** The system's folder for temporary files. */
  readonly temp: string;
  /** Whether a process of this machine is running. */
  isAlive(pid: number): boolean;
  /** When a process of this machine started, as a text that no other process of its pid has; undefined when unknown. */
  startOf(pid: number): string | undefined;
}

/** What the pipelines touch outside of their arguments. Passed in; nothing here has a default. */
export interface Environment {
  /** The file system: `node:fs/promises`. */
  readonly files: typeof import("node:fs/promises");
  /**
   * The files that a glob matches, or when none does or it ends in `/` the folders, in the order of their names; `\` is
   * an escape but on Windows.
   */
  glob(pattern: string): Promise<readonly string[]>;
  readonly stdin: StandardInput;
  readonly machine: Machine;
  /** The folder with the built-in schemas of this package. */
  readonly builtInSchemas: string;
  /** The folder with what this version generates for them. */
  readonly builtInGenerated: string;
  /** Version of this package. */
  readonly version: string;
  /** Aborted when the user gives up: what is under way is left, what was finished stays. */
  readonly signal: AbortSignal;
  /** What to do while another process writes the same folder. Default: an error at once. */
  readonly wait?: LockWait;
  now(): Date;
}

/** Folder inside the tables folder for what the engine cannot keep in memory; it is there only while an export runs. */
export const ENGINE_FOLDER = ".engine";

/** Bounds of the engine. */
export interface Limits {
  /** Bytes to stay within. */
  readonly memory: number;
  readonly threads: number;
}

/** Least memory that the engine works with, in bytes. */
export const LEAST_MEMORY = 200e6;
const MOST_MEMORY = 4e9;

/** A quarter of the machine's memory, at most 4 GB, and all its threads. */
export function defaultLimits(machine: Machine): Limits {
  const memory = Math.max(LEAST_MEMORY, Math.min(MOST_MEMORY, Math.floor(machine.memory / 4)));
  return { memory, threads: machine.threads };
}

/** Tells how far a step is: done and, when it is known, all; in `unit`, such as bytes. */
export type Progress = (step: string, unit: "bytes" | "parts", done: number, total: number | undefined) => void;
