import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { MAIN, plainVariables, REPOSITORY } from "../cli/cli.js";

const PEAK = join(import.meta.dirname, "peak.cjs");
/** A value in the JavaScript heap that is not let go of ends the program here, not the machine. */
const HEAP_MB = 1500;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** Lines of stdout that the caller asked for. */
  readonly found: ReadonlySet<string>;
  /** Bytes of memory at the peak. */
  readonly peak: number;
  readonly seconds: number;
}

const KEPT = 4_000_000;
const WINDOW = 16_000_000;

/** Time and memory of a command, as a line of the file that HOSTILE_MEASURES names. */
async function note(command: string, seconds: number, peak: number): Promise<void> {
  const file = process.env["HOSTILE_MEASURES"];
  if (file === undefined) return;
  const test = expect.getState().currentTestName ?? "";
  await appendFile(file, `${seconds.toFixed(1)} s  ${Math.round(peak / 1e6)} MB  ${command}: ${test}\n`);
}

/**
 * Runs the program with bounded time; what it prints is kept up to 4 MB.
 * @param patience seconds after which it is killed.
 * @param needles texts that are looked for in its whole output.
 */
export async function runBounded(
  args: readonly string[],
  patience: number,
  needles: readonly string[] = [],
): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), "wandb-columns-peak-"));
  const file = join(folder, "peak");
  const started = performance.now();
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, "--require", PEAK, MAIN, ...args], {
    cwd: REPOSITORY,
    env: { ...plainVariables(), PEAK_FILE: file },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: patience * 1000,
    killSignal: "SIGKILL",
  });
  let out = "";
  let err = "";
  const found = new Set<string>();
  const longest = Math.max(0, ...needles.map((needle) => needle.length));
  let waiting: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    if (out.length < KEPT) out += chunk.toString("utf8");
    if (longest === 0) return;
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes >= WINDOW + 2 * longest) search();
  });
  /** Keeps the end of what it has looked at, where a needle may begin. */
  const search = (): void => {
    const window = Buffer.concat(waiting);
    for (const needle of needles) if (!found.has(needle) && window.includes(needle)) found.add(needle);
    waiting = [Buffer.from(window.subarray(Math.max(0, window.length - longest)))];
    bytes = longest;
  };
  child.stderr.on("data", (chunk: Buffer) => {
    if (err.length < KEPT) err += chunk.toString("utf8");
  });
  const { code, signal } = await new Promise<Pick<Ended, "code" | "signal">>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit, name) => resolve({ code: exit, signal: name }));
  });
  search();
  const peak = existsSync(file) ? Number(await readFile(file, "utf8")) : Number.NaN;
  await rm(folder, { recursive: true, force: true });
  const seconds = (performance.now() - started) / 1000;
  await note(args[0] ?? "", seconds, peak);
  return { code, signal, out, err, found, peak, seconds };
}
