import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DR_WANDB, emptyFolder, MAIN, REPOSITORY } from "../cli/cli.js";
import type { Block } from "./document.js";

/**
 * A folder as the documents assume it: `wandb/` has the logs of seven runs, `export/` a dr_wandb export, and the command
 * `wandb-columns` and the package are installed.
 */
export async function workspace(): Promise<string> {
  const folder = await emptyFolder();
  await cp(join(REPOSITORY, "test/data/wandb_sdk_sweep/wandb"), join(folder, "wandb"), { recursive: true });
  await cp(DR_WANDB, join(folder, "export"), { recursive: true });
  await mkdir(join(folder, "bin"));
  const command = join(folder, "bin/wandb-columns");
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(command, 0o755);
  await mkdir(join(folder, "node_modules/@observablehq"), { recursive: true });
  await symlink(REPOSITORY, join(folder, "node_modules/wandb-columns"));
  for (const name of ["arquero", "linkedom", "@observablehq/plot"]) {
    await symlink(join(REPOSITORY, "node_modules", name), join(folder, "node_modules", name));
  }
  return folder;
}

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program in the folder of a workspace, with its command first in PATH. */
export function inWorkspace(folder: string, file: string, args: readonly string[]): Promise<Ended> {
  const path = [join(folder, "bin"), dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
  const env = { PATH: path, HOME: folder, LC_ALL: "C.UTF-8" };
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd: folder, env, maxBuffer: 1 << 28 }, (error, out, err) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ code: Number(error?.code ?? 0), out, err });
    });
  });
}

/** Writes blocks that name their file in a comment on their first line, such as `// src/plot.js`. */
export async function writeFiles(folder: string, blocks: readonly Block[]): Promise<string[]> {
  const written: string[] = [];
  for (const { text } of blocks) {
    const [, name] = /^(?:\/\/|#|--) (\S+\.\w+)\n/.exec(text) ?? [];
    if (name === undefined) continue;
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
    written.push(name);
  }
  return written;
}

export const textOf = (folder: string, name: string): Promise<string> => readFile(join(folder, name), "utf8");
