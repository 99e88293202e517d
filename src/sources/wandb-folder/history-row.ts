import { MAX_VALUES } from "../../json/read.js";
import { ItemSpan, typedValue } from "./items.js";
import { JsonBytes, TooLong } from "./json-bytes.js";
import { RowItems } from "./row-items.js";
import { startOf, type TextCache } from "./text.js";
import { MAX_PATH } from "./tree.js";
import { tagOf, Wire } from "./wire.js";

const ITEM = tagOf(1);
const STEP = tagOf(2);
const STEP_NUM = 1 << 3;
/** So many digits a double has exactly, and so many an int64 has surely room for. */
const EXACT_DIGITS = 15;
const MOST_DIGITS = 18;
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
 * Turns HistoryRecords to rows of JSON text, in one buffer that is used again. Items are in the order in which their keys
 * first came, since the client writes them in a random one; items with several nested keys are gathered to objects at the end of the row. The two forms of one key, and a key given twice, become
 * members of the same name, which the import reports as a duplicate key: no item is lost.
 */
export class HistoryRows {
  readonly out: JsonBytes;
  /** The step of the row read last: of its step message, or given by the counter; undefined when it only has `_step`. */
  step: bigint | undefined;
  private readonly item = new ItemSpan();
  private readonly items = new RowItems();
  private readonly stepWire = new Wire();
  private readonly cache: TextCache;
  private readonly problem: ItemProblem;
  /** Number of a row that says none; undefined when it follows `lastStep`. */
  private nextStep: bigint | undefined;
  private lastStep = 0;
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

  /** Reads the HistoryRecord that the wire is set to; the row is then in `out` and its step in `step`. @throws TooLong */
  read(wire: Wire): void {
    this.items.clear();
    this.step = undefined;
    this.nested = undefined;
    this.nodes = 0;
    this.hasStepItem = false;
    while (wire.pos < wire.end) {
      const tag = wire.uint32();
      if (tag === ITEM) this.readItem(wire);
      else if (tag === STEP) this.readStep(wire);
      else wire.skip(tag);
    }
    this.write(wire.bytes);
  }

  private readItem(wire: Wire): void {
    const { item } = this;
    item.read(wire);
    if (item.elements > 1) {
      this.gather(wire.bytes);
      return;
    }
    if (isStepKey(wire.bytes, item.keyFrom, item.keyTo)) this.noteStep(wire.bytes);
    this.items.add(wire.bytes, item);
  }

  private write(record: Uint8Array): void {
    const { items, out } = this;
    out.clear();
    out.byte(0x7b);
    items.sort();
    for (let i = 0; i < items.count; i++) this.writeMember(record, items.order[i] as number);
    this.writeStep();
    if (this.nested !== undefined) this.writeMembers(this.nested, []);
    out.close("}");
  }

  private writeMember(record: Uint8Array, at: number): void {
    const { items, out } = this;
    const slot = items.slots[at] as number;
    const from = items.valueFrom[at] as number;
    const to = items.valueTo[at] as number;
    const keyFrom = items.keyFrom[at] as number;
    const keyTo = items.keyTo[at] as number;
    const name = slot < items.keys.count ? items.keys.name(slot) : undefined;
    if (name !== undefined) out.copy(name, 0, name.length);
    else out.key(record, keyFrom, keyTo);
    if (from === to) {
      const path = [this.cache.get(record, keyFrom, keyTo)];
      this.writeValue(this.typedValue(record, items.from[at] as number, items.to[at] as number, path), path);
    } else if (!out.value(record, from, to)) {
      this.problem([this.cache.get(record, keyFrom, keyTo)], startOf(record, from, to));
    }
    out.comma();
  }

  private writeValue({ bytes, from, to }: Span, path: readonly string[]): void {
    if (!this.out.value(bytes, from, to)) this.problem(path, startOf(bytes, from, to));
  }

  /** The value of an item without `value_json`: its typed value, else null and a problem. */
  private typedValue(record: Uint8Array, from: number, to: number, path: readonly string[]): Span {
    const typed = typedValue(record, from, to);
    if (typed === undefined) this.problem(path, "no value");
    const bytes = typed ?? NULL;
    return { bytes, from: 0, to: bytes.length };
  }

  private noteStep(record: Uint8Array): void {
    this.hasStepItem = true;
    const { valueFrom, valueTo } = this.item;
    if (valueTo === valueFrom || valueTo - valueFrom > MOST_DIGITS) return;
    let step = 0;
    for (let i = valueFrom; i < valueTo; i++) {
      const digit = (record[i] as number) - 0x30;
      if (digit < 0 || digit > 9) return;
      step = step * 10 + digit;
    }
    const isExact = valueTo - valueFrom <= EXACT_DIGITS;
    this.lastStep = step;
    this.nextStep = isExact ? undefined : BigInt(this.cache.get(record, valueFrom, valueTo)) + 1n;
  }

  /** HistoryStep: an empty message is step 0. */
  private readStep(wire: Wire): void {
    const end = wire.fieldEnd(wire.end);
    const inner = this.stepWire;
    inner.begin(wire.bytes, wire.pos, end);
    this.step = 0n;
    while (inner.pos < end) {
      const tag = inner.uint32();
      if (tag === STEP_NUM) this.step = inner.int64();
      else inner.skip(tag);
    }
    wire.pos = end;
  }

  private writeStep(): void {
    if (this.step === undefined && !this.hasStepItem) this.step = this.nextStep ?? BigInt(this.lastStep) + 1n;
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
    node?.values.push(from === to ? this.typedValue(record, item.from, item.to, path) : { bytes: record, from, to });
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
