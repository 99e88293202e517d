import type { BlobName } from "../blob.js";
import { formatPointer, type Path } from "../json/pointer.js";
import type { Plan } from "./plan.js";

/** What a schema records of a published column, as `x-column.id` and `x-column.name`. */
export interface PublishedColumn {
  readonly id: number;
  readonly name: string;
}

/**
 * The id and name of a declared path, for recording them in the schema so that they never move again; undefined for a
 * path that is no column of its own, such as a key, a family value or a serialized path.
 */
export function publishedColumns(plan: Plan): (blob: BlobName, path: Path) => PublishedColumn | undefined {
  const found = new Map<string, PublishedColumn>();
  for (const table of plan.tables) {
    const values = new Set(table.families.flatMap((family) => family.values.map((column) => column.id)));
    for (const { id, name, blob, path, computed } of table.columns) {
      if (blob === undefined || path === undefined || computed === true || values.has(id)) continue;
      found.set(`${blob} ${path}`, { id, name });
    }
  }
  return (blob, path) => found.get(`${blob} ${formatPointer(path)}`);
}
