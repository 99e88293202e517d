/**
 * Telemetry and metric definitions in the encoding that W&B uploads below `config._wandb`: protobuf field numbers as
 * string keys, messages of booleans as lists of the numbers that are set (wandb/core/internal/corelib/protolib.go).
 */
import { fromBinary, mergeFromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Flags, type MetricRecord, MetricRecordSchema, type TelemetryRecord } from "./record_pb.js";
import { decodeText } from "./text.js";

type Encoded = Record<string, string | number | boolean | readonly number[] | Record<string, string>>;

/** The numbers of the boolean fields that are set, ascending; of a field given twice the last one counts. */
export function flagNumbers(flags: Flags): number[] {
  const set = new Map<number, boolean>();
  for (const { no, wireType, data } of flags.$unknown ?? []) {
    if (wireType === WireType.Varint) set.set(no, new BinaryReader(data).bool());
  }
  return [...set].flatMap(([no, on]) => (on ? [no] : [])).sort((a, b) => a - b);
}

/**
 * `config._wandb.t`. Empty texts and absent messages are left out.
 * @throws when a flag is no varint that protobuf allows.
 */
export function encodeTelemetry(telemetry: TelemetryRecord): Encoded {
  const encoded: Encoded = {};
  const flags = [
    telemetry.importsInit,
    telemetry.importsFinish,
    telemetry.feature,
    telemetry.env,
    telemetry.deprecated,
  ];
  flags.forEach((message, i) => {
    if (message !== undefined) encoded[String([1, 2, 3, 8, 10][i])] = flagNumbers(message);
  });
  const { label } = telemetry;
  if (label !== undefined) encoded["9"] = texts({ 1: label.codeString, 2: label.repoString, 3: label.codeVersion });
  const { pythonVersion, cliVersion, huggingfaceVersion, coreVersion, platform } = telemetry;
  return Object.assign(
    encoded,
    texts({ 4: pythonVersion, 5: cliVersion, 6: huggingfaceVersion, 12: coreVersion, 13: platform }),
  );
}

function texts(fields: Record<number, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([, text]) => text !== ""));
}

/** The metric definitions of a run. A later record of the same name or glob adds to the earlier one, or replaces it. */
export class MetricDefinitions {
  private readonly byKey = new Map<string, MetricRecord>();

  get size(): number {
    return this.byKey.size;
  }

  /** @throws when the bytes are no MetricRecord; then nothing changes. The bytes must stay as they are. */
  add(record: Uint8Array): void {
    const metric = fromBinary(MetricRecordSchema, record);
    encodeMetric(metric, new Map());
    const key = `${decodeText(metric.name)}\u0000${decodeText(metric.globName)}`;
    const known = this.byKey.get(key);
    if (known === undefined || metric.control?.overwrite === true) this.byKey.set(key, metric);
    else mergeFromBinary(MetricRecordSchema, known, record);
  }

  /** `config._wandb.m`. A step metric that has no definition of its own keeps its name, under "4". */
  encode(): Encoded[] {
    const metrics = [...this.byKey.values()];
    const places = new Map<string, number>();
    for (const [place, { name }] of metrics.entries()) {
      const text = decodeText(name);
      if (!places.has(text)) places.set(text, place);
    }
    return metrics.map((metric) => encodeMetric(metric, places));
  }
}

function encodeMetric(metric: MetricRecord, places: ReadonlyMap<string, number>): Encoded {
  const step = decodeText(metric.stepMetric);
  const position = step === "" ? -1 : (places.get(step) ?? -1);
  const encoded: Encoded = texts({
    1: decodeText(metric.name),
    2: decodeText(metric.globName),
    4: position < 0 ? step : "",
  });
  if (position >= 0) encoded["5"] = position + 1;
  else if (metric.stepMetricIndex !== 0) encoded["5"] = metric.stepMetricIndex;
  if (metric.options !== undefined) encoded["6"] = flagNumbers(metric.options);
  if (metric.summary !== undefined) encoded["7"] = flagNumbers(metric.summary);
  if (metric.goal !== 0) encoded["8"] = metric.goal;
  if (metric.expandedFromGlob) encoded["10"] = true;
  return encoded;
}
