import { WireType } from "@bufbuild/protobuf/wire";
import type { Wire } from "./wire.js";

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

/** What a Record carries, read last. Of several messages the last counts, as for any oneof. */
export class RecordBody {
  /** By name; `field_<n>` for a number this project does not know. Undefined when there is no message. */
  kind: string | undefined;
  /** The message: `bytes[from..to)` of the wire. */
  from = 0;
  to = 0;

  /** Reads the Record that the wire is set to. @throws RangeError when the bytes are no protobuf message. */
  read(wire: Wire): void {
    this.kind = undefined;
    while (wire.pos < wire.end) {
      const tag = wire.uint32();
      const field = tag >>> 3;
      if ((tag & 7) !== WireType.LengthDelimited || ENVELOPE.has(field)) {
        wire.skip(tag);
        continue;
      }
      const end = wire.fieldEnd(wire.end);
      this.kind = RECORD_NAMES.get(field) ?? `field_${field}`;
      this.from = wire.pos;
      this.to = end;
      wire.pos = end;
    }
  }
}
