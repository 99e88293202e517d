import { elementType } from "../../flatten/value.js";
import { parsePointer } from "../../json/pointer.js";
import type { Column } from "../../plan/plan.js";
import { CELL_TYPES, quoteLiteral } from "./types.js";

/** A value that a structure reads out of a text. */
export interface Field {
  readonly path: readonly string[];
  /** As DuckDB's JSON functions spell types, such as `DOUBLE` or `["DOUBLE"]`. */
  readonly type: unknown;
}

interface Node {
  readonly children: Map<string, Node>;
  /** The index of the field that ends here. */
  field?: { readonly index: number; readonly type: unknown };
}

/** `json_transform` of a text: the structure argument, and where in the result each field stands (1-based positions). */
export interface Structure {
  readonly literal: string;
  /** Undefined for a field that DuckDB's texts cannot spell; rows that have it are care rows. */
  readonly positions: readonly (readonly number[] | undefined)[];
}

const DECIMAL = "DECIMAL(38,0)";
/**
 * What the text of a decimal becomes first: DuckDB takes sixty microseconds to make a DECIMAL of a text, and one by this
 * way, which gives the same for every integer of 38 digits.
 */
const WIDE_INTEGER = "HUGEINT";

/** The type by which a column is read. DuckDB's JSON functions know TIMESTAMPTZ by this name only. */
function readType(type: string): string {
  return type === DECIMAL ? "VARCHAR" : type.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ");
}

/** The field that reads a column. */
export function columnField(column: Column): Field {
  const element = elementType(column.type);
  const type = element === undefined ? readType(CELL_TYPES[column.type]) : [readType(CELL_TYPES[element])];
  return { path: parsePointer(column.path ?? ""), type };
}

function print(node: Node): unknown {
  return node.field === undefined
    ? `{${[...node.children].map(([key, child]) => `${JSON.stringify(key)}:${print(child)}`).join(",")}}`
    : JSON.stringify(node.field.type);
}

function locate(node: Node, at: readonly number[], positions: (readonly number[] | undefined)[]): void {
  if (node.field !== undefined) positions[node.field.index] = at;
  for (const [i, child] of [...node.children.values()].entries()) locate(child, [...at, i + 1], positions);
}

/** The structure that reads fields out of a text. They are taken by position, so case twins stay apart. */
export function compileStructure(fields: readonly Field[]): Structure {
  const root: Node = { children: new Map() };
  for (const [index, { path, type }] of fields.entries()) {
    if (path.some((key) => !key.isWellFormed() || key.includes("\0"))) continue;
    let node = root;
    for (const key of path) {
      const child = node.children.get(key) ?? { children: new Map() };
      node.children.set(key, child);
      node = child;
    }
    node.field = { index, type };
  }
  const positions = new Array<readonly number[] | undefined>(fields.length).fill(undefined);
  locate(root, [], positions);
  return { literal: quoteLiteral(String(print(root))), positions };
}

/** A field in the result of its structure; undefined where it is in no text. */
export function fieldOf({ positions }: Structure, index: number, result: string): string | undefined {
  return positions[index]?.reduce((inner, position) => `struct_extract_at(${inner}, ${position})`, result);
}

/** The value of a column in the result of its structure, to be cast to the column's type; NULL where it is in no text. */
export function columnValue(structure: Structure, index: number | undefined, column: Column, result: string): string {
  const type = CELL_TYPES[column.type];
  const field = index === undefined ? undefined : fieldOf(structure, index, result);
  if (field === undefined) return `NULL::${type}`;
  return type.startsWith(DECIMAL) ? `CAST(${field} AS ${type.replace(DECIMAL, WIDE_INTEGER)})` : field;
}
