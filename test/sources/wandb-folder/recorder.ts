import type { Finding } from "../../../src/finding.js";
import type { LogKey, LogState, RecordWriter, RunBlobs } from "../../../src/store/raw-record.js";

export interface RecordedLog {
  readonly key: LogKey;
  readonly history: { readonly step: bigint | undefined; readonly text: string }[];
  readonly events: string[];
  blobs: RunBlobs | undefined;
  state: LogState | undefined;
}

/** A writer that keeps everything in memory and holds sources to the order of calls that RecordWriter asks for. */
export class Recorder implements RecordWriter {
  readonly logs: RecordedLog[] = [];
  readonly findings: Finding[] = [];
  flushes = 0;
  private open: RecordedLog | undefined;

  begin(key: LogKey): void {
    if (this.open !== undefined) throw new Error("begin inside a log");
    this.open = { key, history: [], events: [], blobs: undefined, state: undefined };
    this.logs.push(this.open);
  }

  history(step: bigint | undefined, bytes: Uint8Array, from: number, to: number): void {
    this.current().history.push({ step, text: Buffer.from(bytes.slice(from, to)).toString("utf8") });
  }

  systemEvent(bytes: Uint8Array, from: number, to: number): void {
    this.current().events.push(Buffer.from(bytes.slice(from, to)).toString("utf8"));
  }

  async end(blobs: RunBlobs, state: LogState): Promise<void> {
    const log = this.current();
    log.blobs = blobs;
    log.state = state;
    this.open = undefined;
  }

  async flush(): Promise<void> {
    this.flushes += 1;
  }

  finding(item: Finding): void {
    this.findings.push(item);
  }

  private current(): RecordedLog {
    if (this.open === undefined) throw new Error("no log is open");
    return this.open;
  }
}

export function blobText(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) throw new Error("the blob is missing");
  return Buffer.from(bytes).toString("utf8");
}
