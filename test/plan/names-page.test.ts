import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatPointer } from "../../src/json/pointer.js";

interface Named {
  readonly blob: string;
  readonly path: readonly string[];
  readonly published?: string;
  readonly snake: string;
  readonly verbatim: string;
}
interface Golden {
  readonly alone: readonly Named[];
  readonly together: readonly { readonly paths: readonly Named[] }[];
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const golden: Golden = JSON.parse(read("names.golden.json"));
const rowOf = (row: Named): string[] => [row.blob, formatPointer(row.path), row.snake, row.verbatim];

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim().replace(/^`|`$/g, ""));

/** Tables of the page as lists of rows of cells, without their backticks and without the head. */
const tables = read("../../docs/names.md")
  .split(/\n(?!\|)/)
  .filter((block) => /\n\| ?-+ ?\|/.test(block))
  .map((block) => block.split("\n").filter((line) => line.startsWith("| `")))
  .map((lines) => lines.map(cellsOf));

describe("docs/names.md says what the golden table says", () => {
  const alone = tables.filter((rows) => rows[0]?.length === 4).flat();
  const together = tables.filter((rows) => rows[0]?.length === 5);

  test("of single paths", () => {
    expect(alone.length).toBeGreaterThan(20);
    const known = golden.alone.map(rowOf);
    for (const row of alone) expect(known).toContainEqual(row);
  });

  test("of collisions", () => {
    expect(together.length).toBe(3);
    const known = golden.together.map((group) =>
      group.paths.map((row) => [row.blob, formatPointer(row.path), row.published ?? "", row.snake, row.verbatim]),
    );
    for (const rows of together) expect(known).toContainEqual(rows);
  });
});
