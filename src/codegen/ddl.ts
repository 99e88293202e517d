import type { StructColumn } from "../plan/history-form.js";
import type { Column, LogicalType, Plan, Residual, Table } from "../plan/plan.js";
import { headerText } from "./header.js";
import { jsonEscape } from "./json-escape.js";

/** What the DDL of one database needs to know of it. */
export interface Dialect {
  /** As people write it: `DuckDB`. */
  readonly title: string;
  readonly types: Readonly<Record<LogicalType, string>>;
  readonly quoteIdentifier: (name: string) => string;
  readonly quoteLiteral: (text: string) => string;
}

/** A text that any database takes as a comment: U+0000 and lone surrogates become the visible escapes of JSON. */
function commentText(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, jsonEscape);
}

const sentence = (text: string): string => (/[.!?]$/.test(text) || text === "" ? text : `${text}.`);

/** The comment of a column: what it means, its unit, the blob and JSON Pointer it comes from. */
export function columnComment(column: Column): string {
  const parts = [
    sentence(column.description.trim()),
    column.unit === undefined ? "" : `Unit: ${column.unit}.`,
    column.blob === undefined ? "" : `From ${column.blob} ${column.path === "" ? "(the member itself)" : column.path}.`,
  ];
  return commentText(parts.filter((part) => part !== "").join(" "));
}

/** The comment of a residual column, whose type is string: a record that is no JSON is kept there as it came. */
export function residualComment({ blob }: Residual): string {
  return `What no column holds of the ${blob} blob, as JSON text; NULL when nothing is left.`;
}

/** A column of a table or its residual, as a database needs to know it. */
export interface Definition {
  readonly name: string;
  /** In the SQL of the dialect. */
  readonly type: string;
  readonly comment: string;
}

/** A table, or a form of one that has a struct column. */
type DefinedTable = Table & { readonly struct?: StructColumn };

type Spelling = Pick<Dialect, "types" | "quoteIdentifier">;

function structDefinition({ name, description, columns }: StructColumn, spelling: Spelling): Definition {
  const { quoteIdentifier, types } = spelling;
  const members = columns.map((column) => `${quoteIdentifier(column.name)} ${types[column.type]}`);
  const comment = `${sentence(description)} The table columns says what each is.`;
  return { name, type: `STRUCT(${members.join(", ")})`, comment };
}

/** The columns of a table and its residuals, in order. */
export function definitions({ columns, struct, residuals }: DefinedTable, spelling: Spelling): Definition[] {
  const { types } = spelling;
  return [
    ...columns.map((column) => ({ name: column.name, type: types[column.type], comment: columnComment(column) })),
    ...(struct === undefined ? [] : [structDefinition(struct, spelling)]),
    ...residuals.map((item) => ({ name: item.name, type: types.string, comment: residualComment(item) })),
  ];
}

/** The comment of a table: what its rows are. */
export const tableComment = (table: Table): string => commentText(table.description);

/** CREATE TABLE and the comments of one table; key columns are NOT NULL. */
export function tableDdl(table: DefinedTable, dialect: Dialect): string {
  const { quoteIdentifier, quoteLiteral } = dialect;
  const name = quoteIdentifier(table.name);
  const key = new Set(table.key);
  const columns = definitions(table, dialect);
  const lines = columns.map(
    (column) => `  ${quoteIdentifier(column.name)} ${column.type}${key.has(column.name) ? " NOT NULL" : ""}`,
  );
  const comments = columns
    .filter((column) => column.comment !== "")
    .map((column) => `COMMENT ON COLUMN ${name}.${quoteIdentifier(column.name)} IS ${quoteLiteral(column.comment)};\n`);
  const about = quoteLiteral(tableComment(table));
  return `CREATE TABLE ${name} (\n${lines.join(",\n")}\n);\nCOMMENT ON TABLE ${name} IS ${about};\n${comments.join("")}`;
}

/** The DDL of every table of a plan, in the order of the plan. */
export function ddl(plan: Plan, dialect: Dialect): string {
  const tables = plan.tables.map((table) => tableDdl(table, dialect));
  const header = `-- ${headerText("schemas/")}\n-- The tables in the SQL of ${dialect.title}; their comments give meaning, unit and source path.\n`;
  return `${header}\n${tables.join("\n")}`;
}
