/** The JSON objects a record can carry. */
export const BLOBS = [
  "run",
  "config",
  "summary",
  "system_info",
  "system_metrics",
  "history",
  "system_event",
  "sweep",
] as const;

export type BlobName = (typeof BLOBS)[number];

/** The record kinds of the raw store and the blobs each one carries, in the order of their columns. */
export const RECORD_BLOBS = {
  run: ["run", "config", "summary", "system_info", "system_metrics"],
  history: ["history"],
  system_event: ["system_event"],
  sweep: ["sweep"],
} as const satisfies Record<string, readonly BlobName[]>;

export type RecordKind = keyof typeof RECORD_BLOBS;

/** Kinds of records in a fixed order. */
export const RECORD_KINDS = Object.keys(RECORD_BLOBS) as RecordKind[];

/** A run's identity. `run_id` is the SDK's `run.id`, GraphQL's `name`. Unknown parts are the empty string. */
export interface RunKey {
  readonly entity: string;
  readonly project: string;
  readonly run_id: string;
}
