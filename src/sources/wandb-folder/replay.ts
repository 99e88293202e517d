/** Replays the records of one log: rows and events go to the writer as they come, the rest becomes the run's blobs. */
import { create, fromBinary, merge } from "@bufbuild/protobuf";
import type { BlobName } from "../../blob.js";
import type { FindingCode } from "../../finding.js";
import type { RecordWriter, RunBlobs } from "../../store/raw-record.js";
import { HistoryRows } from "./history-row.js";
import { ItemSpan } from "./items.js";
import { JsonBytes, TooLong } from "./json-bytes.js";
import {
  type HeaderRecord,
  HeaderRecordSchema,
  type RunExitRecord,
  RunExitRecordSchema,
  type RunRecord,
  RunRecordSchema,
  type TelemetryRecord,
  TelemetryRecordSchema,
} from "./record_pb.js";
import { RECORD_NAMES, RecordBody } from "./record-kinds.js";
import { writeRunBlob } from "./run-blob.js";
import { writeSystemEvent } from "./system-event.js";
import { SystemInfo } from "./system-info.js";
import { encodeTelemetry, MetricDefinitions } from "./telemetry.js";
import { TextCache } from "./text.js";
import { ItemTree } from "./tree.js";
import { addInternalConfig } from "./wandb-config.js";
import { lastField, tagOf, Wire } from "./wire.js";

/** Kinds that are decoded to messages; there are few of them in a log. */
const DECODED: ReadonlySet<string> = new Set(["run", "telemetry", "metric", "environment", "exit", "header"]);
const KINDS: ReadonlySet<string> = new Set(RECORD_NAMES.values());
/** Beyond so many kinds of records, unknown ones are counted together. */
const MAX_KINDS = 100;
const UPDATE = tagOf(1);
const REMOVE = tagOf(2);
const RUN_CONFIG = 4;
const RUN_SUMMARY = 5;
const RUN_SETTINGS = 11;

/** What the replay reports; the caller knows file and run. */
export type ReplayProblem = (
  code: FindingCode,
  message: string,
  more: { readonly blob?: BlobName; readonly path?: readonly string[]; readonly evidence: string },
) => void;

/** The blobs of a log and whether its run ended in it. */
export interface Replayed {
  readonly blobs: RunBlobs;
  readonly ended: boolean;
}

export class LogReplay {
  /** Bytes handed to the writer since the log began. */
  written = 0;
  private readonly writer: RecordWriter;
  private readonly problem: ReplayProblem;
  private readonly runId: string;
  private readonly formatVersion: number;
  private readonly cache = new TextCache();
  private readonly item = new ItemSpan();
  private readonly wire = new Wire();
  private readonly body = new RecordBody();
  private readonly rows: HistoryRows;
  private readonly event: JsonBytes;
  private readonly most: number;
  /** Bytes of records that were decoded to messages; what these keep is bounded by it. */
  private decoded = 0;
  private readonly config: ItemTree;
  private readonly summary: ItemTree;
  private readonly settings: ItemTree;
  private readonly metrics = new MetricDefinitions();
  private readonly systemInfo = new SystemInfo();
  private readonly counts = new Map<string, number>();
  private run: RunRecord | undefined;
  private telemetry: TelemetryRecord | undefined;
  private header: HeaderRecord | undefined;
  private exit: RunExitRecord | undefined;

  /**
   * @param log `startingStep` is that of the run record, known before the first row.
   * @param most bytes that a row, an event, and each of config, summary and all else of the run may have.
   */
  constructor(
    writer: RecordWriter,
    log: { readonly runId: string; readonly startingStep: bigint; readonly formatVersion: number },
    problem: ReplayProblem,
    most = Number.POSITIVE_INFINITY,
  ) {
    this.most = most;
    this.event = new JsonBytes(most);
    this.writer = writer;
    this.problem = problem;
    this.runId = log.runId;
    this.formatVersion = log.formatVersion;
    this.rows = new HistoryRows(this.cache, log.startingStep, this.refused("history"), most);
    this.config = new ItemTree(this.treeProblem("config"), most);
    this.summary = new ItemTree(this.treeProblem("summary"), most);
    this.settings = new ItemTree(this.treeProblem("run"), most);
  }

