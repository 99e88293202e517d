import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RECORD_KINDS } from "../../src/blob.js";
import { SourceError } from "../../src/errors.js";
import { BLOCK_BYTES, LogFramer } from "../../src/sources/wandb-folder/framing.js";
import { importWandbFolders } from "../../src/sources/wandb-folder/import-folders.js";
import { openStore } from "../../src/store/raw-store.js";
import type { StoreEnv } from "../../src/store/store-env.js";
import { frame } from "../sources/wandb-folder/log-writer.js";
import { memoryFiles } from "../sources/wandb-folder/memory-files.js";
import { type RecordedLog, Recorder } from "../sources/wandb-folder/recorder.js";
import { mutate } from "./mutate.js";
import type { Random } from "./random.js";
import { realLogs } from "./real-data.js";
import { must, type Target, Violation } from "./target.js";

const PLACE = "w/run-20240101_000000-r1/run-r1.wandb";
/** Every so many cases goes into a raw store on the disk. */
const STORED = 40;

let logs: Buffer[] | undefined;
let cases = 0;

/** The records of a log. */
function recordsOf(log: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const framer = new LogFramer({
    record: (bytes, from, to) => records.push(bytes.slice(from, to)),
    damage: () => undefined,
    tooLong: () => undefined,
  });
  for (let at = 0; at < log.length; at += BLOCK_BYTES) {
    const from = at === 0 ? 7 : at;
    framer.block(log, from, Math.min(log.length, at + BLOCK_BYTES), from);
  }
  return records;
}

/** Records dropped, repeated, moved, taken from another log, and damaged inside; framed with good checksums. */
function reframed(log: Uint8Array, random: Random, other: Uint8Array): Buffer {
  const records = recordsOf(log);
  const others = recordsOf(other);
  for (let times = 1 + random.below(6); times > 0; times--) {
    const at = random.below(records.length);
    const record = records[at];
    const act = random.below(10);
    if (record === undefined || act === 0) records.splice(at, 0, random.pick(others));
    else if (act === 1) records.splice(at, 1 + random.below(5));
    else if (act === 2)
      records.splice(random.below(records.length), 0, ...Array<Uint8Array>(1 + random.below(40)).fill(record));
    else records[at] = mutate(record, random, random.pick(others) ?? record);
  }
  return frame(
    records.filter((record) => record !== undefined),
    random.pick([0, 0, 0, 1, 2, 255]),
  );
}

async function record(bytes: Uint8Array): Promise<Recorder> {
  const recorder = new Recorder();
  try {
    await importWandbFolders(["w"], recorder, {}, memoryFiles({ [PLACE]: bytes }));
  } catch (error) {
    if (!(error instanceof SourceError) || error.code !== "source/no-logs") throw error;
  }
  return recorder;
}

function textOf(log: RecordedLog | undefined): string {
  return JSON.stringify(log, (_key, value) => {
    if (typeof value === "bigint") return String(value);
    return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
  });
}

const storeEnv: StoreEnv = {
  now: () => new Date(0),
  files,
  process: { pid: process.pid, host: "here", isAlive: (pid) => pid === process.pid, startOf: () => undefined },
  engine: { memory: "400MB" },
};

/** The same log in a raw store: as many rows as came, readable texts, a profile of all of them. */
async function store(bytes: Uint8Array, recorded: RecordedLog): Promise<void> {
  const folder = await files.mkdtemp(join(tmpdir(), "wandb-columns-fuzz-"));
  try {
    const raw = await openStore(folder, storeEnv);
    const writer = await raw.writer();
    await importWandbFolders(["w"], writer, {}, memoryFiles({ [PLACE]: bytes }));
    await writer.commit();
    const again = await openStore(folder, storeEnv);
    const rows = (kind: (typeof RECORD_KINDS)[number]): number =>
      again.liveSegments(kind).reduce((sum, segment) => sum + segment.liveRows, 0);
    must(rows("run") === 1, `one run was stored, found ${rows("run")}`);
    must(rows("history") === recorded.history.length, `history rows: ${rows("history")} of ${recorded.history.length}`);
    must(
      rows("system_event") === recorded.events.length,
      `events: ${rows("system_event")} of ${recorded.events.length}`,
    );
    const profile = await again.profile();
    must((profile.blobs.history?.records ?? 0) === recorded.history.length, "the profile counts every history row");
  } finally {
    await files.rm(folder, { recursive: true, force: true });
  }
}

/** The reader of `.wandb` logs: framing, records, and what they make of a run. */
export const wandbLog: Target = {
  name: "wandb-log",
  extension: "wandb",
  make(random) {
    logs ??= realLogs();
    const few = random.chance(0.8) ? logs.slice(0, 12) : logs;
    const [log, other] = [random.pick(few), random.pick(few)];
    return random.chance(0.25) ? mutate(log, random, other) : reframed(log, random, other);
  },
  async check(bytes) {
    const recorder = await record(bytes);
    const [log, more] = recorder.logs;
    must(more === undefined, "one file gives one log at most");
    must(recorder.logs.length > 0 || recorder.findings.length > 0, "a file that gives nothing has a finding");
    must(recorder.findings.length <= 200, `${recorder.findings.length} findings for one file`);
    for (const item of recorder.findings) must((item.evidence?.length ?? 0) <= 200, "evidence is short");
    if (log === undefined) return;
    if (log.blobs === undefined || log.state === undefined) throw new Violation("a log that begins ends");
    const errors = recorder.findings.some((item) => item.code === "source/damaged" || item.code === "source/truncated");
    must(errors === (log.state === "damaged"), `state ${log.state}, errors ${errors}`);
    JSON.parse(Buffer.from(log.blobs.run).toString("utf8"));
    const again = (await record(bytes)).logs[0];
    must(textOf(again) === textOf(log), "the same bytes give the same log");
    cases += 1;
    if (cases % STORED === 0) await store(bytes, log);
  },
};
