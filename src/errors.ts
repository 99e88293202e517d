/** Where a problem stands: a file with line and column (both 1-based), a run, a JSON Pointer, a Parquet row. */
export interface Locator {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly run?: string;
  readonly path?: string;
  readonly row?: number;
}

/** What every error of this project carries beside its message. */
export interface ErrorDetails {
  readonly where?: Locator;
  /** The next step, as an imperative sentence: "Run `wandb-columns infer --write`." */
  readonly next?: string;
  readonly cause?: unknown;
}

/** Base of the errors that are told to the user without a stack. `code` is stable and greppable, such as `schema/keyword`. */
export class WandbColumnsError extends Error {
  readonly code: string;
  readonly where: Locator;
  readonly next: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.where = details.where ?? {};
    this.next = details.next;
  }
}

/** A schema, a project configuration or a plan that cannot be used. */
export class SchemaError extends WandbColumnsError {}

/** A source of which nothing can be read. Damage in part of a source is a finding, not an error. */
export class SourceError extends WandbColumnsError {}

/** The raw store, the tables or the report cannot be read or written (disk, rights, format version, lock). */
export class StoreError extends WandbColumnsError {}

/** DuckDB needs more memory than it was given. */
export class MemoryError extends WandbColumnsError {
  constructor(cause: unknown) {
    super("engine/memory", "The memory that --memory allows is not enough for the widest rows.", {
      next: "Run the same command with more, such as `--memory 8GB`, or with `--threads 1`.",
      cause,
    });
  }
}

/** The second is how an appender says it. */
const OUT_OF_MEMORY = /^Out of Memory|^Failed to append: (failed to|could not) (allocate|pin) /;

/** What DuckDB throws when it is out of memory as a MemoryError; undefined for any other error. */
export function memoryError(error: unknown): MemoryError | undefined {
  const isMemory = error instanceof Error && OUT_OF_MEMORY.test(error.message);
  return isMemory ? new MemoryError(error) : undefined;
}

/** Bad usage of the command line, or a run that was interrupted. */
export class CliError extends WandbColumnsError {
  readonly exitCode: number;

  constructor(code: string, message: string, details: ErrorDetails & { readonly exitCode?: number } = {}) {
    super(code, message, details);
    this.exitCode = details.exitCode ?? 2;
  }
}

/** `file:line:column` of a locator, as far as it is known; empty when nothing is. */
export function formatLocator(where: Locator): string {
  const file = [where.file, where.line, where.column].filter((part) => part !== undefined).join(":");
  const rest = [
    where.run === undefined ? "" : `run ${where.run}`,
    where.row === undefined ? "" : `row ${where.row}`,
    where.path === undefined ? "" : `at ${where.path === "" ? "the root" : where.path}`,
  ];
  return [file, ...rest].filter((part) => part !== "").join(", ");
}
