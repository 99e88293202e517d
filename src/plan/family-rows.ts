import { SchemaError } from "../errors.js";
import type { FamilyDraft } from "./walk.js";

/** The path of the members with groups in place of patterns, such as `eval / {task}`. */
export function pathTemplate(family: FamilyDraft): string {
  return family.path.map((part) => (typeof part === "string" ? part : part.template)).join(" / ");
}

/** Whether two families give their members the same names; a literal key is no template. */
function haveOneTemplate(a: FamilyDraft, b: FamilyDraft): boolean {
  const parts = ({ path }: FamilyDraft): string =>
    JSON.stringify(path.map((part) => (typeof part === "string" ? part : { template: part.template })));
  return parts(a) === parts(b);
}

const hasAllGroups = (of: FamilyDraft, inside: FamilyDraft): boolean =>
  of.groups.every((group) => inside.groups.includes(group));

function refuse(table: string, first: FamilyDraft, second: FamilyDraft, next: string): never {
  const [a, b] = [first, second].map((family) => `${pathTemplate(family)} of ${family.blob}`);
  throw new SchemaError("schema/family-table", `Rows of ${b} and of ${a} in ${table} cannot be told apart.`, {
    where: second.patternWhere,
    next,
  });
}

function refusePair(table: string, first: FamilyDraft, second: FamilyDraft): void {
  if (first.blob !== second.blob) {
    if (!hasAllGroups(first, second) && !hasAllGroups(second, first)) return;
    const next = "Give it a table of its own, or give each of the two a key that the other lacks.";
    refuse(table, first, second, next);
  }
  const sameKeys = hasAllGroups(first, second) && hasAllGroups(second, first);
  if (!sameKeys || haveOneTemplate(first, second)) return;
  refuse(table, first, second, "Give it a table of its own, or a key that tells them apart.");
}

/**
 * Makes sure that a row of a table tells which family it is of, so that it gives its member back and no two rows have one
 * key. What a row has for that are the keys that its groups fill, none of which is empty. Families of one blob need
 * other groups or the same template; families of two blobs each need a group that the other lacks. The stream and the
 * snapshot of `system_metrics`, which the ordinal tells apart, are not compared.
 * @throws SchemaError `schema/family-table` at the second pattern of the first pair that could be mixed up.
 */
export function refuseMixedRows(table: string, families: readonly FamilyDraft[]): void {
  for (const [i, second] of families.entries()) {
    for (const first of families.slice(0, i)) {
      const isOrdinalApart = table === "system_metrics" && first.blob !== second.blob;
      if (!isOrdinalApart) refusePair(table, first, second);
    }
  }
}
