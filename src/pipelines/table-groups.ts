import { fieldsOf } from "../engines/duckdb/care.js";
import { fromDriver, readable } from "../engines/duckdb/cells.js";
import type { Session } from "../engines/duckdb/session.js";
import type { Row } from "../flatten/flatten.js";
import type { Value } from "../flatten/value.js";
import type { StoredTable } from "../plan/history-form.js";
import { compareText } from "../store/segment-key.js";
import { partRelation } from "./part-relation.js";

type Key = readonly Value[];

/** Rows of a table that share a key. */
export interface Group {
  readonly key: Key;
  readonly rows: Row[];
}

/** Order of keys: integers as numbers, texts by their UTF-8 bytes. */
function compareKeys(a: Key, b: Key): number {
  for (const [i, x] of a.entries()) {
    const y = b[i];
    const order =
      typeof x === "bigint" && typeof y === "bigint" ? (x < y ? -1 : x > y ? 1 : 0) : compareText(String(x), String(y));
    if (order !== 0) return order;
  }
  return 0;
}

/** Which rows are wanted of a table, and by which columns they are grouped. */
export interface GroupRequest {
  readonly table: StoredTable;
  /** The tables folder. */
  readonly dir: string;
  /** Files of the table, relative to the folder. */
  readonly files: readonly string[];
  readonly keys: readonly string[];
  readonly where: string;
}

/** Rows of one file, which is in key order, grouped by the key columns. */
async function* fileGroups(
  session: Session,
  file: string,
  { table, dir, keys, where }: GroupRequest,
): AsyncGenerator<Group> {
  const fields = fieldsOf(table.form === "struct" ? table.of : table);
  const source = partRelation(dir, [file], table.struct?.name);
  let group: Group | undefined;
  for await (const chunk of session.stream(`SELECT ${fields.map(readable).join(", ")} FROM ${source} WHERE ${where}`)) {
    for (const cells of chunk) {
      const row: Row = new Map(fields.map((field, i): [string, Value] => [field.name, fromDriver(cells[i] ?? null)]));
      const key = keys.map((name) => row.get(name) ?? null);
      if (group !== undefined && compareKeys(group.key, key) === 0) group.rows.push(row);
      else {
        if (group !== undefined) yield group;
        group = { key, rows: [row] };
      }
    }
  }
  if (group !== undefined) yield group;
}

interface Head {
  readonly rest: AsyncGenerator<Group>;
  group: Group;
}

function smallest(heads: readonly Head[]): Head | undefined {
  let least = heads[0];
  for (const head of heads) if (least !== undefined && compareKeys(head.group.key, least.group.key) < 0) least = head;
  return least;
}

/**
 * Rows of a table over all its files in key order, grouped by the key columns. Each file is in key order, so they are
 * merged as they stream: no more than a few rows of each are in memory.
 */
export async function* tableGroups(session: Session, request: GroupRequest): AsyncGenerator<Group> {
  const heads: Head[] = [];
  for (const file of request.files) {
    const rest = fileGroups(session, file, request);
    const first = await rest.next();
    if (first.done !== true) heads.push({ rest, group: first.value });
  }
  for (let head = smallest(heads); head !== undefined; head = smallest(heads)) {
    yield head.group;
    const next = await head.rest.next();
    if (next.done === true) heads.splice(heads.indexOf(head), 1);
    else head.group = next.value;
  }
}

/** Walks groups in key order beside another walk: gives the rows of a key, and forgets what lies before it. */
export class Follower {
  readonly #groups: AsyncGenerator<Group>;
  #next: Group | undefined;
  #done = false;

  constructor(groups: AsyncGenerator<Group>) {
    this.#groups = groups;
  }

  /** Rows of a key that is not before any key asked for until now; none when there are none. */
  async at(key: Key): Promise<Row[]> {
    for (;;) {
      if (this.#next === undefined && !this.#done) {
        const result = await this.#groups.next();
        this.#done = result.done === true;
        this.#next = result.done === true ? undefined : result.value;
      }
      if (this.#next === undefined) return [];
      const order = compareKeys(this.#next.key, key);
      if (order > 0) return [];
      const { rows } = this.#next;
      this.#next = undefined;
      if (order === 0) return rows;
    }
  }
}
