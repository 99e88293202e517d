import { writeRows } from "../engines/duckdb/care.js";
import {
  dropTemporary,
  emptyQuery,
  type FlattenResult,
  flattenWithDuckdb,
  segmentRelation,
} from "../engines/duckdb/flatten.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier } from "../engines/duckdb/types.js";
import type { Row } from "../flatten/flatten.js";
import { shapeRecord } from "../flatten/shape.js";
import type { Value } from "../flatten/value.js";
import { dictionaryRows } from "../plan/dictionary.js";
import { type Plan, type Table, tableOf } from "../plan/plan.js";
import { copyToParquet } from "../sinks/parquet.js";
import type { RawStore } from "../store/raw-store.js";
import type { Environment } from "./environment.js";
import { partFile } from "./part-files.js";
import { type PartDraft, partRuns } from "./parts.js";
import { partInput } from "./raw-input.js";
import { runFacts } from "./run-facts.js";
import type { Staging } from "./staging.js";
import type { Part } from "./tables-manifest.js";

/** Tables that part 0 writes even when they have no rows, so that every table has at least one file. */
function tablesOfPart(plan: Plan, kind: Part["kind"], result: FlattenResult): Table[] {
  if (kind === "run") return plan.tables.filter((table) => table.kind !== "columns");
  return [...result.queries.keys()].map((name) => tableOf(plan, name));
}

/** Flattens one part into staged files, one for each table it has rows in. */
export async function writePart(
  session: Session,
  store: RawStore,
  plan: Plan,
  draft: PartDraft,
  staging: Staging,
  files: Pick<Environment["files"], "readFile">,
): Promise<Part> {
  const input = await partInput(session, store, draft, files);
  const facts = draft.kind === "run" ? store.runs().map(runFacts) : [];
  const shape = shapeRecord(plan, draft.kind);
  const name = `part_${draft.id}_`;
  const job = {
    shape,
    misfits: tableOf(plan, "misfits"),
    facts,
    name,
    ...input,
    source: segmentRelation(draft.kind, input.files, input.joined),
  };
  const result = await flattenWithDuckdb(session, job);
  const written: Part["files"] = [];
  for (const table of tablesOfPart(plan, draft.kind, result)) {
    const query = result.queries.get(table.name);
    if (draft.kind !== "run" && (query === undefined || !result.filled.has(table.name))) continue;
    const file = partFile(table, draft.id);
    const copy = copyToParquet(table, query ?? emptyQuery(table), await staging.place(file), {
      keepNegativeZero: result.negativeZero,
    });
    const [[rows] = []] = await session.rows(copy);
    written.push({ table: table.name, file, rows: Number(rows) });
  }
  await dropTemporary(session, name);
  const { careRecords, findings } = result;
  return {
    id: draft.id,
    kind: draft.kind,
    runs: partRuns(draft),
    files: written,
    careRecords,
    findings: [...findings],
  };
}

/** Stages the data dictionary; gives its number of rows. */
export async function writeDictionary(session: Session, plan: Plan, staging: Staging): Promise<number> {
  const table = plan.tables.find((item) => item.kind === "columns");
  if (table === undefined) return 0;
  const fields = table.columns.map((column) => ({ name: column.name, type: column.type }));
  const rows = dictionaryRows(plan).map((entry): Row => {
    const cells = Object.entries(entry).map(([key, value]): [string, Value] => [
      key,
      typeof value === "number" ? BigInt(value) : (value ?? null),
    ]);
    return new Map(cells);
  });
  await writeRows(session, "dictionary", fields, rows);
  const names = fields.map((field) => quoteIdentifier(field.name)).join(", ");
  const place = await staging.place(partFile(table, 0));
  await session.run(copyToParquet(table, `SELECT ${names} FROM dictionary`, place, { keepNegativeZero: false }));
  return rows.length;
}
