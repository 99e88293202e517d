import type { Column, Plan, Serialized, SerializedReason, Table } from "../plan/plan.js";
import { familiesText } from "./families.js";
import { headerText } from "./header.js";
import { codeSpan, escapeMarkdown, markdownTable, type TableColumn } from "./markdown.js";
import { type ColumnGroup, type Section, sectionsOf } from "./sections.js";

/** Why a declared path is no column, as a sentence for readers. */
const REASONS: Readonly<Record<SerializedReason, string>> = {
  "type-conflict": "Its values have types that no one column holds.",
  "object-map": "An object whose keys are data or whose members are not described.",
  "nested-too-deep": "It nests too deep.",
  "array-of-objects": "A list of objects.",
  "typed-value": "An object of W&B with a `_type`, such as an image or a histogram.",
  "null-only": "It was never seen with a value.",
  "too-sparse": "Too few runs have it.",
  "over-budget": "The table has as many columns as it may.",
  "duplicate-of": "Another column has the same value.",
  denied: "The schema keeps it out.",
  undeclared: "No schema declares it.",
  sensitive: "It may hold personal data.",
  empty: "Always an empty object or list.",
};

const LABELS: Readonly<Partial<Record<Section["label"], string>>> = { key: "Key", computed: "Computed" };

/** An anchor that no other place has: characters that links may not have become their code points. */
const anchor = (...parts: readonly string[]): string =>
  parts.map((part) => part.replace(/[^A-Za-z0-9_]/gu, (found) => `.${found.codePointAt(0)?.toString(16)}`)).join("-");

const count = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

const columnsIn = (section: Section): number =>
  section.groups.reduce((sum, group) => sum + group.columns.length, 0) + section.residuals.length;

const sizeOf = (table: Table): number => table.columns.length + table.residuals.length;

/** What stands below a description in small print: who writes the value, until when, former names. */
function notes(column: Column): string[] {
  const was = column.was ?? [];
  return [
    column.source === undefined ? "" : `Source: ${escapeMarkdown(column.source)}.`,
    column.until === undefined ? "" : `Until ${escapeMarkdown(column.until)}.`,
    column.zone === undefined ? "" : "Without a zone it is UTC.",
    column.sensitive === true ? "Sensitive." : "",
    was.length === 0 ? "" : `Formerly ${was.map(codeSpan).join(", ")}.`,
  ].filter((note) => note !== "");
}

function description(column: Column): string {
  const about = escapeMarkdown(column.description);
  const small = notes(column).join(" ");
  return [about, small === "" ? "" : `<sub>${small}</sub>`].filter((part) => part !== "").join("<br>");
}

function sourcePath(column: Column): string {
  if (column.blob === undefined) return column.computed === true ? "computed" : "key";
  return column.path === "" ? "the member" : codeSpan(`${column.blob} ${column.path}`);
}

const COLUMN_TABLE: readonly TableColumn<Column>[] = [
  { title: "Column", cell: (column) => codeSpan(column.name) },
  { title: "Type", cell: (column) => codeSpan(column.type) },
  { title: "Unit", cell: (column) => escapeMarkdown(column.unit ?? ""), optional: true },
  { title: "Description", cell: description },
  { title: "Source path", cell: sourcePath },
  { title: "Since", cell: (column) => escapeMarkdown(column.since ?? ""), optional: true },
];

const SERIALIZED_TABLE: readonly TableColumn<Serialized>[] = [
  { title: "Path", cell: (item) => codeSpan(`${item.blob} ${item.path}`) },
  { title: "Reason", cell: (item) => codeSpan(item.reason) },
  { title: "Detail", cell: (item) => (item.detail === undefined ? "" : codeSpan(item.detail)), optional: true },
  { title: "Description", cell: (item) => escapeMarkdown(item.description ?? ""), optional: true },
];

function groupText(table: Table, section: Section, group: ColumnGroup): string {
  const columns = markdownTable(COLUMN_TABLE, group.columns);
  if (group.prefix === "") return columns;
  const heading = `#### ${codeSpan(group.prefix)} (${count(group.columns.length, "column")})`;
  return [`<a id="${anchor(table.name, section.label, group.prefix)}"></a>`, heading, columns].join("\n\n");
}

function residualText(section: Section): string[] {
  return section.residuals.map(
    ({ name, blob }) =>
      `${codeSpan(name)} (${codeSpan("string")}, JSON text) keeps what no column holds of ${codeSpan(blob)}.`,
  );
}

