import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../cli/cli.js";

/** A fenced block of a document. */
export interface Block {
  /** What stands behind the fence: `sql`, `console`, …; empty for none. */
  readonly language: string;
  readonly text: string;
  /** Line of its opening fence, from 1. */
  readonly line: number;
  /** The file that it shows, when a paragraph before it is nothing but a path in backticks. */
  readonly file: string | undefined;
}

/** What stands under one heading, up to the next. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
  /** The cells of its Markdown table, heading first; empty when it has none. */
  readonly table: readonly (readonly string[])[];
}

const unescaped = (cell: string): string =>
  cell
    .trim()
    .replace(/^`(.*)`$/, "$1")
    .replaceAll("\\|", "|");

function cellsOf(line: string): string[] {
  return line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map(unescaped);
}

/** Takes a Markdown document of this repository apart. @throws Error when it is not there or a fence is not closed. */
export function sectionsOf(file: string): Section[] {
  const sections: { title: string; blocks: Block[]; table: string[][] }[] = [{ title: "", blocks: [], table: [] }];
  let open: { language: string; lines: string[]; line: number; file: string | undefined } | undefined;
  let last = "";
  const lines = readFileSync(join(REPOSITORY, file), "utf8").split("\n");
  for (const [i, line] of lines.entries()) {
    const current = sections.at(-1) ?? { title: "", blocks: [], table: [] };
    const fence = /^```(.*)$/.exec(line);
    if (open !== undefined && fence !== null) {
      const { lines: text, ...rest } = open;
      current.blocks.push({ ...rest, text: `${text.join("\n")}\n` });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
    else if (fence !== null) {
      const file = /^`([^`\s]+)`:?$/.exec(last)?.[1];
      open = { language: fence[1] ?? "", lines: [], line: i + 1, file };
    } else if (/^#+ /.test(line)) sections.push({ title: line.replace(/^#+ /, ""), blocks: [], table: [] });
    else if (/^\|.*\|$/.test(line) && !/^\|[ :|-]+\|$/.test(line)) current.table.push(cellsOf(line));
    if (line !== "") last = line;
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block is not closed`);
  return sections;
}

/** Every block of a document in some languages, in order. */
export function blocksOf(file: string, ...languages: readonly string[]): Block[] {
  return sectionsOf(file)
    .flatMap(({ blocks }) => blocks)
    .filter(({ language }) => languages.includes(language));
}
