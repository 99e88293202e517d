/**
 * Loaded into a measured Node process with `--import`: when it ends, writes what it took to the file BENCH_USAGE names, as
 * `{cpu, peak}` in seconds and bytes: all threads together, and the CPU (not the memory) of programs that it started.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** The kernel's figure for this program alone: what getrusage says begins with the memory of the process that started it. */
function peakBytes({ maxRSS }) {
  if (process.platform !== "linux") return maxRSS * 1024;
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? maxRSS) * 1024;
}

/** Seconds of CPU of children that have ended: fields 16 and 17 of stat, in hundredths. */
function childrenSeconds() {
  if (process.platform !== "linux") return 0;
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

const file = process.env.BENCH_USAGE;
if (isMainThread && file !== undefined) {
  process.on("exit", () => {
    const usage = process.resourceUsage();
    const cpu = (usage.userCPUTime + usage.systemCPUTime) / 1e6 + childrenSeconds();
    writeFileSync(file, JSON.stringify({ cpu, peak: peakBytes(usage) }));
  });
}