  /** One record of the log; `offset` is its place in the file. */
  record(bytes: Uint8Array, from: number, to: number, offset: number): void {
    const kind = this.read(bytes, from, to, offset);
    if (kind === undefined) return;
    const isCounted = KINDS.has(kind) || this.counts.has(kind) || this.counts.size < MAX_KINDS;
    const counted = isCounted ? kind : "other";
    this.counts.set(counted, (this.counts.get(counted) ?? 0) + 1);
    if (kind === "history") {
      this.writer.history(this.rows.step, this.rows.out.bytes, 0, this.rows.out.length);
      this.written += this.rows.out.length;
    } else if (kind === "stats") {
      this.writer.systemEvent(this.event.bytes, 0, this.event.length);
      this.written += this.event.length;
    }
  }

  /** The blobs after the last record. */
  finish(): Replayed {
    this.within("config", () =>
      addInternalConfig(this.config, this.telemetry, this.metrics, (path, text) => this.differs(path, text)),
    );
    const blobs: RunBlobs = {
      run: this.runBlob(),
      config: this.blobOf("config", this.config, this.run !== undefined || this.counts.has("config")),
      summary: this.blobOf("summary", this.summary, this.run?.summary !== undefined || this.counts.has("summary")),
      system_info: this.systemInfo.write((lost) =>
        this.problem("source/damaged", "the environment record has a value that JSON cannot hold", {
          blob: "system_info",
          evidence: lost,
        }),
      ),
    };
    return { blobs, ended: this.exit !== undefined };
  }

  private differs(path: readonly string[], evidence: string): void {
    const message = "config has this member already; the log's other account is in the evidence";
    this.problem("source/copy-differs", message, { blob: "config", path, evidence });
  }

