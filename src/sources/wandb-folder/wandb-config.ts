import type { TelemetryRecord } from "./record_pb.js";
import { encodeTelemetry, type MetricDefinitions } from "./telemetry.js";
import type { ItemTree } from "./tree.js";

/**
 * Adds to `config._wandb` what W&B adds on upload: `cli_version`, `python_version`, `t` (telemetry) and `m` (metric
 * definitions). What the log itself has there stays; `conflict` gets a member that it has with another value, or every
 * member when the log's `_wandb` is no object.
 */
export function addInternalConfig(
  config: ItemTree,
  telemetry: TelemetryRecord | undefined,
  metrics: MetricDefinitions,
  conflict: (path: readonly string[], text: string) => void,
): void {
  for (const [name, value] of internalMembers(telemetry, metrics)) {
    const path = ["_wandb", name];
    const text = JSON.stringify(value);
    const found = config.isScalar("_wandb") ? "" : config.textAt(path);
    if (found === undefined) config.update(path, Buffer.from(text));
    else if (found !== text) conflict(path, text);
  }
}

function internalMembers(telemetry: TelemetryRecord | undefined, metrics: MetricDefinitions): [string, unknown][] {
  const members: [string, unknown][] = [];
  if (telemetry !== undefined) {
    if (telemetry.cliVersion !== "") members.push(["cli_version", telemetry.cliVersion]);
    if (telemetry.pythonVersion !== "") members.push(["python_version", telemetry.pythonVersion]);
    members.push(["t", encodeTelemetry(telemetry)]);
  }
  if (metrics.size > 0) members.push(["m", metrics.encode()]);
  return members;
}
