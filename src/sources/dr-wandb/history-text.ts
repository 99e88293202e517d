import { type Finding, type FindingCode, finding } from "../../finding.js";
import { UNUSABLE } from "../../profile/profile.js";
import { Profiler } from "../../profile/profiler.js";
import { isObject, type Located, locate, type MemberText, memberOf, objectText, sameJson } from "./json-object.js";

/** The members of a W&B history row that dr_wandb writes as columns of their own. */
export const ROW_MEMBERS: Readonly<Record<string, string>> = {
  step: "_step",
  timestamp: "_timestamp",
  runtime: "_runtime",
  wandb_metadata: "_wandb",
};

/** A cell of a history row that is not NULL. */
export interface HistoryCell {
  readonly column: string;
  /** Its JSON text. */
  readonly text: string;
  /** Whether the text came as it is and may not be JSON. */
  readonly raw: boolean;
}

/** Something found in a row, without its place. */
export interface RowProblem {
  readonly code: FindingCode;
  readonly column: string;
  readonly message: string;
  readonly evidence: string;
}

export interface HistoryText {
  readonly text: string;
  readonly problems: readonly RowProblem[];
}

/** The column of a row that holds all metrics as one JSON object. */
const METRICS = "metrics";

/** The members inside the braces of an object's text; undefined when it cannot be one. */
function insideBraces(text: string): string | undefined {
  const trimmed = text.trim();
  return trimmed.startsWith("{") && trimmed.endsWith("}") ? trimmed.slice(1, -1).trim() : undefined;
}

/** The member that a column becomes: W&B's name, unless the file has a column of that name too. */
function memberKey(column: string, columns: ReadonlySet<string>): string {
  const own = Object.hasOwn(ROW_MEMBERS, column) ? ROW_MEMBERS[column] : undefined;
  return own === undefined || columns.has(own) ? column : own;
}

/** Turns rows of runs_history into history rows. Keeps a scanner, so have one for each file. */
export class HistoryTexts {
  readonly #probe = new Profiler();
  /** For each column that was seen `"member":`. */
  readonly #prefixes = new Map<string, string>();
  readonly #columns: ReadonlySet<string>;

  constructor(columns: ReadonlySet<string>) {
    this.#columns = columns;
  }

  /** The text of one row: all cells as members of one object, those of `metrics` among them, value bytes unchanged. */
  text(cells: readonly HistoryCell[]): HistoryText {
    const joined = this.#join(cells);
    if (joined !== undefined) {
      const bytes = Buffer.from(joined, "utf8");
      if ((this.#probe.scan("history", bytes, 0, bytes.length) & UNUSABLE) === 0) return { text: joined, problems: [] };
    }
    return this.#careful(cells);
  }

  /** Joins the cells to one object; undefined when a text is plainly not JSON. The scan has the last word. */
  #join(cells: readonly HistoryCell[]): string | undefined {
    const parts: string[] = [];
    for (const { column, text, raw } of cells) {
      if (raw && column === METRICS) {
        const members = insideBraces(text);
        if (members === undefined) return undefined;
        if (members !== "") parts.push(members);
      } else {
        if (raw && "problem" in locate(Buffer.from(text, "utf8"))) return undefined;
        parts.push(this.#prefix(column) + text);
      }
    }
    return `{${parts.join(",")}}`;
  }

  #prefix(column: string): string {
    const known = this.#prefixes.get(column);
    if (known !== undefined) return known;
    const prefix = `${JSON.stringify(memberKey(column, this.#columns))}:`;
    this.#prefixes.set(column, prefix);
    return prefix;
  }

  /** The same for a row whose cells are not all JSON or have a key in common. */
  #careful(cells: readonly HistoryCell[]): HistoryText {
    const problems: RowProblem[] = [];
    const metrics = cells.find((cell) => cell.raw && cell.column === METRICS);
    const inside = metrics === undefined ? undefined : readCell(metrics, problems);
    const taken = inside !== undefined && isObject(inside) ? inside : undefined;
    const members: MemberText[] = [];
    for (const cell of cells) {
      if (cell === metrics && taken !== undefined) continue;
      const member = this.#member(cell, taken, cell === metrics ? inside : readCell(cell, problems), problems);
      if (member !== undefined) members.push(member);
    }
    const head = objectText(members);
    if (taken === undefined) return { text: head, problems };
    const rest = insideBraces(taken.text) ?? "";
    const joined = [head.slice(1, -1), rest].filter((part) => part !== "").join(",");
    return { text: `{${joined}}`, problems };
  }

  #member(
    cell: HistoryCell,
    taken: Located | undefined,
    value: Located | undefined,
    problems: RowProblem[],
  ): MemberText | undefined {
    const text = value === undefined ? JSON.stringify(cell.text) : cell.text;
    const key = memberKey(cell.column, this.#columns);
    const twin = taken !== undefined && isObject(taken) ? memberOf(taken, key) : undefined;
    if (twin === undefined) return { key, text };
    if (value !== undefined && sameJson(value, twin)) return undefined;
    const message = `column ${cell.column} is not what metrics has as ${key}; both were kept`;
    problems.push({ code: "source/copy-differs", column: cell.column, message, evidence: cell.text.slice(0, 200) });
    return { key: cell.column, text };
  }
}

/** A cell's value; undefined, and a problem, when its text is not JSON. */
function readCell(cell: HistoryCell, problems: RowProblem[]): Located | undefined {
  const read = locate(Buffer.from(cell.text, "utf8"));
  const problem = "problem" in read ? read.problem : undefined;
  if (problem === undefined && !(cell.column === METRICS && cell.raw && !isUsable(read as Located)))
    return read as Located;
  const message = `column ${cell.column} is not a JSON object: ${problem ?? "it is another value"}`;
  problems.push({ code: "json/refused", column: cell.column, message, evidence: cell.text.slice(0, 200) });
  return problem === undefined ? (read as Located) : undefined;
}

function isUsable(value: Located): boolean {
  return value.node.kind === "object" || value.node.kind === "null";
}

/** Counts the problems of many rows: one finding a code and column, with the first row. */
export class RowProblems {
  readonly #first = new Map<string, { readonly item: Finding; count: number }>();

  add(problem: RowProblem, file: string, row: number, run: NonNullable<Finding["run"]>): void {
    const key = `${problem.code} ${problem.column}`;
    const known = this.#first.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const where = { file, row, run: run.run_id };
    const more = { blob: "history", run, where, evidence: problem.evidence } as const;
    this.#first.set(key, { item: finding(problem.code, `Row ${row}: ${problem.message}`, more), count: 1 });
  }

  list(): Finding[] {
    return [...this.#first.values()].map(({ item, count }) => ({ ...item, count }));
  }
}
