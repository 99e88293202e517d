/** What the figures are of: the machine, the versions, and how busy the machine was. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

const PACKAGE = new URL("../package.json", import.meta.url);

function pythonLine({ program, versions }) {
  if (versions === undefined) return `Python peers are skipped: ${program} does not run`;
  const known = Object.entries(versions).map(([name, version]) => `${name} ${version ?? "absent"}`);
  return `peers: ${known.join(", ")} (${program})`;
}

export function machineLines(python, { full, scale, runs }) {
  const { version, dependencies } = JSON.parse(readFileSync(PACKAGE, "utf8"));
  const engine = dependencies["@duckdb/node-api"];
  const memory = (totalmem() / 1e9).toFixed(0);
  const load = loadavg().map((value) => value.toFixed(1));
  const size = full ? "full sizes" : "small sizes: start-up weighs more, targets are about the full ones";
  return [
    `wandb-columns ${version}, Node ${process.version}, DuckDB in Node ${engine}`,
    pythonLine(python),
    `${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} threads, ${memory} GB, load ${load.join(" ")} at the end`,
    `${size}${scale === "1" ? "" : ` times ${scale}`}, medians of ${runs} rounds`,
  ];
}