function serializedText(section: Section): string[] {
  if (section.serialized.length === 0) return [];
  return [`Declared, and left in the residual:`, markdownTable(SERIALIZED_TABLE, section.serialized)];
}

function sectionText(table: Table, section: Section): string {
  const title = LABELS[section.label] ?? codeSpan(section.label);
  const heading = [`<a id="${anchor(table.name, section.label)}"></a>`, `### ${codeSpan(table.name)}: ${title}`];
  return [
    ...(section.label === "all" ? [] : heading),
    ...section.groups.map((group) => groupText(table, section, group)),
    ...residualText(section),
    ...serializedText(section),
  ].join("\n\n");
}

function familiesPart(table: Table): string[] {
  if (table.families.length === 0) return [];
  const place = `<a id="${anchor(table.name, "families")}"></a>`;
  return [place, `### ${codeSpan(table.name)}: where rows come from`, familiesText(table.families)];
}

function tableText(table: Table, plan: Plan): string {
  const key = table.key.map(codeSpan).join(", ");
  return [
    `<a id="${anchor(table.name)}"></a>`,
    `## ${codeSpan(table.name)}`,
    escapeMarkdown(table.description),
    `${count(sizeOf(table), "column")}. ${key === "" ? "It has no key." : `Key: ${key}.`}`,
    ...familiesPart(table),
    ...sectionsOf(table, plan).map((section) => sectionText(table, section)),
  ].join("\n\n");
}

function sectionContents(table: Table, section: Section): string[] {
  if (section.label === "all") return [];
  const title = LABELS[section.label]?.toLowerCase() ?? codeSpan(section.label);
  const left = section.serialized.length === 0 ? "" : `, ${count(section.serialized.length, "path")} serialized`;
  const groups = section.groups
    .filter(({ prefix }) => prefix !== "")
    .map(({ prefix, columns }) => {
      const target = anchor(table.name, section.label, prefix);
      return `    - [${codeSpan(prefix)}](#${target}): ${columns.length}`;
    });
  return [`  - [${title}](#${anchor(table.name, section.label)}): ${columnsIn(section)}${left}`, ...groups];
}

function contents(plan: Plan): string {
  const lines = plan.tables.flatMap((table) => [
    `- [${codeSpan(table.name)}](#${anchor(table.name)}): ${count(sizeOf(table), "column")}`,
    ...(table.families.length === 0 ? [] : [`  - [where rows come from](#${anchor(table.name, "families")})`]),
    ...sectionsOf(table, plan).flatMap((section) => sectionContents(table, section)),
  ]);
  return lines.join("\n");
}

function reasonsText(plan: Plan): string[] {
  const used = new Set(plan.serialized.map((item) => item.reason));
  const rows = (Object.keys(REASONS) as SerializedReason[]).filter((reason) => used.has(reason));
  if (rows.length === 0) return [];
  const table = markdownTable(
    [
      { title: "Reason", cell: (reason) => codeSpan(reason) },
      { title: "Why it is no column", cell: (reason) => REASONS[reason] },
    ],
    rows,
  );
  return ['<a id="reasons"></a>', "## Reasons", table];
}

function retiredText(plan: Plan): string[] {
  if (plan.retired.length === 0) return [];
  const table = markdownTable(
    [
      { title: "Table", cell: (item) => codeSpan(item.table) },
      { title: "Column", cell: (item) => codeSpan(item.name) },
      { title: "Id", cell: (item) => String(item.id) },
    ],
    plan.retired,
  );
  return ['<a id="retired"></a>', "## Retired columns", "These names and ids are never given again.", table];
}

/** The data dictionary of a plan, `columns.md`: GitHub's Markdown, the same bytes for the same plan. */
export function columnsMarkdown(plan: Plan): string {
  const columns = plan.tables.reduce((sum, table) => sum + sizeOf(table), 0);
  const parts = [
    `<!-- ${headerText("schemas/")} -->`,
    "# Columns",
    `What every column means and where it comes from: ${count(plan.tables.length, "table")}, ${count(columns, "column")}. ` +
      "A source path is a blob and a JSON Pointer (RFC 6901) inside it.",
    contents(plan),
    ...plan.tables.map((table) => tableText(table, plan)),
    ...reasonsText(plan),
    ...retiredText(plan),
  ];
  return `${parts.join("\n\n")}\n`;
}