  /** Does something that may go beyond the limits; then it gives undefined and tells of it. */
  private within<T>(blob: BlobName, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      this.problem("source/too-long", `The ${blob} of the run is too long: ${error.message}`, { blob, evidence: "" });
      return undefined;
    }
  }

  /** The kind of a record that was taken in. */
  private read(bytes: Uint8Array, from: number, to: number, offset: number): string | undefined {
    const { wire, body } = this;
    try {
      wire.begin(bytes, from, to);
      body.read(wire);
      if (body.kind === undefined) return undefined;
      wire.begin(bytes, body.from, body.to);
      this.apply(body.kind, wire);
      return body.kind;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const [code, says] =
        error instanceof TooLong
          ? (["source/too-long", "is too long"] as const)
          : (["source/damaged", "cannot be decoded"] as const);
      this.problem(code, `The record at byte ${offset} ${says}: ${why}`, {
        evidence: Buffer.from(bytes.subarray(from, Math.min(to, from + 100))).toString("hex"),
      });
      return undefined;
    }
  }

  private apply(kind: string, wire: Wire): void {
    if (kind === "history") this.rows.read(wire);
    else if (kind === "summary") this.applyUpdate(this.summary, wire);
    else if (kind === "stats") writeSystemEvent(wire, this.event, this.refused("system_event"));
    else if (kind === "config") this.applyUpdate(this.config, wire);
    else if (DECODED.has(kind)) this.applyDecoded(kind, wire.bytes.slice(wire.pos, wire.end));
  }

  /** Takes a copy of the record's bytes: decoded messages keep views of them, and the reader uses its buffer again. */
  private applyDecoded(kind: string, bytes: Uint8Array): void {
    this.decoded += bytes.length;
    if (this.decoded > this.most) throw new TooLong(`what the log says of its run has more than ${this.most} bytes`);
    if (kind === "run") this.applyRun(bytes);
    else if (kind === "telemetry") this.addTelemetry(fromBinary(TelemetryRecordSchema, bytes));
    else if (kind === "metric") this.metrics.add(bytes);
    else if (kind === "environment") this.systemInfo.add(bytes);
    else if (kind === "exit") this.exit = fromBinary(RunExitRecordSchema, bytes);
    else if (kind === "header") this.header = fromBinary(HeaderRecordSchema, bytes);
  }

  /** ConfigRecord, SummaryRecord and SettingsRecord: the updates in their order, then the removals in theirs. */
  private applyUpdate(tree: ItemTree, wire: Wire): void {
    const { item } = this;
    const removed: string[][] = [];
    while (wire.pos < wire.end) {
      const tag = wire.uint32();
      if (tag === UPDATE) {
        item.read(wire);
        this.setItem(tree, wire.bytes);
      } else if (tag === REMOVE) {
        item.read(wire);
        removed.push(item.path(wire.bytes, this.cache));
      } else wire.skip(tag);
    }
    for (const path of removed) tree.remove(path);
  }

  private setItem(tree: ItemTree, bytes: Uint8Array): void {
    const { item } = this;
    if (item.elements > 1) tree.update(item.path(bytes, this.cache), bytes, item.valueFrom, item.valueTo);
    else tree.set(this.cache.get(bytes, item.keyFrom, item.keyTo), bytes, item.valueFrom, item.valueTo);
  }

  /**
   * The first run record creates the run, with its config and summary; a later one changes what it has
   * (wandb/core/internal/runbranch/state.go, Update).
   */
  private applyRun(bytes: Uint8Array): void {
    const update = fromBinary(RunRecordSchema, bytes);
    if (update.telemetry !== undefined) this.addTelemetry(update.telemetry);
    this.applyField(this.settings, bytes, RUN_SETTINGS);
    if (this.run === undefined) {
      this.applyField(this.config, bytes, RUN_CONFIG);
      this.applyField(this.summary, bytes, RUN_SUMMARY);
      this.run = update;
      return;
    }
    if (update.tags.length > 0) this.run.tags = [];
    merge(RunRecordSchema, this.run, update);
  }

  private applyField(tree: ItemTree, run: Uint8Array, field: number): void {
    const items = lastField(run, field);
    if (items === undefined) return;
    this.wire.begin(items, 0, items.length);
    this.applyUpdate(tree, this.wire);
  }

  private addTelemetry(update: TelemetryRecord): void {
    encodeTelemetry(update);
    this.telemetry ??= create(TelemetryRecordSchema);
    merge(TelemetryRecordSchema, this.telemetry, update);
  }

  private runBlob(): Uint8Array {
    const settings = this.run?.settings === undefined ? undefined : this.blobOf("run", this.settings, true);
    return writeRunBlob({
      runId: this.runId,
      run: this.run ?? create(RunRecordSchema),
      telemetry: this.telemetry ?? create(TelemetryRecordSchema),
      header: this.header,
      exit: this.exit,
      preempting: this.counts.has("preempting"),
      formatVersion: this.formatVersion,
      records: this.counts,
      settings,
    });
  }

  private blobOf(blob: BlobName, tree: ItemTree, present: boolean): Uint8Array | undefined {
    if (!present) return undefined;
    return this.within(blob, () => {
      const out = new JsonBytes(2 * this.most);
      tree.write(out);
      return out.take();
    });
  }

  private refused(blob: BlobName): (path: readonly string[], text: string) => void {
    return (path, text) =>
      this.problem("json/refused", "A value is no JSON value; it was kept as a string", { blob, path, evidence: text });
  }

  private treeProblem(blob: BlobName): ConstructorParameters<typeof ItemTree>[0] {
    const refused = this.refused(blob);
    return (kind, path, text) => {
      if (kind === "refused") return refused(path, text);
      this.problem(
        "json/duplicate-key",
        "An object that a later update opened has a key twice; the last one was kept",
        {
          blob,
          path,
          evidence: text,
        },
      );
    };
  }
}
