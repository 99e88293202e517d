import { BinaryReader } from "@bufbuild/protobuf/wire";
import { MAX_VALUES } from "../../json/read.js";
import { fieldEnd, ItemSpan, skipField, tagOf } from "./items.js";
import { JsonBytes, TooLong } from "./json-bytes.js";
import { startOf, type TextCache } from "./text.js";
import { MAX_PATH } from "./tree.js";

const ITEM = tagOf(1);
const STEP = tagOf(2);
const STEP_NUM = 1 << 3;
const STEP_KEY = Buffer.from("_step");
const NULL = Buffer.from("null");

/** Called for an item whose value is missing or no JSON value. */
export type ItemProblem = (path: readonly string[], text: string) => void;

interface Span {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Items that share a parent. A key may have a value twice, or a value and members: nothing is dropped, both are written. */
interface Node {
  readonly values: Span[];
  readonly members: Map<string, Node>;
}

/**
 * Turns HistoryRecords to rows of JSON text, in one buffer that is used again. Items keep their order; items with several
 * nested keys are gathered to objects at the end of the row. The two forms of one key, and a key given twice, become
 * members of the same name, which the import reports as a duplicate key: no item is lost.
 */
export class HistoryRows {
  readonly out: JsonBytes;
  /** The step of the row read last: of its step message, or given by the counter; undefined when it only has `_step`. */
  step: bigint | undefined;
  private readonly item = new ItemSpan();
  private readonly cache: TextCache;
  private readonly problem: ItemProblem;
  private nextStep: bigint;
  private nested: Map<string, Node> | undefined;
  private nodes = 0;
  private hasStepItem = false;

  /**
   * @param startingStep numbers the rows that have neither a step nor a `_step` item, as the SDK's own reader does.
   * @param most bytes that a row may have.
   */
  constructor(cache: TextCache, startingStep: bigint, problem: ItemProblem, most?: number) {
    this.out = new JsonBytes(most);
    this.cache = cache;
    this.nextStep = startingStep;
    this.problem = problem;
  }

  /** Reads one HistoryRecord; the row is then in `out` and its step in `step`. @throws TooLong */
  read(record: Uint8Array): void {
    const reader = new BinaryReader(record);
    this.out.clear();
    this.out.byte(0x7b);
    this.step = undefined;
    this.nested = undefined;
    this.nodes = 0;
    this.hasStepItem = false;
    while (reader.pos < record.length) {
      const tag = reader.uint32();
      if (tag === ITEM) this.readItem(reader, record);
      else if (tag === STEP) this.step = readStep(reader);
      else skipField(reader, tag);
    }
    this.writeStep();
    if (this.nested !== undefined) this.writeMembers(this.nested, []);
    this.out.close("}");
  }

  private readItem(reader: BinaryReader, record: Uint8Array): void {
    const { item } = this;
    item.read(reader, record.length);
    if (item.elements > 1) this.gather(record);
    else this.writeMember(record);
  }

  private writeMember(record: Uint8Array): void {
    const { item } = this;
    if (isStepKey(record, item.keyFrom, item.keyTo)) this.noteStep(record);
    this.out.key(record, item.keyFrom, item.keyTo);
    if (item.valueTo === item.valueFrom) this.writeValue(this.typedValue(record), item.path(record, this.cache));
    else if (!this.out.value(record, item.valueFrom, item.valueTo)) {
      this.problem(item.path(record, this.cache), startOf(record, item.valueFrom, item.valueTo));
    }
    this.out.comma();
  }

  private writeValue({ bytes, from, to }: Span, path: readonly string[]): void {
    if (!this.out.value(bytes, from, to)) this.problem(path, startOf(bytes, from, to));
  }

  /** The value of an item without `value_json`: its typed value, else null and a problem. */
  private typedValue(record: Uint8Array): Span {
    const typed = this.item.typedValue(record);
    if (typed === undefined) this.problem(this.item.path(record, this.cache), "no value");
    const bytes = typed ?? NULL;
    return { bytes, from: 0, to: bytes.length };
  }

  private noteStep(record: Uint8Array): void {
    this.hasStepItem = true;
    const text = this.cache.get(record, this.item.valueFrom, this.item.valueTo);
    if (/^\d{1,18}$/.test(text)) this.nextStep = BigInt(text) + 1n;
  }

  private writeStep(): void {
    if (this.step === undefined && !this.hasStepItem) this.step = this.nextStep;
    if (this.step === undefined) return;
    this.nextStep = this.step + 1n;
    if (this.hasStepItem) return;
    this.out.text(`"_step":${this.step}`);
    this.out.comma();
  }

  private gather(record: Uint8Array): void {
    const { item } = this;
    const path = item.path(record, this.cache);
    if (path.length > MAX_PATH) {
      this.problem(path.slice(0, 8), `${path.length} nested keys: ${startOf(record, item.valueFrom, item.valueTo)}`);
      return;
    }
    this.nested ??= new Map();
    let members = this.nested;
    let node: Node | undefined;
    for (const key of path) {
      node = members.get(key);
      if (node === undefined) {
        this.nodes += 1;
        if (this.nodes > MAX_VALUES) throw new TooLong(`it has more than ${MAX_VALUES} nested keys`);
        node = { values: [], members: new Map() };
        members.set(key, node);
      }
      members = node.members;
    }
    const { valueFrom: from, valueTo: to } = this.item;
    node?.values.push(from === to ? this.typedValue(record) : { bytes: record, from, to });
  }

  private writeMembers(members: Map<string, Node>, path: string[]): void {
    for (const [key, node] of members) {
      path.push(key);
      for (const value of node.values) {
        this.out.name(key);
        this.writeValue(value, path);
        this.out.comma();
      }
      if (node.members.size > 0) {
        this.out.name(key);
        this.out.byte(0x7b);
        this.writeMembers(node.members, path);
        this.out.close("}");
        this.out.comma();
      }
      path.pop();
    }
  }
}

function isStepKey(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== STEP_KEY.length) return false;
  for (let i = 0; i < STEP_KEY.length; i++) if (bytes[from + i] !== STEP_KEY[i]) return false;
  return true;
}

/** HistoryStep: an empty message is step 0. */
function readStep(reader: BinaryReader): bigint {
  const end = fieldEnd(reader, reader.len);
  let step = 0n;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === STEP_NUM) step = BigInt(reader.int64());
    else skipField(reader, tag);
  }
  if (reader.pos !== end) throw new RangeError("a field runs past its step");
  return step;
}
