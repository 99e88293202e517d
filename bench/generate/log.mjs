/**
 * Writes a W&B transaction log of one run: `node bench/generate/log.mjs STEPS METRICS OUT`, after `npm run build`. The
 * messages are those of proto/record.proto, the framing is that of src/sources/wandb-folder/framing.ts.
 */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  HeaderRecordSchema,
  HistoryRecordSchema,
  RunExitRecordSchema,
  RunRecordSchema,
} from "../../dist/sources/wandb-folder/record_pb.js";
import { RECORD_NAMES } from "../../dist/sources/wandb-folder/record-kinds.js";
import { random } from "../shapes/random.mjs";

const BLOCK = 32_768;
const CHUNK_HEADER = 7;
const FILE_HEADER = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0);
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];
const START = 1_755_615_516;
const FIELDS = new Map([...RECORD_NAMES].map(([field, kind]) => [kind, field]));

/** Writes records as chunks in blocks of 32 KiB. */
class LogWriter {
  #file;
  #block = Buffer.alloc(BLOCK);
  #at = 0;

  constructor(path) {
    this.#file = openSync(path, "w");
    this.#block.set(FILE_HEADER);
    this.#at = FILE_HEADER.length;
  }

  record(bytes) {
    let from = 0;
    for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
      if (BLOCK - this.#at < CHUNK_HEADER) this.#flush(BLOCK);
      const to = Math.min(bytes.length, from + BLOCK - this.#at - CHUNK_HEADER);
      isLast = to === bytes.length;
      this.#chunk(bytes.subarray(from, to), isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE);
      from = to;
    }
  }

  close() {
    this.#flush(this.#at);
    closeSync(this.#file);
  }

  #chunk(bytes, type) {
    const [block, at] = [this.#block, this.#at];
    block[at + 6] = type;
    block.set(bytes, at + CHUNK_HEADER);
    this.#at += CHUNK_HEADER + bytes.length;
    block.writeUInt32LE(crc32(block.subarray(at + 6, this.#at)), at);
    block.writeUInt16LE(bytes.length, at + 4);
  }

  /** Writes the block as far as `to`; what no chunk fills is zeros. */
  #flush(to) {
    this.#block.fill(0, this.#at, to);
    writeSync(this.#file, this.#block, 0, to);
    this.#at = 0;
  }
}

/** A Record with one message in it. */
function envelope(number, kind, message) {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(BigInt(number));
  writer.tag(FIELDS.get(kind), WireType.LengthDelimited).bytes(message);
  return writer.finish();
}

const item = (key, value) => ({ key: Buffer.from(key), valueJson: Buffer.from(JSON.stringify(value)) });

function header() {
  return toBinary(
    HeaderRecordSchema,
    create(HeaderRecordSchema, { versionInfo: { producer: "0.21.1", minConsumer: "0.0.1" } }),
  );
}

function run() {
  const texts = { runId: "bench", entity: "e", project: "p", displayName: "a run of many steps", host: "machine" };
  const bytes = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
  const config = { update: [item("learning_rate", 0.001), item("model", { name: "transformer", layers: 12 })] };
  const message = { ...bytes, config, startTime: { seconds: BigInt(START), nanos: 0 } };
  return toBinary(RunRecordSchema, create(RunRecordSchema, message));
}

function history(step, names, next) {
  const items = names.map((name, k) => item(name, k % 8 === 7 ? Math.floor(next() * 1e9) : next()));
  const own = [item("_step", step), item("_timestamp", START + step * 0.25), item("_runtime", step * 0.25 + next())];
  const message = { item: [...items, ...own], step: { num: BigInt(step) } };
  return toBinary(HistoryRecordSchema, create(HistoryRecordSchema, message));
}

function writeLog(steps, metrics, out) {
  const log = new LogWriter(out);
  const next = random(123456789);
  const names = Array.from({ length: metrics }, (_, k) => `train/metric_${k}`);
  log.record(envelope(0, "header", header()));
  log.record(envelope(1, "run", run()));
  for (let step = 0; step < steps; step++) log.record(envelope(2 + step, "history", history(step, names, next)));
  const exit = create(RunExitRecordSchema, { exitCode: 0, runtime: Math.floor(steps / 4) });
  log.record(envelope(2 + steps, "exit", toBinary(RunExitRecordSchema, exit)));
  log.close();
}

const [steps, metrics, out] = process.argv.slice(2);
const partial = `${out}.partial`;
writeLog(Number(steps), Number(metrics), partial);
renameSync(partial, out);
