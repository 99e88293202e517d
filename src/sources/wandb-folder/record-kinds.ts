import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { fieldEnd, skipField } from "./items.js";

/** Field numbers of the oneof in Record, wandb/proto/wandb_internal.proto. */
export const RECORD_NAMES: ReadonlyMap<number, string> = new Map([
  [2, "history"],
  [3, "summary"],
  [4, "output"],
  [5, "config"],
  [6, "files"],
  [7, "stats"],
  [8, "artifact"],
  [9, "tbrecord"],
  [10, "alert"],
  [11, "telemetry"],
  [12, "metric"],
  [13, "output_raw"],
  [17, "run"],
  [18, "exit"],
  [20, "final"],
  [21, "header"],
  [22, "footer"],
  [23, "preempting"],
  [24, "noop_link_artifact"],
  [25, "use_artifact"],
  [26, "environment"],
  [27, "output_logger"],
  [100, "request"],
]);

/** Fields of Record that say nothing of its content: num, control, uuid, _info. */
const ENVELOPE: ReadonlySet<number> = new Set([1, 16, 19, 200]);

/** What a Record carries: the kind by name (`field_<n>` for a number this project does not know) and its message. */
export interface RecordBody {
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/**
 * The message inside a Record; undefined when it has none. Of several the last counts, as for any oneof.
 * @throws when the bytes are no protobuf message.
 */
export function readRecord(record: Uint8Array): RecordBody | undefined {
  const reader = new BinaryReader(record);
  let body: RecordBody | undefined;
  while (reader.pos < record.length) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if ((tag & 7) !== WireType.LengthDelimited || ENVELOPE.has(field)) {
      skipField(reader, tag);
      continue;
    }
    const end = fieldEnd(reader, record.length);
    body = { kind: RECORD_NAMES.get(field) ?? `field_${field}`, bytes: record.subarray(reader.pos, end) };
    reader.pos = end;
  }
  return body;
}
