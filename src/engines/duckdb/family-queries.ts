import type { BlobName } from "../../blob.js";
import { SNAPSHOT } from "../../flatten/flatten.js";
import type { RecordShape, ShapeFamily } from "../../flatten/shape.js";
import { formatPointer } from "../../json/pointer.js";
import type { Table } from "../../plan/plan.js";
import { type BlobSql, cast, cellOf, structName } from "./blob-sql.js";
import type { ProvenMember } from "./prove.js";
import { columnField, columnValue, compileStructure } from "./structure.js";
import { CELL_TYPES, quoteIdentifier, quoteLiteral } from "./types.js";

export interface Relations {
  readonly source: string;
  /** Relation of computed cells by run key, or undefined when the kind has none. */
  readonly facts: { readonly name: string; readonly columns: ReadonlySet<string> } | undefined;
}

function memberValues(family: ShapeFamily): { cells: Map<string, string>; expression: string } {
  const structure = compileStructure(family.rule.values.map(columnField));
  const cells = family.rule.values.map((column, place): [string, string] => [
    column.name,
    columnValue(structure, place, column, 'm."$cell"'),
  ]);
  return { cells: new Map(cells), expression: `json_transform(m."$item", ${structure.literal})` };
}

/** Rows of one rule of a family table: its members are unnested and joined to the keys that the profile gave them. */
function memberQuery(
  table: Table,
  blob: BlobSql,
  members: readonly ProvenMember[],
  care: string,
  relations: Relations,
): string {
  const family = members[0]?.family as ShapeFamily;
  const groups = [...(members[0]?.keys.keys() ?? [])];
  const pointers = members.map((member) => quoteLiteral(formatPointer(member.path)));
  const names = members.map(
    (member, i) => `(${[i + 1, ...groups.map((name) => quoteLiteral(member.keys.get(name) ?? ""))].join(", ")})`,
  );
  const { cells, expression } = memberValues(family);
  const sharedBlob = new Map([[blob.proof.blob, blob]]);
  const snapshot = blob.proof.blob === "system_metrics";
  const select = table.columns.map((column) => {
    const type = CELL_TYPES[column.type];
    const name = quoteIdentifier(column.name);
    const value = cells.get(column.name);
    if (value !== undefined) return `${cast(value, type)} AS ${name}`;
    if (groups.includes(column.name)) return `${cast(`k.${name}`, type)} AS ${name}`;
    if (column.name === "ordinal" && snapshot) return `${cast(String(SNAPSHOT), type)} AS ${name}`;
    if (["entity", "project", "run_id", "step", "ordinal"].includes(column.name))
      return `${cast(`m.${name}`, type)} AS ${name}`;
    if (table.key.includes(column.name)) return `'' AS ${name}`;
    if (column.blob === blob.proof.blob) return `${cellOf(column, table, sharedBlob, new Set(), "m")} AS ${name}`;
    return `NULL::${type} AS ${name}`;
  });
  const residuals = table.residuals.map((item) => `NULL::VARCHAR AS ${quoteIdentifier(item.name)}`);
  const { text } = blob;
  const shared =
    blob.structure.positions.length > 0
      ? `, json_transform(${text}, ${blob.structure.literal}) AS ${structName(blob.proof.blob)}`
      : "";
  const rows = `SELECT *${shared}, unnest(json_extract(${text}, [${pointers.join(", ")}])) AS "$item", unnest(range(1, ${members.length + 1})) AS "$member" FROM ${relations.source} WHERE NOT (${care}) AND ${quoteIdentifier(blob.proof.blob)} IS NOT NULL`;
  const filled = `SELECT *, ${expression} AS "$cell" FROM (${rows}) m WHERE m."$item" IS NOT NULL`;
  const keyNames = ['"$member"', ...groups.map(quoteIdentifier)].join(", ");
  return `SELECT ${[...select, ...residuals].join(", ")} FROM (${filled}) m JOIN (VALUES ${names.join(", ")}) k(${keyNames}) ON k."$member" = m."$member"`;
}

export function familyQueries(
  shape: RecordShape,
  blobs: ReadonlyMap<BlobName, BlobSql>,
  care: string,
  relations: Relations,
): Map<string, string[]> {
  const queries = new Map<string, string[]>();
  for (const table of shape.familyTables) queries.set(table.name, []);
  for (const blob of blobs.values()) {
    const rules = new Map<ShapeFamily, ProvenMember[]>();
    for (const member of blob.proof.members) {
      const known = rules.get(member.family);
      if (known === undefined) rules.set(member.family, [member]);
      else known.push(member);
    }
    for (const [family, members] of rules) {
      queries.get(family.table.name)?.push(memberQuery(family.table, blob, members, care, relations));
    }
  }
  return queries;
}
