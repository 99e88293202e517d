import { diskReason } from "../disk-error.js";
import { StoreError, WandbColumnsError } from "../errors.js";

const pathOf = (error: Error): string | undefined =>
  "path" in error && typeof error.path === "string" ? error.path : undefined;

/** Whether an error is that of a file of the store, and not of a source that is being read. */
function isOfStore(error: unknown, directory: string): boolean {
  if (!(error instanceof Error)) return false;
  const path = pathOf(error);
  return path === undefined ? error.message.includes(directory) : path.startsWith(directory);
}

/**
 * An error of the disk below a raw store as a sentence with its next step; any other error as it is.
 * @param changed whether the manifest has been replaced by then.
 */
export function explainWriteError(error: unknown, directory: string, changed: boolean): unknown {
  const why = diskReason(error);
  if (why === undefined || error instanceof WandbColumnsError || !isOfStore(error, directory)) return error;
  const state = changed ? "What was being written is in it." : "What was in it is unchanged.";
  return new StoreError("store/write", `The raw store ${directory} could not be written: ${why}. ${state}`, {
    where: { file: directory },
    next: "Make room there or see to its rights, then run the same command again.",
    cause: error,
  });
}
