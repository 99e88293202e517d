import type { BlobName } from "../../blob.js";

/** Members of a run record that hold a blob; of two that hold the same one the first in this list counts. */
export const BLOB_MEMBERS: readonly (readonly [member: string, blob: BlobName])[] = [
  ["config", "config"],
  ["summary", "summary"],
  ["summaryMetrics", "summary"],
  ["summary_metrics", "summary"],
  ["system_metrics", "system_metrics"],
  ["systemMetrics", "system_metrics"],
  ["system_info", "system_info"],
  ["metadata", "system_info"],
  ["wandb_metadata", "system_info"],
];

/** The member whose list of objects is the run's history. */
export const HISTORY_MEMBER = "history";

/** Members of the run blob that exporters name in other words; of two for one, the first in this list counts. */
export const RUN_MEMBERS: ReadonlyMap<string, string> = new Map([
  ["display_name", "displayName"],
  ["run_name", "displayName"],
  ["name", "displayName"],
  ["created_at", "createdAt"],
  ["heartbeat_at", "heartbeatAt"],
  ["updated_at", "updatedAt"],
  ["job_type", "jobType"],
  ["run_group", "group"],
  ["sweep_name", "sweepName"],
  ["sweep_id", "sweepName"],
  ["runtime_s", "runtime"],
  ["exit_code", "exitCode"],
  ["history_line_count", "historyLineCount"],
  ["log_line_count", "logLineCount"],
  ["events_line_count", "eventsLineCount"],
  ["file_count", "fileCount"],
  ["compute_seconds", "computeSeconds"],
  ["starting_step", "startingStep"],
  ["storage_id", "id"],
  ["project_id", "projectId"],
  ["read_only", "readOnly"],
  ["history_keys", "historyKeys"],
  ["raw_config", "rawconfig"],
]);

/** States of a run that may still log. */
export const GROWING: ReadonlySet<string> = new Set(["running", "pending", "preempting"]);
