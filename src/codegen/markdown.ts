import { jsonEscape } from "./json-escape.js";

/** What no renderer shows, or what steers a terminal or turns the text around it. */
const HIDDEN = /[\p{Cc}\p{Surrogate}\p{Bidi_Control}\u2028\u2029]/gu;

/** Hidden characters as JSON escapes; runs of white space as one space. */
function visible(text: string): string {
  return text.replace(/\s+/g, " ").replace(HIDDEN, jsonEscape);
}

/**
 * A text as an inline code span of GitHub's Markdown, shown as it is. White space in it is shown as single spaces,
 * except that a key with other white space is shown as a JSON string. https://github.github.com/gfm/#code-spans
 */
export function codeSpan(text: string): string {
  const shown = /[\t\n\r]/.test(text) ? JSON.stringify(text).replace(HIDDEN, jsonEscape) : visible(text);
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${fence}${space}${shown === "" ? " " : shown}${space}${fence}`;
}

const SPECIAL = /[\\`*[\]<~$]|&(?=#?\w+;)|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

/** A text as Markdown that reads as the text. Spans between single backticks stay code; everything else is escaped. */
export function escapeMarkdown(text: string): string {
  const parts = visible(text.trim()).split(/(`[^`]+`)/);
  return parts.map((part, i) => (i % 2 === 1 ? part : part.replace(SPECIAL, "\\$&"))).join("");
}

/** The cell of a table: a bar would end it, even inside code. */
function cell(markdown: string): string {
  return markdown.replaceAll("|", "\\|");
}

/** A column of a Markdown table. */
export interface TableColumn<Row> {
  readonly title: string;
  /** The cell of a row, as Markdown. */
  readonly cell: (row: Row) => string;
  /** Left out when it is empty in every row. */
  readonly optional?: boolean;
}

/** A Markdown table with a line for each row; without rows the empty string. */
export function markdownTable<Row>(columns: readonly TableColumn<Row>[], rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const shown = columns.filter((column) => column.optional !== true || rows.some((row) => column.cell(row) !== ""));
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [
    line(shown.map((column) => column.title)),
    line(shown.map(() => "---")),
    ...rows.map((row) => line(shown.map((column) => column.cell(row)))),
  ].join("\n");
}
