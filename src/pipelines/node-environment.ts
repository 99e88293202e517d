import { readFileSync } from "node:fs";
import * as files from "node:fs/promises";
import { availableParallelism, hostname, tmpdir, totalmem } from "node:os";
import { isAbsolute, sep } from "node:path";
import { addAbortSignal } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Environment, Machine } from "./environment.js";
import { standardInput } from "./standard-input.js";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** The text of a file of /proc; undefined where there is none or it may not be read. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** On Linux the boot and the tick of the system's clock; see proc(5), field 22 of /proc/PID/stat. Elsewhere unknown. */
function startOf(pid: number): string | undefined {
  const boot = textOf("/proc/sys/kernel/random/boot_id");
  // The name of the program is in parentheses and may hold some itself.
  const fields = textOf(`/proc/${pid}/stat`)?.split(")").at(-1)?.trim().split(" ");
  const ticks = fields?.[19];
  return boot === undefined || ticks === undefined ? undefined : `${boot.trim()} ${ticks}`;
}

function thisMachine(): Machine {
  return {
    pid: process.pid,
    host: hostname(),
    memory: totalmem(),
    threads: availableParallelism(),
    temp: tmpdir(),
    isAlive,
    startOf,
  };
}

async function globPaths(pattern: string): Promise<string[]> {
  const { glob } = await import("tinyglobby");
  const slashed = sep === "\\" ? pattern.replaceAll("\\", "/") : pattern;
  const options = { absolute: isAbsolute(pattern), expandDirectories: false };
  const found = slashed.endsWith("/") ? [] : await glob(slashed, options);
  const folders = found.length > 0 ? [] : await glob(slashed, { ...options, onlyDirectories: true });
  const paths = [...found, ...folders.map((folder) => folder.replace(/(?<=.)\/$/, ""))];
  return paths.sort((a, b) => (a < b ? -1 : 1));
}

/** A file of this package, by its path inside it. */
function packagePath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

function packageVersion(): string {
  const about: unknown = JSON.parse(readFileSync(packagePath("package.json"), "utf8"));
  const version = typeof about === "object" && about !== null && "version" in about ? about.version : undefined;
  return typeof version === "string" ? version : "unknown";
}

/**
 * The real file system, clock and machine, and the schemas that come with this package.
 * @param signal aborts what is under way. Default: nothing does.
 */
export function nodeEnvironment(signal: AbortSignal = new AbortController().signal): Environment {
  return {
    files,
    glob: globPaths,
    stdin: standardInput(() => addAbortSignal(signal, process.stdin)),
    machine: thisMachine(),
    builtInSchemas: packagePath("schemas"),
    builtInGenerated: packagePath("generated"),
    version: packageVersion(),
    signal,
    now: () => new Date(),
  };
}
