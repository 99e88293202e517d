import { basename, dirname, isAbsolute, join } from "node:path";
import { CliError } from "../errors.js";
import { nearestWord } from "../schema/nearest.js";

/** Where tables go: a folder of Parquet files, or one DuckDB database. */
export type SinkAddress =
  | { readonly kind: "parquet"; readonly dir: string }
  | { readonly kind: "duckdb"; readonly file: string };

/** Kinds of sinks by their prefix, with what follows it. */
const SINKS: Readonly<
  Record<SinkAddress["kind"], { readonly place: string; readonly at: (path: string) => SinkAddress }>
> = {
  parquet: { place: "DIR", at: (dir) => ({ kind: "parquet", dir }) },
  duckdb: { place: "FILE", at: (file) => ({ kind: "duckdb", file }) },
};

const isKind = (text: string): text is SinkAddress["kind"] => Object.hasOwn(SINKS, text);

/** How sinks are written: `parquet:DIR or duckdb:FILE`. */
export const SINK_FORMS = Object.entries(SINKS)
  .map(([kind, { place }]) => `${kind}:${place}`)
  .join(" or ");

const DATABASE = /\.(?:duckdb|ddb|db)$/i;

/** How a text that is no sink is to be written, as a next step. */
function advice(text: string, kind: string, path: string): string {
  if (kind === text && DATABASE.test(text)) return `Write duckdb:${text}.`;
  const near = isKind(kind) ? kind : nearestWord(kind, Object.keys(SINKS));
  const known = near ?? (DATABASE.test(path) ? "duckdb" : undefined);
  if (known !== undefined && path !== "") return `Write ${known}:${path}.`;
  return `Write, for example, ${known === "duckdb" ? "duckdb:tables.duckdb" : "parquet:tables"}.`;
}

/**
 * `parquet:DIR` or `duckdb:FILE` to its parts.
 * @param base the folder that a relative path is inside of.
 * @throws CliError `usage/sink` when the prefix is unknown or nothing follows it.
 */
export function parseSink(text: string, base: string): SinkAddress {
  const [kind = "", ...rest] = text.split(":");
  const path = rest.join(":");
  if (isKind(kind) && path !== "") return SINKS[kind].at(isAbsolute(path) || base === "" ? path : join(base, path));
  throw new CliError("usage/sink", `A sink is written ${SINK_FORMS}, found ${JSON.stringify(text)}.`, {
    next: advice(text, kind, path),
  });
}

/** The folder or file of a sink. */
export const sinkPath = (sink: SinkAddress): string => (sink.kind === "parquet" ? sink.dir : sink.file);

/** The folder that holds the files of a sink. */
export const sinkFolder = (sink: SinkAddress): string => (sink.kind === "parquet" ? sink.dir : dirname(sink.file));

/** A sink as it is written on the command line. */
export const sinkText = (sink: SinkAddress): string => `${sink.kind}:${sinkPath(sink)}`;

/** The name of a database's file; undefined for a folder of tables. */
export const databaseName = (sink: SinkAddress): string | undefined =>
  sink.kind === "duckdb" ? basename(sink.file) : undefined;
