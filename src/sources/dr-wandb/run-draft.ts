import type { BlobName, RunKey } from "../../blob.js";
import { type Finding, type FindingCode, finding } from "../../finding.js";
import { hasDuplicateKey } from "../../json/duplicate-key.js";
import type { JsonObject } from "../../json/read.js";
import { bytesText } from "./bytes-text.js";
import { isObject, type Located, locate, memberOf, membersOf, textOf } from "./json-object.js";

/** A row of runs_metadata: for each column that is not NULL a JSON text. */
export type RunRow = ReadonlyMap<string, Uint8Array>;

export interface RunPlace {
  readonly key: RunKey;
  readonly file: string;
  /** 1-based. */
  readonly row: number;
}

/** What is being put together for one run. */
export class RunDraft {
  readonly findings: Finding[] = [];
  readonly blobs: Partial<Record<BlobName, Uint8Array>> = {};
  /** Members of the run blob, by key, in order. */
  readonly members = new Map<string, string>();
  readonly node: Located<JsonObject> | undefined;
  readonly row: RunRow;
  readonly #place: RunPlace;

  constructor(row: RunRow, place: RunPlace) {
    this.row = row;
    this.#place = place;
    this.node = this.#readNode();
    if (this.node !== undefined) for (const { key, text } of membersOf(this.node)) this.members.set(key, text);
  }

  tell(code: FindingCode, message: string, more: Partial<Pick<Finding, "blob" | "path" | "evidence">> = {}): void {
    const { key, file, row } = this.#place;
    this.findings.push(finding(code, message, { run: key, where: { file, row, run: key.run_id }, ...more }));
  }

  /** Keeps a value that has no place of its own; a member that is there already is left alone. */
  keep(key: string, text: string): void {
    let free = key;
    while (this.members.has(free)) free = `dr_wandb_${free}`;
    this.members.set(free, text);
  }

  /** A value of the node, unless it was dropped as a copy. */
  member(key: string): Located | undefined {
    return this.node === undefined || !this.members.has(key) ? undefined : memberOf(this.node, key);
  }

  /** The parsed text of a column; undefined when the column is NULL. What cannot be read is told of. */
  read(column: string, blob: BlobName): Located | undefined {
    const bytes = this.row.get(column);
    if (bytes === undefined) return undefined;
    const read = locate(bytes);
    if (!("problem" in read)) return read;
    this.refuse(column, blob, read.problem, bytes);
    return undefined;
  }

  refuse(column: string, blob: BlobName, problem: string, bytes: Uint8Array): void {
    const evidence = Buffer.from(bytes.subarray(0, 800)).toString("utf8").slice(0, 200);
    const message = `Row ${this.#place.row} of column ${column} is not a JSON object: ${problem}`;
    this.tell("json/refused", message, { blob, evidence });
  }

  /** The GraphQL node; a text that cannot be one is kept as a string of the run blob. */
  #readNode(): Located<JsonObject> | undefined {
    const bytes = this.row.get("system_attrs");
    const read = this.read("system_attrs", "run");
    if (read !== undefined && isObject(read) && !hasDuplicateKey(read.node)) return read;
    if (bytes === undefined) return undefined;
    if (read !== undefined && read.node.kind !== "null") {
      const problem = isObject(read) ? "it has a key twice" : `it is ${read.node.kind}`;
      this.refuse("system_attrs", "run", problem, bytes);
    }
    const kept = read !== undefined && !isObject(read) ? textOf(read) : JSON.stringify(bytesText(bytes));
    this.members.set("system_attrs", kept);
    return undefined;
  }
}

/** A text in UTF-8. */
export function encode(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

/** Tells that a member of the run blob differs from the column that says it too; both stay. */
export function differs(draft: RunDraft, member: string, column: string): void {
  const message = `Member ${member} of the run is not what column ${column} has; both were kept`;
  draft.tell("source/copy-differs", message, { blob: "run", path: `/${member}` });
}
