import { create, type JsonValue, mergeFromBinary, toJson } from "@bufbuild/protobuf";
import { type EnvironmentRecord, EnvironmentRecordSchema } from "./record_pb.js";

const REPLACEMENT = "\ufffd";

/**
 * The environment records of a log, merged as protobuf merges. Their protobuf JSON is the content that SDK 0.18 and later
 * write to wandb-metadata.json: 64-bit numbers are strings, zero and empty fields are left out.
 */
export class SystemInfo {
  private record: EnvironmentRecord | undefined;
  private hasReplacement = false;

  /** @throws when the bytes are no EnvironmentRecord; what was merged before stays. */
  add(bytes: Uint8Array): void {
    this.hasReplacement ||= Buffer.from(bytes).includes(REPLACEMENT);
    this.record = mergeFromBinary(EnvironmentRecordSchema, this.record ?? create(EnvironmentRecordSchema), bytes);
  }

  /** The `system_info` blob; undefined when the log has no environment record. `lost` gets what JSON cannot say. */
  write(lost: (message: string) => void): Uint8Array | undefined {
    if (this.record === undefined) return undefined;
    const text = JSON.stringify(environmentJson(this.record, lost));
    if (text.includes(REPLACEMENT) && !this.hasReplacement) lost("bytes that are no UTF-8 became U+FFFD");
    return Buffer.from(text);
  }
}

function environmentJson(record: EnvironmentRecord, lost: (message: string) => void): JsonValue {
  try {
    return toJson(EnvironmentRecordSchema, record);
  } catch (error) {
    const { startedAt, ...rest } = record;
    if (startedAt === undefined) throw error;
    lost(`started_at is no timestamp: ${startedAt.seconds} s, ${startedAt.nanos} ns`);
    return toJson(EnvironmentRecordSchema, rest);
  }
}
