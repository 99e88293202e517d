import { isText, MemberWalk, skipSpace } from "../../../json/scan.js";
import { type HistoryCell, HistoryTexts, ROW_MEMBERS, type RowProblem } from "../history-text.js";
import { textValue } from "./runs.js";

/** The members of a line, in the order in which dr_wandb writes them. */
const MEMBERS = ["extra", "metrics", "run_id", "runtime", "step", "timestamp", "wandb_metadata"] as const;
type Member = (typeof MEMBERS)[number];
const COUNT = MEMBERS.length;
const RUN_ID = MEMBERS.indexOf("run_id");

const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NONE: readonly RowProblem[] = [];

/** The members that become members of the row, with the text before their values. */
const PREFIXES = (["step", "timestamp", "runtime", "wandb_metadata"] as const).map((name) => ({
  place: MEMBERS.indexOf(name),
  name,
  text: Buffer.from(`"${ROW_MEMBERS[name]}":`, "latin1"),
}));
/** The objects whose members become members of the row. */
const INSIDE = (["metrics", "extra"] as const).map((name) => MEMBERS.indexOf(name));
const OBJECTS: readonly number[] = [...INSIDE, MEMBERS.indexOf("wandb_metadata")];

/**
 * Turns lines of history.jsonl into history rows of W&B: `step`, `timestamp`, `runtime` and `wandb_metadata` get their names
 * back, the members of `metrics` and `extra` stand beside them. Value bytes are unchanged, but for the timestamp, which
 * dr_wandb writes as a text: the text of a number becomes the number. What dr_wandb writes for nothing (`null`, `{}`) is
 * left out.
 */
export class HistoryLines {
  bytes = new Uint8Array(65_536);
  length = 0;
  problems: readonly RowProblem[] = NONE;
  readonly #walk = new MemberWalk();
  readonly #spans = new Int32Array(COUNT * 2);
  readonly #texts = new HistoryTexts(new Set(MEMBERS));
  #isPlain = true;

  /** Finds the members of a line. Gives whether it is one object; its run id is known if the walk came that far. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const walk = this.#walk;
    this.#spans.fill(-1);
    this.#isPlain = true;
    walk.begin(bytes, from, to);
    for (let expected = 0; walk.next(); expected++) {
      const place = placeOf(bytes, walk.keyFrom, walk.keyTo, expected);
      if (place < 0 || (this.#spans[place * 2] as number) >= 0) this.#isPlain = false;
      else this.#span(place, walk.valueFrom, walk.valueTo);
    }
    return walk.isWhole;
  }

  get hasRunId(): boolean {
    return (this.#spans[RUN_ID * 2] as number) >= 0;
  }

  /** Where the value of `run_id` stands in the line that was read. */
  get runIdFrom(): number {
    return this.#spans[RUN_ID * 2] as number;
  }

  get runIdTo(): number {
    return this.#spans[RUN_ID * 2 + 1] as number;
  }

  /** Writes the row of the line that was read to `this.bytes[0..this.length)`. */
  write(bytes: Uint8Array, from: number, to: number): void {
    this.problems = NONE;
    this.length = 0;
    if (this.#isPlain && this.#hasObjects(bytes)) this.#splice(bytes, to - from);
    else this.#writeCarefully(bytes, from, to);
  }

  #span(place: number, from: number, to: number): void {
    this.#spans[place * 2] = from;
    this.#spans[place * 2 + 1] = to;
  }

  /** Whether the members that should be objects are. */
  #hasObjects(bytes: Uint8Array): boolean {
    return OBJECTS.every((place) => {
      const from = this.#spans[place * 2] as number;
      return from < 0 || bytes[from] === OPEN;
    });
  }

  #splice(bytes: Uint8Array, length: number): void {
    this.#reserve(length + 64);
    this.bytes[this.length++] = OPEN;
    for (const { place, name, text } of PREFIXES) {
      const from = this.#spans[place * 2] as number;
      const to = this.#spans[place * 2 + 1] as number;
      if (from < 0 || isNothing(bytes, from, to)) continue;
      this.#copy(text, 0, text.length);
      const quotes = name === "timestamp" && isQuotedNumber(bytes, from, to) ? 1 : 0;
      this.#copy(bytes, from + quotes, to - quotes);
      this.bytes[this.length++] = COMMA;
    }
    for (const place of INSIDE) {
      const from = this.#spans[place * 2] as number;
      const to = this.#spans[place * 2 + 1] as number;
      if (from < 0 || isNothing(bytes, from, to)) continue;
      this.#copy(bytes, from + 1, to - 1);
      this.bytes[this.length++] = COMMA;
    }
    if (this.length > 1) this.length -= 1;
    this.bytes[this.length++] = CLOSE;
  }

  #copy(source: Uint8Array, from: number, to: number): void {
    this.bytes.set(source.subarray(from, to), this.length);
    this.length += to - from;
  }

  #reserve(length: number): void {
    if (length > this.bytes.length) this.bytes = new Uint8Array(length * 2);
  }

  /** The same for a line with other members, or whose objects are none: every value becomes a cell. */
  #writeCarefully(bytes: Uint8Array, from: number, to: number): void {
    const { text, problems } = this.#texts.text(cellsOf(bytes, from, to));
    const row = Buffer.from(text, "utf8");
    this.#reserve(row.length);
    this.bytes.set(row);
    this.length = row.length;
    this.problems = problems;
  }
}

function placeOf(bytes: Uint8Array, from: number, to: number, expected: number): number {
  const name = MEMBERS[expected];
  if (name !== undefined && isText(bytes, from, to, name)) return expected;
  return MEMBERS.findIndex((member) => isText(bytes, from, to, member));
}

/** Whether a value is what dr_wandb writes when there is none. */
function isNothing(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[from] === OPEN) return skipSpace(bytes, from + 1, to) === to - 1;
  return isText(bytes, from, to, "null");
}

function isQuotedNumber(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[from] !== QUOTE || to - from > 40) return false;
  return NUMBER.test(Buffer.from(bytes.buffer, bytes.byteOffset + from + 1, to - from - 2).toString("latin1"));
}

function cellsOf(bytes: Uint8Array, from: number, to: number): HistoryCell[] {
  const cells: HistoryCell[] = [];
  const add = (column: string, at: number, end: number): void => {
    const text = Buffer.from(bytes.subarray(at, end)).toString("utf8");
    cells.push({ column, text, raw: true });
  };
  const walk = new MemberWalk();
  const inner = new MemberWalk();
  walk.begin(bytes, from, to);
  while (walk.next()) {
    const { valueFrom, valueTo } = walk;
    const name = textValue(bytes, walk.keyFrom - 1, walk.keyTo + 1);
    const member = MEMBERS.find((item): item is Member => item === name);
    if (member === "run_id" || (member !== undefined && isNothing(bytes, valueFrom, valueTo))) continue;
    if (member === "extra" && bytes[valueFrom] === OPEN) {
      inner.begin(bytes, valueFrom, valueTo);
      while (inner.next()) add(textValue(bytes, inner.keyFrom - 1, inner.keyTo + 1), inner.valueFrom, inner.valueTo);
    } else if (member === "timestamp" && isQuotedNumber(bytes, valueFrom, valueTo))
      add(name, valueFrom + 1, valueTo - 1);
    else add(name, valueFrom, valueTo);
  }
  return cells;
}
