/** Runs one command as a child process and says what it took. */
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const SAID = 4000;

function run(argv, env, limit) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(argv[0], argv.slice(1), { env, stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), limit * 1000);
    const out = [];
    let said = "";
    child.stdout.on("data", (bytes) => out.push(bytes));
    child.stderr.on("data", (bytes) => {
      said = (said + bytes).slice(-SAID);
    });
    child.on("error", reject);
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const wall = (performance.now() - start) / 1000;
      resolve({ wall, status: status ?? signal, stdout: Buffer.concat(out).toString("utf8"), said });
    });
  });
}

/** The line of stderr that says why: ours begins with `error`, Python's comes last. */
function reason(said) {
  const lines = said.trim().split("\n");
  return lines.find((line) => line.startsWith("error")) ?? lines.at(-1);
}

/**
 * Seconds of wall time and CPU, peak bytes of memory, and what it printed on stdout.
 * @param argv program and arguments; the program loads usage.mjs or usage.py.
 * @param limit seconds after which it is killed.
 * @throws Error with a line of stderr when it does not exit with 0.
 */
export async function measure(argv, folder, limit) {
  const file = join(folder, "usage.json");
  rmSync(file, { force: true });
  const env = { ...process.env, BENCH_USAGE: file, NO_COLOR: "1", PYTHONDONTWRITEBYTECODE: "1" };
  const { wall, status, stdout, said } = await run(argv, env, limit);
  if (status === "SIGKILL" && wall >= limit) throw new Error(`stopped after ${limit} s`);
  if (status !== 0) {
    throw new Error(`exit ${status}: ${reason(said)}`);
  }
  return { wall, ...JSON.parse(readFileSync(file, "utf8")), stdout };
}

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The median of each figure by itself. */
export function medians(samples) {
  const of = (figure) => median(samples.map((sample) => sample[figure]));
  return { wall: of("wall"), cpu: of("cpu"), peak: of("peak"), runs: samples.length };
}
