import { join } from "node:path";
import { quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import { literalPath } from "../parquet-path.js";
import { partitionValues } from "./partitions.js";

interface Group {
  readonly values: ReadonlyMap<string, string>;
  readonly paths: string[];
}

/** Neighbours that are of one partition, in the order of the list. */
function groupsOf(dir: string, files: readonly string[]): Group[] {
  const groups: Group[] = [];
  let before: string | undefined;
  for (const file of files) {
    const values = partitionValues(file);
    const text = JSON.stringify([...values]);
    if (text !== before) groups.push({ values, paths: [] });
    before = text;
    groups.at(-1)?.paths.push(join(dir, file));
  }
  return groups;
}

/**
 * The relation of the rows of some files of one table, in their order: the columns that are in the files, and those
 * whose values are in the names of folders. Members of a struct column are columns of their own.
 * @param files relative to the tables folder `dir`; at least one.
 * @param struct the name of the struct column; undefined when the table has none.
 */
export function partRelation(dir: string, files: readonly string[], struct?: string): string {
  const queries = groupsOf(dir, files).map(({ values, paths }) => {
    const list = paths.map((path) => quoteLiteral(literalPath(path))).join(", ");
    const more = [...values].map(([name, value]) => `, ${quoteLiteral(value)} AS ${quoteIdentifier(name)}`).join("");
    return `SELECT *${more} FROM read_parquet([${list}], hive_partitioning = false)`;
  });
  const rows = `(${queries.join(" UNION ALL BY NAME ")})`;
  if (struct === undefined) return rows;
  const name = quoteIdentifier(struct);
  return `(SELECT * EXCLUDE (${name}), ${name}.* FROM ${rows} rows$)`;
}
