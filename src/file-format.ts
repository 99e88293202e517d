import type { ErrorDetails, WandbColumnsError } from "./errors.js";

/** The members of a file as it was read. */
export type Fields = Readonly<Record<string, unknown>>;

/** A file of ours that outlives the version that wrote it, and the formats it has had, from 1 on. */
export interface FileFormat {
  /** For each format, the first version of wandb-columns that reads it. */
  readonly readableFrom: readonly [string, ...string[]];
  /** What makes a file of one format one of the next: `migrations[0]` of format 1. One fewer than formats. */
  readonly migrations: readonly ((old: Fields) => Fields)[];
  /** The error that says why the file cannot be used. */
  readonly error: (message: string, details: ErrorDetails) => WandbColumnsError;
}

/** The number of the present format. */
export const presentFormat = (format: FileFormat): number => format.readableFrom.length;

/**
 * The first members of a file that is written now: its format and, from format 2 on, the first version that reads it, so
 * that an older one can say which it needs.
 */
export function formatHeader(format: FileFormat): { readonly format: number; readonly readableFrom?: string } {
  const number = presentFormat(format);
  return number === 1 ? { format: 1 } : { format: number, readableFrom: format.readableFrom.at(-1) as string };
}

const VERSION = /^\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]{1,60})?$/;

function tooNew(format: FileFormat, found: number, readableFrom: unknown, file: string): WandbColumnsError {
  const isNamed = typeof readableFrom === "string" && VERSION.test(readableFrom);
  const next = isNamed
    ? `Install wandb-columns ${readableFrom} or later: npm install wandb-columns@${readableFrom}`
    : "Install a newer version of wandb-columns: npm install wandb-columns@latest";
  const message = `${file} has format ${found}; this version of wandb-columns reads up to ${presentFormat(format)}`;
  return format.error(message, { where: { file }, next });
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The value of a file in its present format: one of an older format is migrated. A value without a format number is given
 * back as it is; what has the shape of the format is for the caller to say.
 * @param file its name for messages.
 * @throws what `format.error` makes, when the file was written in a later format: it names the version to install.
 */
export function inPresentFormat(format: FileFormat, value: unknown, file: string): unknown {
  if (!isFields(value)) return value;
  const found = value["format"];
  if (typeof found !== "number" || !Number.isInteger(found) || found < 1) return value;
  if (found > presentFormat(format)) throw tooNew(format, found, value["readableFrom"], file);
  const migrated = format.migrations.slice(found - 1).reduce((old, migrate) => migrate(old), value);
  return migrated === value ? value : { ...migrated, ...formatHeader(format) };
}
