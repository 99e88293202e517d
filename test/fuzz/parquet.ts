import { readFileSync } from "node:fs";
import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SourceError } from "../../src/errors.js";
import { importDrWandb } from "../../src/sources/dr-wandb/import.js";
import { Recorder } from "../sources/wandb-folder/recorder.js";
import { mutate } from "./mutate.js";
import type { Random } from "./random.js";
import { DATA } from "./real-data.js";
import { must, type Target } from "./target.js";

const NAMES = ["runs_metadata.parquet", "runs_history.parquet"] as const;
const TAIL = 8;

let originals: Buffer[] | undefined;

/** Damages the footer, which says where everything is, and leaves its length and magic right. */
function footerDamaged(bytes: Buffer, random: Random): Buffer {
  const length = bytes.readUInt32LE(bytes.length - TAIL);
  const start = bytes.length - TAIL - length;
  const footer = mutate(bytes.subarray(start, bytes.length - TAIL), random);
  const tail = Buffer.from(bytes.subarray(bytes.length - TAIL));
  tail.writeUInt32LE(random.chance(0.9) ? footer.length : random.next(), 0);
  return Buffer.concat([bytes.subarray(0, start), footer, tail]);
}

/** The reader of dr_wandb's Parquet files. The first byte of a case says which of the two files the rest is. */
export const parquet: Target = {
  name: "parquet",
  extension: "bin",
  make(random) {
    originals ??= NAMES.map((name) => readFileSync(join(DATA, "dr_wandb_export", name)));
    const which = random.below(NAMES.length);
    const original = originals[which] as Buffer;
    const spoilt = random.chance(0.6)
      ? footerDamaged(original, random)
      : mutate(original, random, random.pick(originals));
    return Buffer.concat([Buffer.of(which), spoilt]);
  },
  async check(bytes) {
    const folder = await files.mkdtemp(join(tmpdir(), "wandb-columns-fuzz-"));
    const engine = { threads: 1, memory: "400MB", temporaryDirectory: folder };
    const recorder = new Recorder();
    let refused = false;
    try {
      await files.writeFile(join(folder, NAMES[(bytes[0] ?? 0) % 2] as string), bytes.subarray(1));
      await importDrWandb(folder, recorder, {}, { files, engine });
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      refused = true;
    } finally {
      await files.rm(folder, { recursive: true, force: true });
    }
    must(refused || recorder.logs.length > 0 || recorder.findings.length > 0, "nothing came and nothing was told");
    for (const log of recorder.logs) must(log.blobs !== undefined || refused, "a log that begins ends");
  },
};
