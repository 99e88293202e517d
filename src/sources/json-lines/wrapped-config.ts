import { isKey, MemberWalk } from "../../json/scan.js";

const OPEN_OBJECT = 0x7b;
const VALUE = Buffer.from("value");
const DESCRIPTION = Buffer.from("desc");
const NULL = Buffer.from("null");

/** A config without the form of W&B's API, where each value stands in an object {value, desc}. */
export interface UnwrappedConfig {
  readonly config: Buffer;
  /** The descriptions that are not null, by key, as one object. */
  readonly descriptions: Buffer | undefined;
}

interface Spans {
  readonly value: Uint8Array;
  readonly description: Uint8Array | undefined;
}

/** The parts of a member {value, desc}; undefined when it has another form. */
function partsOf(bytes: Uint8Array, from: number, to: number): Spans | undefined {
  if (bytes[from] !== OPEN_OBJECT) return undefined;
  const walk = new MemberWalk();
  walk.begin(bytes, from, to);
  let value: Uint8Array | undefined;
  let description: Uint8Array | undefined;
  while (walk.next()) {
    const part = bytes.subarray(walk.valueFrom, walk.valueTo);
    if (value === undefined && isKey(bytes, walk.keyFrom, walk.keyTo, VALUE)) value = part;
    else if (description === undefined && isKey(bytes, walk.keyFrom, walk.keyTo, DESCRIPTION)) description = part;
    else return undefined;
  }
  return value === undefined || !walk.closed ? undefined : { value, description };
}

function objectOf(members: readonly Uint8Array[]): Buffer {
  const parts = members.flatMap((member, i) => (i === 0 ? [member] : [Buffer.from(","), member]));
  return Buffer.concat([Buffer.from("{"), ...parts, Buffer.from("}")]);
}

/** Unwraps a config all of whose members are {value, desc} or {value}, value bytes unchanged; undefined for any other. */
export function unwrapConfig(config: Uint8Array): UnwrappedConfig | undefined {
  const walk = new MemberWalk();
  walk.begin(config, 0, config.length);
  const values: Uint8Array[] = [];
  const descriptions: Uint8Array[] = [];
  while (walk.next()) {
    const parts = partsOf(config, walk.valueFrom, walk.valueTo);
    if (parts === undefined) return undefined;
    const key = config.subarray(walk.keyFrom - 1, walk.keyTo + 1);
    const member = (value: Uint8Array) => Buffer.concat([key, Buffer.from(":"), value]);
    values.push(member(parts.value));
    const { description } = parts;
    if (description !== undefined && !NULL.equals(description)) descriptions.push(member(description));
  }
  if (!walk.closed || walk.at !== config.length || values.length === 0) return undefined;
  return { config: objectOf(values), descriptions: descriptions.length === 0 ? undefined : objectOf(descriptions) };
}
