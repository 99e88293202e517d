import { StoreError } from "../errors.js";
import type { LogImport } from "./log-import.js";
import type { Version } from "./manifest.js";
import type { LogKey, LogState } from "./raw-record.js";

/** How a log ended. */
export interface Ending {
  readonly digest: string;
  readonly state: LogState;
  readonly expectedRows: number | undefined;
}

/** The version of a log that has ended; what its state says of it is among its findings. */
export function versionOf(id: number, log: LogImport, { digest, state, expectedRows }: Ending): Version {
  const rows = { history: log.rows.history, system_event: log.rows.system_event };
  log.judge(state, expectedRows);
  return {
    id,
    log: log.key,
    digest,
    state,
    rows,
    ...(expectedRows === undefined ? {} : { expectedRows }),
    fetched_at: log.fetchedAt.toISOString(),
    findings: log.findings.list(),
  };
}

/** A log was begun, and something came that must not come before its end. */
export function openLogError(key: LogKey): StoreError {
  return new StoreError("store/open-log", `The log of run ${key.run_id} that starts at "${key.start}" was not ended`);
}
