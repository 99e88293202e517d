import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
export const MAIN = join(REPOSITORY, "dist/bin/main.js");
export const DR_WANDB = join(REPOSITORY, "test/data/dr_wandb_export");
export const OFFLINE = join(REPOSITORY, "test/data/wandb_sdk_offline");

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface SpawnOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whose rights it has. */
  readonly uid?: number;
  /** What it reads from standard input; nothing by default. */
  readonly input?: string | Uint8Array;
  /** Its standard input does not end. */
  readonly staysOpen?: boolean;
}

/** The variables of a user who set none of ours. */
export const plainVariables = (): Record<string, string> => ({ PATH: process.env["PATH"] ?? "", TMPDIR: tmpdir() });

/** Starts the program as a user does. */
export function start(args: readonly string[], options: SpawnOptions = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd ?? REPOSITORY,
    env: { ...plainVariables(), ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A program that ends without reading its input breaks the pipe; its exit code tells the rest.
  child.stdin.on("error", () => undefined);
  child.stdin.write(options.input ?? "");
  if (options.staysOpen !== true) child.stdin.end();
  return child;
}

/** Runs the program to its end. */
export function run(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  const child = start(args, options);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

const made: string[] = [];

/** An empty folder that is removed when the tests of the file are done. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wandb-columns-test-"));
  made.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});
