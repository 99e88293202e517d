import type { RunKey } from "../blob.js";
import type { Profile } from "../profile/profile.js";

/** How much of a run's history is here. */
export type HistoryStatus = "complete" | "growing" | "short" | "unknown";
export const HISTORY_STATUSES = ["complete", "growing", "short", "unknown"] as const;

/** What the raw store knows of one run. */
export interface RunFact extends RunKey {
  /** State of the run, such as finished; `unknown` when no source says. */
  readonly state: string;
  /** When it started, as text that sorts; orders runs in time. */
  readonly started?: string | undefined;
  /** When it was imported last, RFC 3339 UTC. */
  readonly fetched_at?: string | undefined;
  readonly history_rows: number;
  /** W&B's own count of history rows. */
  readonly history_rows_expected?: number | undefined;
  readonly history_status: HistoryStatus;
  /** Bytes of JSON text in the raw store. */
  readonly bytes?: number | undefined;
}

/** `entity/project/run_id`, as W&B writes a run. Empty parts stay empty. */
export function runText(run: RunKey): string {
  return `${run.entity}/${run.project}/${run.run_id}`;
}

export function projectText(run: Pick<RunKey, "entity" | "project">): string {
  return `${run.entity}/${run.project}`;
}

/** The run key that a profile has as text. @throws RangeError when the text is none. */
export function parseRunKey(text: string): RunKey {
  const parts: unknown = JSON.parse(text);
  if (Array.isArray(parts)) {
    const [entity, project, run_id] = parts as unknown[];
    if (typeof entity === "string" && typeof project === "string" && typeof run_id === "string") {
      return { entity, project, run_id };
    }
  }
  throw new RangeError(`A run key is ["entity","project","run_id"], found ${text.slice(0, 80)}`);
}

/** The runs of a profile's blobs as keys, by the index that paths use. */
export function runKeysOf(profile: Profile): ReadonlyMap<string, readonly RunKey[]> {
  const known = new Map<string, RunKey>();
  const keyOf = (text: string): RunKey => {
    const key = known.get(text) ?? parseRunKey(text);
    known.set(text, key);
    return key;
  };
  return new Map(Object.entries(profile.blobs).map(([blob, about]) => [blob, about.runs.map(keyOf)]));
}

/** The key of a path in maps: blob and JSON Pointer. */
export function pathKey(blob: string, pointer: string): string {
  return `${blob}${pointer}`;
}
