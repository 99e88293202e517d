import { formatPointer } from "../json/pointer.js";
import type { Family } from "../plan/plan.js";
import { familyExample } from "./family-example.js";
import { codeSpan, escapeMarkdown, markdownTable, type TableColumn } from "./markdown.js";

/** One rule, and the blobs that it is applied to. */
interface Rule {
  readonly blobs: readonly string[];
  readonly family: Family;
  /** The families of the same blob that are asked first. */
  readonly earlier: readonly Family[];
}

const ruleOf = ({ path, values, description }: Family): string =>
  JSON.stringify([path, values.map(({ name, unit }) => [name, unit]), description]);

/** Families that differ only in their blob, as one rule. */
function rulesOf(families: readonly Family[]): Rule[] {
  const rules = new Map<string, Rule>();
  for (const [i, family] of families.entries()) {
    const known = rules.get(ruleOf(family));
    const earlier = families.slice(0, i).filter(({ blob }) => blob === family.blob);
    rules.set(ruleOf(family), { family, earlier, ...known, blobs: [...(known?.blobs ?? []), family.blob] });
  }
  return [...rules.values()];
}

/** The path of the members with patterns as they are, which makes it a pattern and no JSON Pointer. */
function membersOf({ family }: Rule): string {
  const segments = family.path.map((segment) =>
    typeof segment === "string" ? formatPointer([segment]).slice(1) : segment.pattern,
  );
  return segments.map((segment) => `/${segment}`).join("");
}

function keysOf({ family }: Rule): string {
  const names = family.path.flatMap((segment) =>
    typeof segment === "string" ? [] : [...segment.template.matchAll(/\{([^{}]+)\}/g)].map((found) => found[1] ?? ""),
  );
  return names.map(codeSpan).join(", ");
}

function exampleOf({ family, earlier }: Rule): string {
  const example = familyExample(family, earlier);
  if (example === undefined) return "";
  const keys = Object.entries(example.keys).map(([name, value]) => codeSpan(`${name} = ${JSON.stringify(value)}`));
  return `${codeSpan(formatPointer(example.path))} → ${keys.join(", ")}`;
}

/** The value columns; empty for a plain number or text without unit, which every table has as its last column. */
function valuesOf({ family }: Rule): string {
  const [only, ...more] = family.values;
  if (more.length === 0 && only?.unit === undefined) return "";
  const shown = family.values.map(({ name, unit }) =>
    unit === undefined ? codeSpan(name) : `${codeSpan(name)} (${escapeMarkdown(unit)})`,
  );
  return shown.join(", ");
}

const RULE_TABLE: readonly TableColumn<Rule>[] = [
  { title: "Blob", cell: (rule) => rule.blobs.map(codeSpan).join(", ") },
  { title: "Members", cell: (rule) => codeSpan(membersOf(rule)) },
  { title: "Key columns", cell: keysOf },
  { title: "Values", cell: valuesOf, optional: true },
  { title: "Description", cell: ({ family }) => escapeMarkdown(family.description ?? ""), optional: true },
  { title: "Example", cell: exampleOf, optional: true },
];

/** How the members of blobs become the rows of a family table, as Markdown. */
export function familiesText(families: readonly Family[]): string {
  const rule =
    "Every member that a pattern matches becomes a row: its named groups become key columns, and a key column that no " +
    "group fills is empty. Patterns are tried from top to bottom, and the first that matches decides.";
  return [rule, markdownTable(RULE_TABLE, rulesOf(families))].join("\n\n");
}
