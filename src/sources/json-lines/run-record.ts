import type { BlobName } from "../../blob.js";
import type { LogState, RunBlobs } from "../../store/raw-record.js";
import { MemberWalk } from "./json-scan.js";

const OPEN_OBJECT = 0x7b;

/** The blob that a member of a run record holds, by name. */
const BLOBS: ReadonlyMap<string, BlobName> = new Map([
  ["config", "config"],
  ["summary", "summary"],
  ["summaryMetrics", "summary"],
  ["summary_metrics", "summary"],
  ["system_metrics", "system_metrics"],
  ["systemMetrics", "system_metrics"],
  ["system_info", "system_info"],
  ["metadata", "system_info"],
  ["wandb_metadata", "system_info"],
]);

/** Members that W&B's GraphQL type Run names otherwise. */
const MEMBERS: ReadonlyMap<string, string> = new Map([
  ["run_name", "displayName"],
  ["display_name", "displayName"],
  ["created_at", "createdAt"],
]);

const GROWING = new Set(['"running"', '"pending"', '"preempting"']);

export interface RunRecord {
  readonly blobs: RunBlobs;
  readonly state: LogState;
}

/** Takes run records apart; value bytes stay what they are. */
export class RunRecords {
  readonly #walk = new MemberWalk();

  /** The record `bytes[from..to)`; what it gives points into `bytes` where it can. */
  read(bytes: Buffer, from: number, to: number): RunRecord {
    const walk = this.#walk;
    const blobs: Partial<Record<BlobName, Uint8Array>> = {};
    const members: string[] = [];
    let state: LogState = "complete";
    walk.begin(bytes, from, to);
    while (walk.next()) {
      const name = bytes.toString("utf8", walk.keyFrom, walk.keyTo);
      const blob = BLOBS.get(name);
      if (blob !== undefined && blobs[blob] === undefined && bytes[walk.valueFrom] === OPEN_OBJECT) {
        blobs[blob] = bytes.subarray(walk.valueFrom, walk.valueTo);
        continue;
      }
      const value = bytes.toString("utf8", walk.valueFrom, walk.valueTo);
      if (name === "state" && GROWING.has(value)) state = "growing";
      members.push(`"${MEMBERS.get(name) ?? name}":${value}`);
    }
    return { blobs: { ...blobs, run: Buffer.from(`{${members.join(",")}}`, "utf8") }, state };
  }
}
