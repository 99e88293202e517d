import { elementType } from "../../flatten/value.js";
import { parsePointer } from "../../json/pointer.js";
import type { Column } from "../../plan/plan.js";
import { CELL_TYPES, quoteLiteral } from "./types.js";

interface Node {
  readonly children: Map<string, Node>;
  column?: Column;
}

/** `json_transform` of a text: the structure argument, and where in the result each column stands (1-based positions). */
export interface Structure {
  readonly literal: string;
  readonly positions: ReadonlyMap<number, readonly number[]>;
}

/** DuckDB's JSON functions know TIMESTAMPTZ by this name only. */
function structureType(column: Column): string {
  const element = elementType(column.type);
  const spelled = (type: keyof typeof CELL_TYPES): string =>
    CELL_TYPES[type].replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ");
  return element === undefined ? JSON.stringify(spelled(column.type)) : `[${JSON.stringify(spelled(element))}]`;
}

function print(node: Node): string {
  if (node.column !== undefined) return structureType(node.column);
  return `{${[...node.children].map(([key, child]) => `${JSON.stringify(key)}:${print(child)}`).join(",")}}`;
}

function locate(node: Node, at: readonly number[], positions: Map<number, readonly number[]>): void {
  if (node.column !== undefined) positions.set(node.column.id, at);
  for (const [i, child] of [...node.children.values()].entries()) locate(child, [...at, i + 1], positions);
}

/** The structure that reads columns out of a text. Fields are taken by position, so case twins stay apart. */
export function compileStructure(columns: readonly Column[]): Structure {
  const root: Node = { children: new Map() };
  for (const column of columns) {
    const path = parsePointer(column.path ?? "");
    // DuckDB's texts cannot spell such a key; rows that have it are care rows.
    if (path.some((key) => !key.isWellFormed() || key.includes("\0"))) continue;
    let node = root;
    for (const key of path) {
      const child = node.children.get(key) ?? { children: new Map() };
      node.children.set(key, child);
      node = child;
    }
    node.column = column;
  }
  const positions = new Map<number, readonly number[]>();
  locate(root, [], positions);
  return { literal: quoteLiteral(print(root)), positions };
}

/** The cell of a column in the result of its structure. */
export function fieldOf(structure: Structure, column: Column, result: string): string {
  const at = structure.positions.get(column.id);
  if (at === undefined) return `NULL::${CELL_TYPES[column.type]}`;
  return at.reduce((inner, position) => `struct_extract_at(${inner}, ${position})`, result);
}
