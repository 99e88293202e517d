import { isAbsolute, join } from "node:path";
import { CliError } from "../errors.js";
import { nearestWord } from "../schema/nearest.js";

/** Kinds of sinks by their prefix. */
const SINKS = ["parquet"] as const;

/** Where tables go. */
export interface SinkAddress {
  readonly kind: (typeof SINKS)[number];
  readonly dir: string;
}

/**
 * `parquet:DIR` to its parts.
 * @param base the folder that a relative DIR is inside of.
 * @throws CliError `usage/sink` when the prefix is unknown or nothing follows it.
 */
export function parseSink(text: string, base: string): SinkAddress {
  const [kind = "", ...rest] = text.split(":");
  const dir = rest.join(":");
  if (kind === "parquet" && dir !== "") return { kind, dir: isAbsolute(dir) || base === "" ? dir : join(base, dir) };
  const near = rest.length === 0 ? undefined : nearestWord(kind, SINKS);
  throw new CliError("usage/sink", `A sink is written parquet:DIR, found ${JSON.stringify(text)}.`, {
    next: near !== undefined && dir !== "" ? `Write ${near}:${dir}.` : "Write, for example, parquet:tables.",
  });
}
